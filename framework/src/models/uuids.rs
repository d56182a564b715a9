//! New UUIDs.

use std::sync::atomic::{AtomicU64, Ordering};

use uuid::Builder;

use super::{Timestamp, Uuid};

/// The last moment told, in 4096ths of a millisecond.
static LAST: AtomicU64 = AtomicU64::new(0);

/// A UUID of version 7: it begins with the moment, so that new keys go to the end of an index, and those made by one
/// process go up. 62 bits are random.
/// See <https://www.rfc-editor.org/rfc/rfc9562#section-6.2>, method 3.
pub(super) fn new() -> Uuid {
    let now = Timestamp::now().as_millis().unsigned_abs() << 12;
    let later = |last: u64| Some(now.max(last + 1));
    let last = LAST.fetch_update(Ordering::Relaxed, Ordering::Relaxed, later).unwrap_or(now);
    let moment = now.max(last + 1);
    let mut rest = [0; 10];
    // Without random bits the moment alone still tells keys of one process apart.
    let _ = getrandom::fill(&mut rest[2..]);
    let [.., high, low] = moment.to_be_bytes();
    rest[..2].copy_from_slice(&[high & 0x0f, low]);
    Builder::from_unix_timestamp_millis(moment >> 12, &rest).into_uuid()
}
