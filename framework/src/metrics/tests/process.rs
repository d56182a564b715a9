use std::time::{Duration, SystemTime};

use super::figure;
use crate::metrics::process::{cpu, field};
use crate::metrics::{Page, Usage, report_process};

#[test]
fn a_process_knows_what_it_uses() {
    let usage = Usage::of(std::process::id());
    assert!(usage.rss.is_some_and(|rss| rss > 1_000_000), "{usage:?}");
    assert!(usage.cpu.is_some() && usage.threads.is_some());
}

#[test]
fn names_with_spaces_and_parentheses_do_no_harm() {
    let stat = "7 (a) b (c) S 1 7 7 0 -1 4194560 1 0 0 0 250 50 0 0 20 0 1 0 100 1 1 1";
    assert_eq!(cpu(stat), Some(Duration::from_secs(3)));
    assert_eq!(field("Name:\tx\nVmRSS:\t    2048 kB\n", "VmRSS:"), Some(2048));
    assert_eq!(field("Name:\tx\n", "VmRSS:"), None);
}

#[test]
fn a_page_tells_what_the_process_uses() {
    let mut page = Page::default();
    report_process(&mut page, SystemTime::UNIX_EPOCH + Duration::from_millis(1_500));
    let page = page.into_text();
    assert!(figure(&page, "process_resident_memory_bytes") > 1_000_000.0);
    assert!(figure(&page, "process_open_fds") >= 3.0);
    assert!(figure(&page, "process_max_fds") >= figure(&page, "process_open_fds"));
    assert_eq!(figure(&page, "process_start_time_seconds"), 1.5);
}
