// Commands in and reports out, one JSON object a line.
import { createInterface } from "node:readline";

export const report = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

/** Runs each command that comes in by its name in `do`, until there are no more. */
export async function serve(commands) {
  for await (const line of createInterface({ input: process.stdin })) {
    const command = JSON.parse(line);
    try {
      report({ done: command.do, ...(await commands[command.do](command)) });
    } catch (error) {
      report({ done: command.do, error: String(error) });
    }
  }
  process.exit(0);
}
