//! What travels over a socket or between instances, without any I/O.

pub(crate) mod classic;
pub(crate) mod msgpack;
