//! What travels over a socket or between instances, without any I/O.

pub(crate) mod classic;
pub(crate) mod engine;
pub(crate) mod msgpack;
pub(crate) mod packet;

#[cfg(test)]
mod tests;
