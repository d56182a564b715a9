use std::time::Duration;

use super::{Usage, cpu, rss};

#[test]
fn a_process_knows_what_it_uses() {
    let pid = i32::try_from(std::process::id()).unwrap();
    let usage = Usage::of(pid);
    assert!(usage.rss.is_some_and(|rss| rss > 1_000_000), "{usage:?}");
    assert!(usage.cpu.is_some());
}

#[test]
fn names_with_spaces_and_parentheses_do_no_harm() {
    let stat = "7 (a) b (c) S 1 7 7 0 -1 4194560 1 0 0 0 250 50 0 0 20 0 1 0 100 1 1 1";
    assert_eq!(cpu(stat), Some(Duration::from_secs(3)));
    assert_eq!(rss("Name:\tx\nVmRSS:\t    2048 kB\n"), Some(2_097_152));
    assert_eq!(rss("Name:\tx\n"), None);
}
