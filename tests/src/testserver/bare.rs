//! The bare protocol servers, for suites of the protocols themselves.
//!
//! | `REGATTA_TESTSERVER` | what it serves |
//! |---|---|
//! | `engine` | `/engine.io/`: every message comes back, text or binary |
//! | `socket` | `/socket.io/`: `/` and `/custom` emit `auth` to who connects; in `/` the event `message` comes back as `message-back`, and `message-with-ack` is acknowledged with what it brought |
//!
//! With `EIO3=1` clients of revision 3 may connect. It listens on 127.0.0.1 and ::1 alike.

use regatta::App;
use regatta::prelude::*;

/// Which of them is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bare {
    Engine,
    Socket,
}

impl Bare {
    pub(super) fn of(name: &str) -> Result<Self, String> {
        match name {
            "engine" => Ok(Self::Engine),
            "socket" => Ok(Self::Socket),
            other => Err(format!("REGATTA_TESTSERVER={other}: say engine or socket, or unset it")),
        }
    }

    /// What the server's environment says, by key.
    pub(super) fn settings(self) -> Vec<(&'static str, &'static str, String)> {
        let old = std::env::var("EIO3").is_ok_and(|old| old == "1");
        let path = match self {
            Self::Engine => "/engine.io/",
            Self::Socket => "/socket.io/",
        };
        vec![
            ("http", "host", "::".to_owned()),
            // Suites send requests at the same time and expect them to arrive in their order.
            ("http", "workers", "1".to_owned()),
            ("sockets", "path", path.to_owned()),
            ("sockets", "ping_interval", "300ms".to_owned()),
            ("sockets", "ping_timeout", "200ms".to_owned()),
            ("sockets", "connect_timeout", "1s".to_owned()),
            ("sockets", "max_payload", "1000000".to_owned()),
            ("sockets", "allowed_origins", "*".to_owned()),
            ("sockets", "allow_eio3", old.to_string()),
        ]
    }

    pub(super) fn app(self) -> App {
        match self {
            Self::Engine => App::new("testserver").echo(),
            Self::Socket => App::new("testserver").routes(draw),
        }
    }
}

fn draw(r: &mut Routes) {
    r.before_connect(tell_auth);
    r.on("message", async |who: Requester, args: Args<Vec<JsonValue>>| {
        who.socket()?.emit("message-back", args)
    });
    r.on("message-with-ack", async |args: Args<Vec<JsonValue>>| args);
    r.namespace("/custom").before_connect(tell_auth);
}

/// Emits what the client said of itself: an empty object when it said nothing.
async fn tell_auth(who: Requester) -> Result<()> {
    let socket = who.socket()?;
    let auth = Some(socket.auth()).filter(|auth| !auth.is_null()).cloned();
    socket.emit("auth", &auth.unwrap_or_else(|| json!({})))
}
