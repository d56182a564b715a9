//! What a request is called in the logs.

use std::cell::Cell;

/// An odd number: multiplying by it maps no two numbers to the same.
const SCATTER: u64 = 0x9e37_79b9_7f4a_7c15;

thread_local! {
    static NEXT: Cell<u64> = Cell::new({
        let mut start = [0; 8];
        // Without random bytes the id only loses its use for searching in the logs of several instances.
        let _ = getrandom::fill(&mut start);
        u64::from_le_bytes(start)
    });
}

/// A request's id: 16 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RequestId([u8; 16]);

impl RequestId {
    /// A counter of this thread, scattered from a random start, so that a request costs no system call for it.
    pub(crate) fn new() -> Self {
        let number = NEXT.with(|next| next.replace(next.get().wrapping_add(SCATTER))).wrapping_mul(SCATTER);
        #[expect(clippy::indexing_slicing, reason = "four bits are less than sixteen")]
        let digit = |place: usize| b"0123456789abcdef"[(number >> (60 - 4 * place)) as usize & 0xf];
        Self(std::array::from_fn(digit))
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn as_str(&self) -> &str {
        // Digits are text.
        str::from_utf8(&self.0).unwrap_or_default()
    }
}
