/**
 * The browser client: requests over a socket that the app's own routes answer, events, and a connection that
 * comes back by itself. It speaks Engine.IO v4 and Socket.IO v5 over WebSocket, in the default namespace.
 *
 *     import { connect } from "/regatta.io.js";
 *     const socket = connect();
 *     socket.on("message", (event) => console.log(event.verb, event.data));
 *     socket.subscribe("/message?limit=20", (messages) => console.log(messages));
 *     await socket.post("/message", { body: "Ahoy" });
 */

/** The options of {@link connect} and their defaults; times in milliseconds. */
const DEFAULTS = {
  path: "/socket.io/", // of the endpoint
  query: {}, // added to the query of the connecting request
  auth: undefined, // an object the server gets when the socket enters its namespace
  timeout: 10_000, // for a request, waiting for a connection included
  connectTimeout: 5_000, // for one attempt to connect
  firstDelay: 500, // at most before the first attempt to come back; doubles with each further one
  maxDelay: 10_000, // what that grows to
  maxQueue: 100, // packets that may wait for a connection
};

/** After a connection that held this long, the delays start from the first again. */
const STABLE = 5_000;
/** Binary attachments one packet may have; as many as Socket.IO's own client accepts. */
const MAX_ATTACHMENTS = 10;
/** `<type>[<attachments>-][/namespace,][ack id][JSON]` */
const PACKET = /^([0-6])(?:(\d+)-)?(?:(\/[^,]*),?)?(\d*)(.*)$/s;

/**
 * @typedef {"connecting"|"connected"|"reconnecting"|"closed"} State
 * @typedef {{body: any, headers: Record<string, any>, statusCode: number}} Reply
 * @typedef {{headers?: Record<string, string>, timeout?: number}} RequestOptions
 * @typedef {(url: string, data?: any, options?: RequestOptions) => Promise<any>} Request Resolves with the answer's
 *   body. Rejects with a RequestError, or with a ConnectionError: then the app may have done it or not.
 */

/** There was no answer: no connection, or not for long enough. */
export class ConnectionError extends Error {
  name = "ConnectionError";
}

/** The app answered with a status outside 200-399. */
export class RequestError extends Error {
  name = "RequestError";

  /** @param {Reply} reply */
  constructor({ body, headers, statusCode }) {
    super(body?.message ?? (typeof body === "string" && body ? body : `the app answered ${statusCode}`));
    Object.assign(this, { status: statusCode, body, headers });
  }
}

/** Connects to the app and stays connected until `close()`. In a browser `url` is the page's own when left out.
 *  @param {string|URL} [url] @param {Partial<typeof DEFAULTS>} [options] */
export const connect = (url, options) => new Socket(url, options);

/** A connection to the app; {@link connect} makes it. */
export class Socket {
  /** The socket's id on the server, while connected. @type {string|undefined} */
  id;
  /** @type {State} */
  state = "connecting";

  /** @type {Request} */ get = (...args) => this.#body("get", ...args);
  /** @type {Request} */ post = (...args) => this.#body("post", ...args);
  /** @type {Request} */ put = (...args) => this.#body("put", ...args);
  /** @type {Request} */ patch = (...args) => this.#body("patch", ...args);
  /** @type {Request} */ delete = (...args) => this.#body("delete", ...args);

  #url;
  #options;
  /** @type {WebSocket|undefined} */ #ws;
  #attempts = 0; // since the last connection that held
  #connectedAt = Infinity;
  #retryTimer;
  #watchdog; // ends an attempt to connect that takes too long, then a connection without heartbeats
  #patience = 0; // longest time between two heartbeats
  #partial; // a binary packet whose attachments are still arriving
  #nextAck = 0;
  #asked = new Map(); // ack id → a request without an answer
  #queue = []; // what waits for a connection
  #handlers = new Map(); // event → (function as given → function to call)
  #greeters = new Set();
  #wake = () => {
    if (this.#retryTimer !== undefined && globalThis.document?.visibilityState !== "hidden") this.#dial();
  };

