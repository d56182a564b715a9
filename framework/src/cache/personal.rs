//! What makes an answer one person's.

/// Among the extensions of a request or of its answer: the answer is for one client only and may not be kept for others. Whoever gives out
/// something of a session, a nonce or a token puts it there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Personal;
