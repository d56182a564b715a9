// The stock sails.io.js on socket.io-client 2, driven by lines of JSON:
//   {"do":"connect","url":…,"transports":[…]}   {"do":"ask","event":"get"|"post"|…,"data":{"url":…,"data":…}}   {"do":"close"}
// It reports {"done":…} for each command and {"event":"message","args":[…]} for the model's events.
import { createRequire } from "node:module";
import { report, serve } from "./lines.mjs";

const require = createRequire(import.meta.url);
const io = require("sails.io.js")(require("socket.io-client-2"));
io.sails.autoConnect = false;
io.sails.environment = "production";

let socket;

const commands = {
  async connect({ url, transports = ["websocket"] }) {
    socket = io.sails.connect(url, { transports, reconnection: false });
    socket.on("message", (...args) => report({ event: "message", args }));
    await new Promise((resolve, reject) => {
      socket.on("connect", resolve);
      socket.on("connect_error", reject);
    });
    return { id: socket._raw.id };
  },

  async ask({ event, data: { url, data } }) {
    const answer = await new Promise((resolve) => {
      socket.request({ method: event, url, data }, (body, { statusCode }) => resolve({ body, statusCode }));
    });
    return { answer };
  },

  async transport() {
    return { name: socket._raw.io.engine.transport.name };
  },

  async close() {
    socket.disconnect();
    return {};
  },
};

await serve(commands);