  constructor(url = globalThis.location?.href, options = {}) {
    this.#options = { ...DEFAULTS, ...options };
    this.#url = new URL(this.#options.path, url);
    this.#url.protocol = this.#url.protocol.replace("http", "ws");
    this.#url.search = String(new URLSearchParams({ ...this.#options.query, EIO: "4", transport: "websocket" }));
    this.#listen();
    this.#dial();
  }

  /** @param {RequestOptions & {method?: string, url: string, data?: any}} request
   *  @returns {Promise<Reply>} The whole answer, whatever its status. */
  async request({ method = "get", url, data, headers = {}, timeout }) {
    const verb = method.toLowerCase();
    const ack = await this.#ask(verb, [{ method: verb, headers, data, url }], timeout);
    // A request the server can't read is answered with the error itself.
    if (ack?.statusCode === undefined && ack?.status) return { body: ack, headers: {}, statusCode: ack.status };
    return { body: ack?.body, headers: ack?.headers ?? {}, statusCode: ack?.statusCode ?? 200 };
  }

  /** GETs `url` now, after each reconnect (what it subscribes the socket to ends on the server with the connection)
   *  and after `regatta:missed`: the answer holds what was missed. Tries again after a timeout or a 5xx.
   *  @param {string} url @param {(body: any) => void} onBody
   *  @param {(error: Error) => void} [onError] Told of each failure but a lost connection.
   *  @returns {() => void} Stops it; what the server subscribed stays until the connection ends. */
  subscribe(url, onBody, onError = () => {}) {
    let current = 0;
    const load = async (failures = 0) => {
      const own = ++current;
      const [body, error] = await this.get(url).then((body) => [body], (error) => [null, error]);
      if (own !== current) return;
      if (!error) return this.#call(onBody, body);
      if (this.state !== "connected") return;
      const again = () => own === current && this.state === "connected" && load(failures + 1);
      if (error instanceof ConnectionError || error.status >= 500) setTimeout(again, this.#delay(failures));
      this.#call(onError, error);
    };
    const stops = [this.onConnect(() => load()), this.on("regatta:missed", () => setTimeout(load, this.#delay(0)))];
    return () => ((current = NaN), stops.forEach((stop) => stop()));
  }

  /** Calls `fn` with the arguments of each such event, and a function that answers if the server wants an answer.
   *  `state` is the client's own: `fn(state, reason)`. `regatta:missed` says that `{ count }` events of other instances
   *  never came. @param {string} event @param {(...args: any[]) => void} fn @returns {() => void} Takes it back. */
  on(event, fn) {
    return this.#add(event, fn, fn);
  }

  /** As `on`, for the next such event. @param {string} event @param {(...args: any[]) => void} fn */
  once(event, fn) {
    return this.#add(event, fn, (...args) => (this.off(event, fn), fn(...args)));
  }

  /** Takes back what `on` and `once` added: `fn`, or all. @param {string} event @param {Function} [fn] */
  off(event, fn) {
    const known = this.#handlers.get(event);
    known?.delete(fn);
    if (!fn || known?.size === 0) this.#handlers.delete(event);
  }

  /** Calls `fn` now if connected, and after each (re)connect before anything that waited is sent.
   *  @param {() => void} fn @returns {() => void} Takes it back. */
  onConnect(fn) {
    this.#greeters.add(fn);
    if (this.state === "connected") this.#call(fn);
    return () => this.#greeters.delete(fn);
  }

  /** Sends an event; throws {@link ConnectionError} when closed or when `maxQueue` packets wait already. */
  emit(event, ...args) {
    this.#post(`42${encode([event, ...args])}`, this.#options.timeout);
  }

  /** Sends an event. @returns {Promise<any>} The first argument of its acknowledgement. */
  ask(event, ...args) {
    return this.#ask(event, args);
  }

  /** Ends the connection for good; whatever waits for an answer is rejected. */
  close() {
    this.#leave();
    this.#end("closed by the page");
  }

  /** Connects anew at once, also after `close()`. The new handshake carries the page's cookies as they are now. */
  reconnect() {
    this.#leave();
    this.#drop("reconnecting");
    this.#attempts = 0;
    this.#become("reconnecting", "asked for by the page");
    this.#listen();
    this.#dial();
  }

  async #body(method, url, data, options) {
    const reply = await this.request({ ...options, method, url, data });
    if (reply.statusCode < 200 || reply.statusCode >= 400) throw new RequestError(reply);
    return reply.body;
  }

  async #ask(event, args, timeout = this.#options.timeout) {
    const id = this.#nextAck++;
    const packet = `42${id}${encode([event, ...args])}`;
    return new Promise((resolve, reject) => {
      const late = () => this.#settle(id)?.reject(new ConnectionError(`no answer to ${event} within ${timeout} ms`));
      this.#asked.set(id, { resolve, reject, sent: false, timer: setTimeout(late, timeout) });
      try {
        this.#post(packet, timeout, id);
      } catch (error) {
        this.#settle(id).reject(error);
      }
    });
  }

  #settle(id) {
    const asked = this.#asked.get(id);
    this.#asked.delete(id);
    clearTimeout(asked?.timer);
    return asked;
  }

  #post(packet, timeout, id) {
    if (this.state === "closed") throw new ConnectionError("the socket is closed: call reconnect() first");
    if (this.state === "connected" && this.#ws.readyState === WebSocket.OPEN) return this.#transmit(packet, id);
    this.#queue = this.#queue.filter(({ expires }) => expires > Date.now());
    if (this.#queue.length >= this.#options.maxQueue) throw new ConnectionError("too many packets wait already");
    this.#queue.push({ packet, id, expires: Date.now() + timeout });
  }

  #transmit(packet, id) {
    if (this.#asked.has(id)) this.#asked.get(id).sent = true;
    this.#ws.send(packet);
  }

  #add(event, fn, call) {
    if (!this.#handlers.has(event)) this.#handlers.set(event, new Map());
    this.#handlers.get(event).set(fn, call);
    return () => this.off(event, fn);
  }

  /** What the page's functions throw shows in its console and does not end the connection. */
  #call(fn, ...args) {
    try {
      fn(...args);
    } catch (error) {
      setTimeout(() => { throw error; });
    }
  }

  #dispatch(event, ...args) {
    for (const fn of [...(this.#handlers.get(event)?.values() ?? [])]) this.#call(fn, ...args);
  }

  #become(state, reason) {
    const changed = this.state !== state;
    this.state = state;
    if (changed) this.#dispatch("state", state, reason);
  }

  #listen(change = "addEventListener") {
    globalThis[change]?.("online", this.#wake);
    globalThis.document?.[change]("visibilitychange", this.#wake);
  }

  #dial() {
    clearTimeout(this.#retryTimer);
    this.#retryTimer = undefined;
    const ws = (this.#ws = new WebSocket(this.#url));
    ws.binaryType = "arraybuffer";
    this.#watch(this.#options.connectTimeout, "no connection in time");
    ws.onclose = ws.onerror = ({ code }) => this.#lost(`closed with ${code ?? "an error"}`);
    ws.onmessage = ({ data }) => {
      try {
        this.#frame(data);
      } catch (error) {
        this.#lost(`malformed packet: ${error.message}`);
      }
    };
  }

  #watch(time, reason) {
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => this.#lost(reason), time);
  }

  /** Full jitter keeps the clients of a killed instance from coming back all at once. */
  #delay(failures) {
    return Math.random() * Math.min(this.#options.maxDelay, this.#options.firstDelay * 2 ** failures);
  }

  #lost(reason) {
    if (Date.now() - this.#connectedAt > STABLE) this.#attempts = 0;
    this.#drop(reason);
    this.#retryTimer = setTimeout(() => this.#dial(), this.#delay(this.#attempts++));
    this.#become("reconnecting", reason);
  }

  /** Forgets the connection; what was sent over it gets no answer any more. */
  #drop(reason) {
    for (const timer of [this.#retryTimer, this.#watchdog]) clearTimeout(timer);
    this.#retryTimer = this.#partial = this.id = undefined;
    this.#connectedAt = Infinity;
    if (this.#ws) {
      this.#ws.onclose = this.#ws.onerror = this.#ws.onmessage = null;
      this.#ws.close();
      this.#ws = undefined;
    }
    const error = new ConnectionError(`the connection was lost before the answer: ${reason}`);
    for (const [id, { sent }] of [...this.#asked]) if (sent) this.#settle(id).reject(error);
  }

  /** Tells the server, so that the others see at once that this socket is gone. */
  #leave() {
    if (this.state === "connected" && this.#ws.readyState === WebSocket.OPEN) this.#ws.send("41");
  }

  #end(reason) {
    this.#drop(reason);
    this.#queue = [];
    for (const id of [...this.#asked.keys()]) this.#settle(id).reject(new ConnectionError(reason));
    this.#listen("removeEventListener");
    this.#become("closed", reason);
  }

  #frame(data) {
    if (typeof data !== "string") return this.#attachment(data);
    switch (data[0]) {
      case "0": return this.#opened(JSON.parse(data.slice(1)));
      case "1": return this.#lost("closed by the server");
      case "2":
        this.#watch(this.#patience, "no heartbeat");
        return this.#ws.send(`3${data.slice(1)}`);
      case "4": return this.#packet(data.slice(1));
      case "6": return;
      default: throw new Error(`type ${data[0]}`);
    }
  }

  #opened({ pingInterval, pingTimeout }) {
    if (!(pingInterval > 0 && pingTimeout > 0)) throw new Error("no heartbeat times");
    this.#patience = pingInterval + pingTimeout;
    this.#ws.send(`40${encode(this.#options.auth) ?? ""}`);
  }

  #packet(text) {
    const [, type, attachments, namespace = "/", id, json] = PACKET.exec(text) ?? [];
    const binary = type === "5" || type === "6";
    const count = Number(attachments ?? 0);
    if (!type || this.#partial || namespace !== "/") throw new Error("out of place");
    if (binary ? !(count > 0 && count <= MAX_ATTACHMENTS) : attachments) throw new Error("bad attachments");
    if (!binary) return this.#handle(type, id, json && JSON.parse(json));
    this.#partial = { type: type === "5" ? "2" : "3", id, json, count, parts: [] };
  }

  #attachment(data) {
    if (!this.#partial) throw new Error("binary data out of place");
    const { type, id, json, count, parts } = this.#partial;
    if (parts.push(data) < count) return;
    this.#partial = undefined;
    const payload = JSON.parse(json, (_, value) => {
      if (value?._placeholder !== true) return value;
      if (!(parts[value.num] instanceof ArrayBuffer)) throw new Error("illegal attachment");
      return parts[value.num];
    });
    this.#handle(type, id, payload);
  }

  #handle(type, id, payload) {
    switch (type) {
      case "0": return this.#entered(payload.sid);
      case "1": return this.#end("ended by the server");
      case "2": return this.#event(id, payload);
      case "3":
        if (!Array.isArray(payload) || id === "") throw new Error("bad acknowledgement");
        return this.#settle(Number(id))?.resolve(payload[0]);
      // The reason may be over at the next attempt, on another instance.
      default: return this.#lost(`refused: ${payload?.message}`);
    }
  }

  #entered(sid) {
    if (typeof sid !== "string" || this.id || !this.#patience) throw new Error("bad connect");
    const ws = this.#ws;
    this.id = sid;
    this.#connectedAt = Date.now();
    this.#watch(this.#patience, "no heartbeat");
    this.#become("connected");
    // Any function called here may end this connection.
    for (const fn of [...this.#greeters]) if (this.#ws === ws) this.#call(fn);
    const waiting = this.#ws === ws ? this.#queue.splice(0) : [];
    for (const { packet, id, expires } of waiting) if (expires > Date.now()) this.#transmit(packet, id);
  }

  #event(id, payload) {
    const [event, ...args] = Array.isArray(payload) ? payload : [];
    if (typeof event !== "string" && typeof event !== "number") throw new Error("bad event");
    if (event === "state") return;
    const ws = this.#ws;
    if (id !== "") args.push((...answer) => ws.send(`43${id}${encode(answer)}`));
    this.#dispatch(event, ...args);
  }
}

/** JSON; refuses what JSON would silently write as an empty object. */
function encode(value) {
  return JSON.stringify(value, function (key, plain) {
    const raw = this[key]; // before toJSON()
    const binary = raw instanceof ArrayBuffer || ArrayBuffer.isView(raw) || raw instanceof Blob;
    if (binary) throw new TypeError("binary data can't be sent: encode it, for example as base64");
    return plain;
  });
}
