//! What is too fast.

use super::Bucket;

#[test]
fn a_seconds_worth_at_once_then_as_fast_as_it_drains() {
    let mut bucket = Bucket::new(10);
    assert!((0..10).all(|_| bucket.takes(1, 1)));
    assert!(bucket.takes(100_001, 1), "a tenth of a second later there is room for one more");
    assert!(!bucket.takes(100_002, 1));
}

#[test]
fn without_a_rate_everything_passes() {
    let mut bucket = Bucket::new(0);
    assert!((0..1_000).all(|_| bucket.takes(0, u64::MAX)));
}

#[test]
fn a_steady_client_below_its_rate_is_never_stopped() {
    let mut bucket = Bucket::new(100);
    assert!((0..10_000).all(|n| bucket.takes(n * 10_000, 1)));
}
