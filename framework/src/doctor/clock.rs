//! Whether this machine's clock agrees with another one's.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::health::Finding;

/// Apart by more, sessions and leases end noticeably early or late.
const APART: Duration = Duration::from_secs(1);
/// Apart by more, hosts do not agree about who is alive.
const FAR_APART: Duration = Duration::from_secs(30);

/// Milliseconds since 1970 by this machine's clock.
pub(super) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Compares what `who`'s clock said with this machine's before the question and after the answer.
pub(super) fn compare(who: &str, before: i64, theirs: i64, after: i64) -> Finding {
    let apart = if theirs < before {
        theirs - before
    } else if theirs > after {
        theirs - after
    } else {
        0
    };
    let by = Duration::from_millis(apart.unsigned_abs());
    if by <= APART {
        return Finding::Good(format!("the clock of {who} agrees with this machine's"));
    }
    let direction = if apart > 0 { "ahead of" } else { "behind" };
    let text = format!(
        "the clock of {who} is {:.1} s {direction} this machine's, so that sessions, leases and signatures end early or late: \
         set both by the network, `timedatectl set-ntp true`",
        by.as_secs_f64()
    );
    if by > FAR_APART { Finding::Error(text) } else { Finding::Warning(text) }
}
