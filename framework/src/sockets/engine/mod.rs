//! Engine.IO: the connections of clients, over whichever transport, without what they say to each other.

mod connection;
mod endpoint;
pub(super) mod frame;
pub(super) mod id;
mod link;
pub(super) mod outbox;

pub(crate) use endpoint::{Endpoint, endpoint, serve_client};
pub(super) use link::Link;
