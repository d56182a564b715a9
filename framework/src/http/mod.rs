//! What HTTP adds around the app: the listener layer, error pages, inputs.

mod bounds;
mod errors;
mod input;
mod instance;
mod listener;
mod patience;
mod wants;

pub use crate::security::ClientAddress;
pub(crate) use bounds::Bounds;
pub(crate) use errors::answer as answer_errors;
pub use input::Input;
pub(crate) use input::value as body;
pub use instance::Instance;
pub(crate) use instance::random_id;
pub(crate) use listener::{Listener, new_request_id, serve as listen};
pub(crate) use wants::wants_html;
