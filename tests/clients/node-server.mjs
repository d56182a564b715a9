// A stock Socket.IO server on the Redis adapter, beside Regatta's instances, with clients of its own.
import { createServer } from "node:http";
import { createAdapter } from "@socket.io/redis-adapter";
import { createClient } from "redis";
import { Server } from "socket.io";
import { io as connect } from "socket.io-client";
import { serve } from "./lines.mjs";

let io;
const heard = [];

const opened = (socket) =>
  new Promise((resolve, reject) => {
    socket.on("connect", () => resolve({ id: socket.id }));
    socket.on("connect_error", reject);
  });

/** A client that answers questions with twice the number. */
const client = (url) => {
  const socket = connect(url, { transports: ["websocket"], forceNew: true });
  socket.on("question", (number, answer) => answer(number * 2));
  return opened(socket);
};

await serve({
  async start({ redis }) {
    const publisher = createClient({ url: redis });
    const subscriber = publisher.duplicate();
    await Promise.all([publisher.connect(), subscriber.connect()]);
    const http = createServer();
    io = new Server(http, { adapter: createAdapter(publisher, subscriber, { requestsTimeout: 3000 }) });
    await new Promise((resolve) => http.listen(0, "127.0.0.1", resolve));
    io.on("load", (factor, answer) => answer({ instance: "node", load: factor * 2 }));
    io.on("note", (...args) => heard.push(args));
    return { url: `http://127.0.0.1:${http.address().port}` };
  },
  async askServers({ factor }) {
    return { answers: await io.serverSideEmitWithAck("load", factor) };
  },
  async tellServers({ note }) {
    io.serverSideEmit("note", note, "from node");
    return {};
  },
  async heard() {
    for (let n = 0; n < 100 && heard.length === 0; n += 1) await new Promise((resolve) => setTimeout(resolve, 50));
    return { heard };
  },
  client: ({ url }) => client(url),
  async fetch({ room }) {
    const sockets = await (room ? io.in(room) : io).fetchSockets();
    return { sockets: sockets.map(({ id, rooms, handshake }) => ({ id, rooms: [...rooms], address: handshake.address })) };
  },
  async rooms() {
    return { rooms: [...(await io.of("/").adapter.allRooms())] };
  },
  async ask({ number }) {
    return { answers: await io.timeout(2000).emitWithAck("question", number) };
  },
});
