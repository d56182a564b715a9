// A server of express-session, as Express and Sails have it, whose sessions are in Redis as connect-redis writes them.
import { createServer } from "node:http";
import session from "express-session";
import { createClient } from "redis";
import { serve } from "./lines.mjs";

class RedisStore extends session.Store {
  constructor(redis) {
    super();
    this.redis = redis;
  }

  get(sid, done) {
    this.redis.get(`sess:${sid}`).then((json) => done(null, json && JSON.parse(json)), done);
  }

  set(sid, data, done) {
    this.redis.set(`sess:${sid}`, JSON.stringify(data), { EX: 86_400 }).then(() => done(), done);
  }

  destroy(sid, done) {
    this.redis.del(`sess:${sid}`).then(() => done(), done);
  }
}

/** Starts a server; `POST /login` logs in, everything else answers how often the session was here. */
async function start({ redis, secret }) {
  const store = new RedisStore(await createClient({ url: redis }).connect());
  const sessions = session({ store, name: "sails.sid", secret, resave: true, saveUninitialized: true });
  const server = createServer((req, res) => {
    sessions(req, res, () => {
      if (req.url === "/login") {
        Object.assign(req.session, { userId: 7, name: "Füller \"M\"", visits: 40 });
      }
      req.session.visits = (req.session.visits ?? 0) + 1;
      res.end(JSON.stringify(req.session.visits));
    });
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  return { port: server.address().port };
}

serve({ start });
