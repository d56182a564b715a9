// The stock socket.io-client of several versions, driven by lines of JSON:
//   {"do":"connect","url":…,"headers":{…},"version":4|3|2,"transports":[…]}
//   {"do":"ask","event":…,"data":…}   {"do":"emit","event":…,"data":…}   {"do":"transport"}   {"do":"close"}
// It reports {"done":…} for each command, {"event":…,"args":[…]} for every event and {"lifecycle":…} for its connection.
import { createRequire } from "node:module";
import { report, serve } from "./lines.mjs";

const require = createRequire(import.meta.url);
const clients = { 4: "socket.io-client", 3: "socket.io-client-3", 2: "socket.io-client-2" };

let socket;

const commands = {
  async connect({ url, headers = {}, query = {}, version = 4, transports = ["websocket"] }) {
    const client = require(clients[version]);
    socket = (client.io ?? client)(url, {
      transports,
      extraHeaders: headers,
      query: { __sails_io_sdk_version: "1.2.1", ...query },
      reconnectionDelay: 100,
      reconnectionDelayMax: 1000,
      forceNew: true,
    });
    const onevent = socket.onevent;
    socket.onevent = (packet) => {
      const [event, ...args] = packet.data;
      report({ event, args });
      onevent.call(socket, packet);
    };
    socket.on("disconnect", (reason) => report({ lifecycle: "disconnect", reason }));
    await new Promise((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("connect_error", reject);
    });
    socket.on("connect", () => report({ lifecycle: "connect", id: socket.id }));
    return { id: socket.id };
  },

  async ask({ event, data }) {
    const answer = await new Promise((resolve, reject) => {
      setTimeout(() => reject(new Error(`no acknowledgement of ${event} in 8 s`)), 8000);
      socket.emit(event, data, resolve);
    });
    return { answer };
  },

  async emit({ event, data }) {
    socket.emit(event, data);
    return {};
  },

  async transport() {
    return { name: socket.io.engine.transport.name };
  },

  async close() {
    socket.close();
    return {};
  },
};

await serve(commands);
