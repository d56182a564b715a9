//! What one socket has heard so far.

/// The numbers of messages, from 1 on.
#[derive(Debug)]
pub(super) struct Order {
    /// The lowest that has not come.
    pub(super) next: u64,
    /// Which of those behind it have: the lowest bit is the one after `next`.
    early: u128,
}

/// How a message came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// After all that were sent before it.
    Next,
    /// Before one that was sent before it.
    Early,
    /// Again, or when nobody has sent it.
    Wrong,
}

impl Default for Order {
    fn default() -> Self {
        Self { next: 1, early: 0 }
    }
}

impl Order {
    /// Notes that this one has come.
    pub(super) fn take(&mut self, number: u64) -> Turn {
        let Some(ahead) = number.checked_sub(self.next) else { return Turn::Wrong };
        if ahead == 0 {
            let others = self.early.trailing_ones();
            self.next += 1 + u64::from(others);
            self.early = self.early.checked_shr(others + 1).unwrap_or_default();
            return Turn::Next;
        }
        let bit = 1_u128.checked_shl(u32::try_from(ahead - 1).unwrap_or(u32::MAX)).unwrap_or_default();
        if bit == 0 || self.early & bit != 0 {
            return Turn::Wrong;
        }
        self.early |= bit;
        Turn::Early
    }
}
