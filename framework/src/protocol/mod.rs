//! What travels over a socket, without any I/O.

pub(crate) mod engine;
pub(crate) mod packet;

#[cfg(test)]
mod tests;
