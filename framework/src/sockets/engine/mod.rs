//! Engine.IO: the connections of clients, over whichever transport, without what they say to each other.
//! See <https://socket.io/docs/v4/engine-io-protocol/>.
//!
//! | file | what it holds |
//! |---|---|
//! | `endpoint` | what a request wants; where connections begin |
//! | `connection`, `link` | the life of a connection; its handle |
//! | `conversation` | what a connection is for |
//! | `session`, `outbox`, `frame` | what requests find by a connection's id; what waits for the client |
//! | `websocket`, `polling`, `upgrade` | the transports, and the change between them |
//! | `id`, `handover`, `peers` | where a connection lives, and how a request gets there |

mod connection;
pub(super) mod conversation;
#[cfg(feature = "testing")]
mod echo;
mod endpoint;
pub(super) mod frame;
mod handover;
pub(super) mod id;
mod link;
pub(super) mod outbox;
mod pace;
mod peers;
mod polling;
mod refusal;
mod session;
mod upgrade;
mod websocket;
mod wire;

pub(crate) use endpoint::{Endpoint, endpoint, serve_client};
pub(super) use handover::{Desk, Handover};
pub(super) use link::Link;
pub(super) use peers::Peers;
pub(super) use refusal::share;
