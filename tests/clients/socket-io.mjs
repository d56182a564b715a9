// The stock socket.io-client, driven by lines of JSON:
//   {"do":"connect","url":…,"headers":{…}}   {"do":"ask","event":…,"data":…}   {"do":"emit","event":…,"data":…}   {"do":"close"}
// It reports {"done":…} for each command, {"event":…,"args":[…]} for every event and {"lifecycle":…} for its connection.
import { io } from "socket.io-client";
import { report, serve } from "./lines.mjs";

let socket;

const commands = {
  async connect({ url, headers = {}, query = {} }) {
    socket = io(url, {
      transports: ["websocket"],
      extraHeaders: headers,
      query: { __sails_io_sdk_version: "1.2.1", ...query },
      reconnectionDelay: 100,
      reconnectionDelayMax: 1000,
      forceNew: true,
    });
    socket.onAny((event, ...args) => report({ event, args }));
    socket.on("disconnect", (reason) => report({ lifecycle: "disconnect", reason }));
    await new Promise((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("connect_error", reject);
    });
    socket.on("connect", () => report({ lifecycle: "connect", id: socket.id }));
    return { id: socket.id };
  },

  async ask({ event, data }) {
    return { answer: await socket.timeout(8000).emitWithAck(event, data) };
  },

  async emit({ event, data }) {
    socket.emit(event, data);
    return {};
  },

  async close() {
    socket.close();
    return {};
  },
};

await serve(commands);
