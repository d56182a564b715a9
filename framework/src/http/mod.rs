//! What HTTP adds around the app: the listener layer, error pages, inputs.

mod answer;
mod bounds;
mod cached;
mod complaint;
mod drain;
mod errors;
mod input;
mod instance;
mod listener;
mod measured;
mod patience;
mod private;
mod request_id;
mod server;
mod upgraded;
mod wants;
mod watchdog;

pub use crate::security::ClientAddress;
pub use answer::Answer;
pub(crate) use bounds::Bounds;
pub(crate) use cached::cached;
pub(crate) use drain::Drain;
pub(crate) use errors::answer as answer_errors;
pub(crate) use input::{Arguments, value as body};
pub use input::{Input, Rules, Valid};
pub use instance::Instance;
pub(crate) use instance::random_id;
pub(crate) use listener::{Listener, serve as listen};
pub(crate) use measured::{HTTP, Measured, VIRTUAL};
pub(crate) use private::{Answers, Private, Told};
pub use regatta_macros::Rules;
pub(crate) use request_id::RequestId;
pub(crate) use server::{Door, server};
pub(crate) use wants::wants_html;
pub(crate) use watchdog::Watchdog;
