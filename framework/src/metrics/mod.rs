//! What an instance counts, and how it is told: Prometheus' text format.
//!
//! Each part of the framework counts for itself and registers a report; nothing is looked at before somebody asks for a
//! page. What is counted for every request has cells of the worker that counts, which are added up then: no lock, nothing
//! allocated, nothing that two workers write.

mod counter;
mod merged;
mod page;
mod process;
mod requests;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

pub(crate) use counter::{Counter, Gauge};
pub(crate) use merged::Merged;
pub(crate) use page::{Kind, Page};
pub(crate) use process::{Usage, report as report_process};
pub(crate) use requests::{Measuring, Meter, Names, Requests, Route, answered_by};

type Report = Arc<dyn Fn(&mut Page) + Send + Sync>;

/// The figures of an instance: what its parts registered.
#[derive(Clone, Default)]
pub(crate) struct Metrics(Arc<Mutex<Vec<Report>>>);

impl Metrics {
    /// Adds what a part has to tell.
    pub(crate) fn register(&self, report: impl Fn(&mut Page) + Send + Sync + 'static) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::new(report));
    }

    /// All figures as they are now.
    pub(crate) fn page(&self) -> String {
        let reports = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut page = Page::default();
        reports.iter().for_each(|report| report(&mut page));
        page.into_text()
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

#[cfg(test)]
mod tests;
