use regatta_macros::Settings;
use serde::{Deserialize, Serialize};

use crate::config::Span;

/// Where sessions live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SessionAdapter {
    /// In this process: for one instance.
    Memory,
    /// In Redis: shared by every instance.
    Redis,
    /// In a SQL datastore, SQLite, PostgreSQL, MySQL or MariaDB: shared by every instance that uses it.
    Sql,
}

/// Whether a browser sends the session cookie with requests that come from other sites' pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SameSite {
    /// With links that lead to the app, and nothing else.
    #[default]
    Lax,
    /// Never: who follows a link from elsewhere arrives without a session.
    Strict,
    /// Always, for apps in other sites' frames: only over HTTPS.
    None,
}

/// What an app replaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SessionImport {
    /// An app on express-session with connect-redis, as every Sails app is.
    Express,
}

/// `config/session.toml`
#[derive(Clone, Deserialize, Serialize, Settings)]
#[settings(section = "session")]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct SessionConfig {
    /// Where sessions live: `memory`, `redis` or `sql`; unset: wherever the sockets' adapter says.
    pub adapter: Option<SessionAdapter>,
    /// The datastore of that adapter; unset: the sockets' datastore, with the adapter `sql` the models'.
    pub datastore: Option<String>,
    /// Secrets that sign the cookie, at least 32 characters each: the first signs, all verify. `SESSION_SECRET`
    /// holds them separated by commas.
    pub secret: Vec<String>,
    /// The cookie's name; unset: `regatta`, in production `__Host-regatta`.
    pub cookie_name: Option<String>,
    /// Whether the cookie is only sent over HTTPS; unset: in production.
    pub cookie_secure: Option<bool>,
    /// Whether browsers send the cookie with what other sites' pages ask for: `lax`, with links only, `strict`, never, or
    /// `none`, always, which needs `cookie_secure`.
    pub same_site: SameSite,
    /// A session ends when it was not used for this long.
    #[setting(default = Span::seconds(24 * 3600))]
    pub idle: Span,
    /// A session ends this long after its start, used or not.
    #[setting(default = Span::seconds(7 * 24 * 3600))]
    pub absolute: Span,
    /// The prefix of the keys in the store.
    #[setting(default = "regatta:session:".to_owned())]
    pub prefix: String,
    /// How long the store may take to answer before the request gets 503.
    #[setting(default = Span::millis(500))]
    pub deadline: Span,
    /// How long a serialized route waits for its session's turn before the request gets 503.
    #[setting(default = Span::seconds(10))]
    pub turn_wait: Span,
    /// How long a serialized route keeps the turn at most: longer than its handler may take.
    #[setting(default = Span::seconds(10))]
    pub turn_lease: Span,
    /// Takes over the sessions of an old fleet as its clients come: `express` for Express and Sails.
    pub import: Option<SessionImport>,
    /// The secrets that sign the old fleet's cookies.
    pub import_secret: Vec<String>,
    /// The name of the old fleet's session cookie.
    #[setting(default = "sails.sid".to_owned())]
    pub import_cookie: String,
    /// The prefix of the old fleet's sessions in Redis.
    #[setting(default = "sess:".to_owned())]
    pub import_prefix: String,
    /// The datastore with the old fleet's Redis.
    #[setting(default = "redis".to_owned())]
    pub import_datastore: String,
    /// The key in the old sessions that holds the id of who is logged in, such as `userId`: they are then signed in here.
    pub import_user: Option<String>,
    /// The most bytes the values of one session may have together.
    #[setting(default = 65_536)]
    pub max_bytes: usize,
    /// The most sessions one user may be signed in with; the oldest end.
    #[setting(default = 100)]
    pub max_per_user: usize,
    /// How often the sessions of open sockets are looked at: a socket whose session is gone, and whose end was not
    /// heard of, is closed this much later at most.
    #[setting(default = Span::seconds(30))]
    pub recheck: Span,
    /// The most sessions the memory adapter keeps; the ones unused for longest go first.
    #[setting(default = 100_000)]
    pub max_sessions: usize,
}

impl std::fmt::Debug for SessionConfig {
    /// Without the secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionConfig")
            .field("adapter", &self.adapter)
            .field("datastore", &self.datastore)
            .field("secrets", &self.secret.len())
            .field("idle", &self.idle)
            .field("absolute", &self.absolute)
            .finish_non_exhaustive()
    }
}
