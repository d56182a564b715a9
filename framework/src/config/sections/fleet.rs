use std::path::PathBuf;

use regatta_macros::Settings;
use serde::{Deserialize, Serialize};

use crate::config::Span;

/// `config/fleet.toml`: several instances on one host, under one parent.
#[derive(Debug, Clone, Deserialize, Serialize, Settings)]
#[settings(section = "fleet")]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct FleetConfig {
    /// Where the commands of `fleet` reach the parent: a Unix socket for the parent's user alone.
    #[setting(default = PathBuf::from(".tmp/fleet.sock"))]
    pub control: PathBuf,
    /// How long a new instance may take to be ready, migrations included, before it is ended and counts as crashed.
    #[setting(default = Span::seconds(60))]
    pub ready_timeout: Span,
    /// After so many crashes in a row an instance that never was ready is given up; when none ever was, the parent ends.
    #[setting(default = 5)]
    pub attempts: u32,
    /// The longest wait before a crashed instance is started again.
    #[setting(default = Span::seconds(5))]
    pub longest_wait: Span,
    /// How many instances a rolling restart replaces at once.
    #[setting(default = 1)]
    pub at_once: usize,
}
