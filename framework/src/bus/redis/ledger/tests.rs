use std::collections::HashMap;
use std::time::Instant;

use super::{Heard, Ledger, Missing};

fn totals(totals: &[(&str, u64)]) -> HashMap<String, u64> {
    totals.iter().map(|&(uid, total)| (uid.to_owned(), total)).collect()
}

fn missing(count: u64, unknown: bool) -> Missing {
    Missing { count, unknown }
}

/// One that has heard the first five of `a` and lost its subscription.
fn cut() -> Ledger {
    let mut ledger = Ledger::default();
    assert!(ledger.compare(&totals(&[("a", 4), ("quiet", 2)]), false).is_nothing());
    assert!(ledger.compare(&totals(&[("a", 4), ("quiet", 2)]), true).is_nothing());
    assert_eq!(ledger.heard("a", Some(5)), Heard::New);
    ledger.held_again(Instant::now());
    ledger
}

#[test]
fn what_was_published_before_the_first_subscription_is_not_missed() {
    let mut ledger = Ledger::default();
    assert_eq!(ledger.heard("a", Some(70)), Heard::New);
    assert!(ledger.compare(&totals(&[("a", 70), ("b", 12)]), false).is_nothing());
    assert_eq!(ledger.heard("b", Some(13)), Heard::New);
}

#[test]
fn numbers_tell_what_is_missing_and_what_comes_again() {
    let mut ledger = Ledger::default();
    assert_eq!(ledger.heard("a", Some(3)), Heard::New);
    assert_eq!(ledger.heard("a", Some(4)), Heard::New);
    assert_eq!(ledger.heard("a", Some(3)), Heard::Repeated);
    assert_eq!(ledger.heard("a", Some(8)), Heard::After(3));
    assert_eq!(ledger.heard("node", None), Heard::New);
    assert_eq!(ledger.heard("node", None), Heard::New);
}

#[test]
fn after_a_loss_gaps_and_totals_are_added_up_and_told_once() {
    let mut ledger = cut();
    assert_eq!(ledger.heard("a", Some(9)), Heard::New);
    let now = totals(&[("a", 9), ("quiet", 3), ("late", 6)]);
    assert_eq!(ledger.compare(&now, false), missing(3 + 1 + 6, false));
    assert_eq!(ledger.heard("later", Some(2)), Heard::New);
    let now = totals(&[("a", 9), ("quiet", 3), ("late", 6), ("later", 2)]);
    assert_eq!(ledger.compare(&now, true), missing(1, false));
    assert!(!ledger.is_catching_up());
    assert_eq!(ledger.heard("a", Some(12)), Heard::After(2));
}

#[test]
fn what_strangers_sent_is_unknown_after_each_loss() {
    let mut ledger = cut();
    assert_eq!(ledger.heard("node", None), Heard::New);
    let now = totals(&[("a", 5), ("quiet", 2)]);
    assert_eq!(ledger.compare(&now, false), missing(0, true));
    assert_eq!(ledger.compare(&now, true), missing(0, false));
    ledger.held_again(Instant::now());
    assert_eq!(ledger.compare(&now, false), missing(0, true));
}

#[test]
fn a_peer_that_is_in_no_books_any_more_makes_it_unknown_if_it_was_there_at_the_loss() {
    let mut ledger = cut();
    assert!(ledger.compare(&totals(&[]), false).is_nothing(), "it may come back");
    assert_eq!(ledger.compare(&totals(&[("quiet", 2)]), true), missing(0, true));
}

#[test]
fn without_totals_what_was_heard_has_to_do() {
    let mut ledger = cut();
    assert_eq!(ledger.heard("a", Some(9)), Heard::New);
    assert_eq!(ledger.give_up(), missing(3, true));
    assert!(!ledger.is_catching_up());
}
