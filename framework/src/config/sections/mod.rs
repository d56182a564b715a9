//! The sections: one struct each is the source of its keys, defaults and documentation.

mod cache;
mod datastores;
mod fleet;
mod http;
mod log;
mod metrics;
mod models;
mod openapi;
mod security;
mod session;
mod sockets;
mod uploads;
mod views;

pub use cache::CacheConfig;
pub use datastores::DatastoreConfig;
pub(crate) use datastores::Datastores;
pub use fleet::FleetConfig;
pub use http::{Compression, HttpConfig};
pub use log::{LogConfig, LogFormat};
pub use metrics::{Listen, MetricsConfig};
pub use models::{BlueprintsConfig, Migrate, ModelsConfig};
pub use openapi::OpenapiConfig;
pub use security::SecurityConfig;
pub use session::{SameSite, SessionAdapter, SessionConfig, SessionImport};
pub use sockets::{Adapter, Relay, SocketsConfig, Transport};
pub use uploads::UploadsConfig;
pub use views::ViewsConfig;

use super::{Key, Settings};

/// `datastores` is not in this list: its keys are names the user chooses.
pub(super) const ALL: &[(&str, &[Key])] = &[
    (HttpConfig::SECTION, HttpConfig::KEYS),
    (FleetConfig::SECTION, FleetConfig::KEYS),
    (SocketsConfig::SECTION, SocketsConfig::KEYS),
    (SessionConfig::SECTION, SessionConfig::KEYS),
    (CacheConfig::SECTION, CacheConfig::KEYS),
    (ModelsConfig::SECTION, ModelsConfig::KEYS),
    (BlueprintsConfig::SECTION, BlueprintsConfig::KEYS),
    (OpenapiConfig::SECTION, OpenapiConfig::KEYS),
    (UploadsConfig::SECTION, UploadsConfig::KEYS),
    (ViewsConfig::SECTION, ViewsConfig::KEYS),
    (SecurityConfig::SECTION, SecurityConfig::KEYS),
    (LogConfig::SECTION, LogConfig::KEYS),
    (MetricsConfig::SECTION, MetricsConfig::KEYS),
];
