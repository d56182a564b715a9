//! What HTTP adds around the app: the listener layer, error pages, inputs.

mod answer;
mod cached;
mod errors;
mod input;
mod instance;
mod listener;
mod wants;
mod watchdog;

pub use answer::Answer;
pub(crate) use cached::cached;
pub(crate) use errors::answer as answer_errors;
pub(crate) use input::value as body;
pub use input::{Input, Rules, Valid};
pub use instance::Instance;
pub(crate) use instance::random_id;
pub use listener::ClientAddress;
pub(crate) use listener::{Listener, new_request_id, serve as listen};
pub(crate) use wants::wants_html;
pub(crate) use watchdog::Watchdog;
