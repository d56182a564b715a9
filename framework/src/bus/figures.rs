//! The figures of a bus.

use std::sync::atomic::Ordering;

use super::BusStats;
use crate::metrics::Page;

impl BusStats {
    /// Writes the counters, and how many messages wait to be sent.
    pub(super) fn report(&self, page: &mut Page, waiting: usize) {
        let counters = [
            ("regatta_bus_published_total", "Messages for other instances.", &self.published),
            ("regatta_bus_received_total", "Messages of other instances.", &self.received),
            (
                "regatta_bus_dropped_total",
                "Messages that had to go because too many waited, in either direction.",
                &self.dropped,
            ),
            ("regatta_bus_ignored_total", "Messages that could not be understood.", &self.ignored),
            ("regatta_bus_missed_total", "Messages of other instances that never arrived.", &self.missed),
            ("regatta_bus_repeated_total", "Messages that had arrived already.", &self.repeated),
            (
                "regatta_bus_reconnects_total",
                "Times other instances were not heard, and then were again.",
                &self.reconnects,
            ),
        ];
        for (name, help, counter) in counters {
            page.counter(name, help, counter.load(Ordering::Relaxed));
        }
        page.gauge("regatta_bus_waiting", "Messages that wait to be sent to other instances.", waiting);
    }
}
