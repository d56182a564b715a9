mod message;
mod person;

pub use message::Message;
pub use person::Person;
