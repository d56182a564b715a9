//! What travels over a socket or between instances, without any I/O.

pub(crate) mod attachments;
pub(crate) mod classic;
pub(crate) mod engine;
pub(crate) mod event;
pub(crate) mod msgpack;
pub(crate) mod packet;
pub(crate) mod payload;

#[cfg(test)]
mod tests;
