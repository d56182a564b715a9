use std::sync::Arc;
use std::thread;

use crate::metrics::{Counter, Gauge};

#[test]
fn what_many_threads_count_is_added_up() {
    let counter = Arc::new(Counter::default());
    let threads: Vec<_> = (0..40)
        .map(|_| {
            let counter = counter.clone();
            thread::spawn(move || (0..1_000).for_each(|_| counter.add(2)))
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(counter.get(), 80_000);
}

#[test]
fn one_thread_takes_away_what_another_has_added() {
    let gauge = Arc::new(Gauge::default());
    gauge.up();
    gauge.up();
    let other = gauge.clone();
    thread::spawn(move || other.down()).join().unwrap();
    assert_eq!(gauge.get(), 1);
}

#[test]
fn a_gauge_read_in_the_middle_of_a_change_is_not_below_nothing() {
    let gauge = Gauge::default();
    gauge.down();
    assert_eq!(gauge.get(), 0);
}
