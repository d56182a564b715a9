use regatta_macros::Settings;
use serde::{Deserialize, Serialize};

use super::Adapter;
use crate::config::Span;

/// `config/cache.toml`: the answers that routes with `cache` keep.
#[derive(Debug, Clone, Deserialize, Serialize, Settings)]
#[settings(section = "cache")]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct CacheConfig {
    /// Where answers are kept beside each instance's memory; unset: wherever the sockets' adapter says.
    pub adapter: Option<Adapter>,
    /// The datastore of that adapter; unset: the sockets' datastore.
    pub datastore: Option<String>,
    /// The prefix of the keys in Redis. The braces keep them together in a Redis cluster.
    #[setting(default = "{regatta:cache}:".to_owned())]
    pub prefix: String,
    /// The most answers an instance keeps, and as many again in Redis; what was unused for longest goes first.
    #[setting(default = 10_000)]
    pub max_entries: usize,
    /// The most bytes of answers an instance keeps, and as many again in Redis.
    #[setting(default = 67_108_864)]
    pub max_bytes: usize,
    /// A larger answer is not kept, in bytes.
    #[setting(default = 1_048_576)]
    pub max_entry_bytes: usize,
    /// How long a request may wait for another one that makes the same answer; then it makes its own.
    #[setting(default = Span::seconds(5))]
    pub wait: Span,
    /// How long an instance may take to make an answer before another one may try.
    #[setting(default = Span::seconds(10))]
    pub lock: Span,
    /// How long Redis may take to answer before a request goes on without it.
    #[setting(default = Span::millis(200))]
    pub deadline: Span,
}
