use std::time::Duration;

use super::{over, scatter};

#[test]
fn a_few_leave_at_once_and_many_in_their_time() {
    let deadline = Duration::from_secs(20);
    assert_eq!(over(0, 200, deadline), Duration::ZERO);
    assert_eq!(over(20, 200, deadline), Duration::ZERO);
    assert_eq!(over(200, 200, deadline), Duration::from_secs(1));
    assert_eq!(over(1_000, 200, deadline), Duration::from_secs(5));
    assert_eq!(over(100_000, 200, deadline), Duration::from_secs(10), "half of what there is");
    assert_eq!(over(100_000, 0, deadline), Duration::ZERO);
}

#[test]
fn moments_are_spread() {
    let mut tenths: Vec<_> = (0..100).map(|number| (scatter(number) * 10.0) as usize).collect();
    tenths.sort_unstable();
    tenths.dedup();
    assert_eq!(tenths, (0..10).collect::<Vec<_>>());
}
