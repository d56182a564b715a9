// Reads and writes with the codecs of Engine.IO and Socket.IO, by lines of JSON:
//   {"do":"read","form":"v4","bodies":[base64…]}      a list of messages for each body, null where it is refused
//   {"do":"write","form":"v4","payloads":[[…]…]}      a body for each list of messages, as base64
//   {"do":"decode","revision":4,"talks":[[…]…]}       a list of packets for each list of messages, null where it is refused
//   {"do":"encode","revision":4,"packets":[…]}        a list of messages for each packet
// It reports {"done":…,"answers":[…]}. A message is {"text":…} or {"binary":base64}; in packets, binary values are
// {"$binary":base64}. Of the forms of payloads, "script" can only be read and the others both.
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import * as engine4 from "engine.io-parser";
import * as socket4 from "socket.io-parser";
import { serve } from "./lines.mjs";

const require = createRequire(import.meta.url);
const old = createRequire(require.resolve("socket.io-client-2"));
const engine3 = old("engine.io-parser");
const socket3 = old("socket.io-parser");
const { JSONP } = require(join(dirname(require.resolve("engine.io")), "transports/polling-jsonp.js"));

const TYPES = ["open", "close", "ping", "pong", "message", "upgrade", "noop"];
const [EVENT, ACK, BINARY_EVENT, BINARY_ACK] = [2, 3, 5, 6];

function toMessage({ type, data = "" }) {
  if (!TYPES.includes(type)) throw new Error("parser error");
  if (typeof data === "string") return { text: TYPES.indexOf(type) + data };
  const binary = Buffer.from(data).toString("base64");
  return type === "message" ? { binary } : { type, binary };
}

function fromMessage({ text, binary }) {
  if (text === undefined) return { type: "message", data: Buffer.from(binary, "base64") };
  return { type: TYPES[text[0]], data: text.slice(1) || undefined };
}

function collect(decode) {
  const packets = [];
  decode((packet) => void packets.push(packet));
  return packets;
}

// What a browser does with the answer to a JSONP request.
function run(script) {
  let payload;
  const callbacks = { 7: (text) => (payload = text) };
  new Function("___eio", script)(callbacks);
  return payload;
}

const readers = {
  v4: (body) => engine4.decodePayload(body.toString()),
  v3: (body) => collect((each) => engine3.decodePayload(body.toString(), each)),
  bytes: (body) => collect((each) => engine3.decodePayloadAsBinary(body, each)),
  script: (body) => collect((each) => engine3.decodePayload(run(body.toString()), each)),
  form: (body) =>
    collect((each) => {
      const transport = new JSONP({ _query: { EIO: "3", j: "7" } });
      transport.on("packet", each);
      transport.onData(body.toString());
    }),
};

const writers = {
  v4: (packets, done) => engine4.encodePayload(packets, done),
  v3: (packets, done) => engine3.encodePayload(packets, false, done),
  bytes: (packets, done) => engine3.encodePayloadAsBinary(packets, done),
  form: (packets, done) =>
    engine3.encodePayload(packets, false, (payload) => {
      const escaped = payload.replace(/\\n/g, "\\\n").replace(/\n/g, "\\n");
      done(new URLSearchParams({ d: escaped }).toString());
    }),
};

// Replaces values within a value. Rust reads no halves of surrogate pairs.
function replace(value, by) {
  const replaced = by(value);
  if (replaced !== undefined) return replaced;
  if (Array.isArray(value)) return value.map((item) => replace(item, by));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key.toWellFormed(), replace(item, by)]));
}

const hide = (value) => {
  if (typeof value === "string") return value.toWellFormed();
  return Buffer.isBuffer(value) ? { $binary: value.toString("base64") } : undefined;
};
const reveal = (value) => (value?.$binary === undefined ? undefined : Buffer.from(value.$binary, "base64"));

function encode(revision, { type, nsp, id, data }) {
  const packet = { type, nsp, id, data: replace(data, reveal) };
  if (revision === 4) return new socket4.Encoder().encode(packet);
  const isBinary = JSON.stringify(data)?.includes("$binary");
  if (isBinary) packet.type = { [EVENT]: BINARY_EVENT, [ACK]: BINARY_ACK }[type];
  let messages;
  new socket3.Encoder().encode(packet, (encoded) => (messages = encoded));
  return messages;
}

function decode(revision, talk) {
  const decoder = new { 3: socket3, 4: socket4 }[revision].Decoder();
  const packets = [];
  decoder.on("decoded", ({ type, nsp, id = null, data }) => {
    type = { [BINARY_EVENT]: EVENT, [BINARY_ACK]: ACK }[type] ?? type;
    packets.push({ type, nsp, id, data: replace(data, hide) ?? null });
  });
  for (const { text, binary } of talk) decoder.add(text ?? Buffer.from(binary, "base64"));
  return packets;
}

const orNull = (read) => {
  try {
    return read();
  } catch {
    return null;
  }
};

const commands = {
  read: ({ form, bodies }) => ({
    answers: bodies.map((body) => orNull(() => readers[form](Buffer.from(body, "base64")).map(toMessage))),
  }),

  write: ({ form, payloads }) => ({
    answers: payloads.map((payload) => {
      let body;
      writers[form](payload.map(fromMessage), (written) => (body = written));
      return Buffer.from(body).toString("base64");
    }),
  }),

  decode: ({ revision, talks }) => ({ answers: talks.map((talk) => orNull(() => decode(revision, talk))) }),

  encode: ({ revision, packets }) => ({
    answers: packets.map((packet) =>
      encode(revision, packet).map((message) =>
        typeof message === "string" ? { text: message } : { binary: message.toString("base64") },
      ),
    ),
  }),
};

await serve(commands);
