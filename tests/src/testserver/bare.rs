//! The bare protocol servers, for suites of the protocols themselves.
//!
//! | `REGATTA_TESTSERVER` | what it serves |
//! |---|---|
//! | `engine` | `/engine.io/`: every message comes back, text or binary |
//!
//! With `EIO3=1` clients of revision 3 may connect. It listens on 127.0.0.1 and ::1 alike.

use regatta::App;

/// Which of them is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bare {
    Engine,
}

impl Bare {
    pub(super) fn of(name: &str) -> Result<Self, String> {
        match name {
            "engine" => Ok(Self::Engine),
            other => Err(format!("REGATTA_TESTSERVER={other}: say engine, or unset it")),
        }
    }

    /// What the server's environment says, by key.
    pub(super) fn settings(self) -> Vec<(&'static str, &'static str, String)> {
        let old = std::env::var("EIO3").is_ok_and(|old| old == "1");
        let path = match self {
            Self::Engine => "/engine.io/",
        };
        vec![
            ("http", "host", "::".to_owned()),
            ("sockets", "path", path.to_owned()),
            ("sockets", "ping_interval", "300ms".to_owned()),
            ("sockets", "ping_timeout", "200ms".to_owned()),
            ("sockets", "max_payload", "1000000".to_owned()),
            ("sockets", "allowed_origins", "*".to_owned()),
            ("sockets", "allow_eio3", old.to_string()),
        ]
    }

    pub(super) fn app(self) -> App {
        match self {
            Self::Engine => App::new("testserver").echo(),
        }
    }
}
