//! What travels over a socket or between instances, without any I/O.

#[cfg_attr(not(test), expect(dead_code, reason = "no endpoint accepts binary messages yet"))]
pub(crate) mod attachments;
pub(crate) mod classic;
pub(crate) mod engine;
pub(crate) mod msgpack;
pub(crate) mod packet;
pub(crate) mod payload;

#[cfg(test)]
mod tests;
