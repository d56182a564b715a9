// Sockets in namespaces, with the stock clients of Socket.IO 4 and 2, driven by lines of JSON. Each socket has a name:
//   {"do":"connect","as":…,"url":…,"namespace":…,"auth":…,"with":<another socket whose connection it shares>,"version":2}
//   {"do":"ask","as":…,"event":…,"args":[…]}   {"do":"emit","as":…,"event":…,"args":[…]}   {"do":"leave","as":…}   {"do":"cut","as":…}
// It reports {"done":…} for each command, {"to":…,"event":…,"args":[…]} for every event, and
// {"to":…,"lifecycle":"disconnect","reason":…} when a socket has left.
import { createRequire } from "node:module";
import { Manager } from "socket.io-client";
import { report, serve } from "./lines.mjs";

const io2 = createRequire(import.meta.url)("socket.io-client-2");
const sockets = {};

const options = { transports: ["websocket"], reconnection: false, forceNew: true, autoConnect: false };

function open({ url, namespace = "/", auth = {}, with: other, version = 4, headers = {} }) {
  if (version === 2) {
    const manager = other ? sockets[other].io : new io2.Manager(url, options);
    return manager.socket(namespace, { query: new URLSearchParams(auth).toString() });
  }
  const manager = other ? sockets[other].io : new Manager(url, { ...options, extraHeaders: headers });
  return manager.socket(namespace, { auth });
}

const commands = {
  async connect(command) {
    const name = command.as;
    const socket = open(command);
    sockets[name] = socket;
    const entered = new Promise((resolve) => {
      socket.on("connect", () => resolve({ id: socket.id }));
      socket.on("connect_error", ({ message, data }) => resolve({ refused: { message, data } }));
      if (command.version === 2) socket.on("error", (error) => resolve({ refused: error }));
    });
    if (socket.onAny) {
      socket.onAny((event, ...args) => {
        const acknowledge = typeof args.at(-1) === "function" ? args.pop() : undefined;
        report({ to: name, event, args });
        acknowledge?.(...(command.answers ?? [name]));
      });
    } else {
      const onevent = socket.onevent;
      socket.onevent = (packet) => {
        report({ to: name, event: packet.data[0], args: packet.data.slice(1) });
        onevent.call(socket, packet);
      };
    }
    socket.on("disconnect", (reason) => report({ to: name, lifecycle: "disconnect", reason }));
    socket.connect();
    return entered;
  },

  async ask({ as, event, args = [] }) {
    const answer = await new Promise((resolve, reject) => {
      setTimeout(() => reject(new Error("no acknowledgement")), 8000).unref();
      sockets[as].emit(event, ...args, (...answer) => resolve(answer));
    });
    return { answer };
  },

  async emit({ as, event, args = [] }) {
    sockets[as].emit(event, ...args);
    return {};
  },

  async leave({ as }) {
    sockets[as].disconnect();
    return {};
  },

  // The connection breaks, for all its sockets.
  async cut({ as }) {
    sockets[as].io.engine.close();
    return {};
  },
};

await serve(commands);
