use std::time::Instant;

use super::{Cell, PAUSE, Pace};

#[test]
fn one_in_a_second_is_told_and_the_others_are_counted() {
    let pace = Pace { told: Cell::new(None), untold: Cell::new(0) };
    let start = Instant::now();
    assert_eq!(pace.pass(start), Some(0));
    for _ in 0..5 {
        assert_eq!(pace.pass(start + PAUSE / 2), None);
    }
    assert_eq!(pace.pass(start + PAUSE), Some(5));
    assert_eq!(pace.pass(start + PAUSE * 2), Some(0));
}
