// A stock Socket.IO server for the bench: `node bench-server.mjs --port N [--redis URL]`.
import { createServer } from "node:http";
import { parseArgs } from "node:util";
import { createAdapter } from "@socket.io/redis-adapter";
import { createClient } from "redis";
import { Server } from "socket.io";

const { values } = parseArgs({ options: { port: { type: "string" }, redis: { type: "string" } } });

const adapter = async (url) => {
  const publisher = createClient({ url });
  const subscriber = publisher.duplicate();
  await Promise.all([publisher.connect(), subscriber.connect()]);
  // With the default key Regatta's instances on the same Redis would be of its fleet.
  return createAdapter(publisher, subscriber, { key: "node" });
};

const http = createServer();
const io = new Server(http, values.redis ? { adapter: await adapter(values.redis) } : {});

io.on("connection", (socket) => {
  socket.on("enter", (answer) => {
    socket.join("crowd");
    answer(null);
  });
  socket.on("publish", (news) => io.to("crowd").emit("news", news));
  socket.on("ask", (news, answer) => answer(news));
});

http.listen(Number(values.port), "127.0.0.1", () => console.log("listening"));
