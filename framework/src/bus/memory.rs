//! One instance: nobody to tell, nobody to hear.

use futures_util::future::{self, BoxFuture, FutureExt};
use tokio::sync::mpsc;

use super::{Answers, Bus, BusStats, Message, Question, count};
use crate::Result;
use crate::health::Check;
use crate::metrics::Page;

#[derive(Debug)]
pub(super) struct MemoryBus {
    stats: BusStats,
    /// Held so that whoever waits for other instances' messages goes on waiting.
    _incoming: mpsc::Sender<Message>,
}

impl MemoryBus {
    pub(super) fn new(incoming: mpsc::Sender<Message>) -> Self {
        Self { stats: BusStats::default(), _incoming: incoming }
    }
}

impl Bus for MemoryBus {
    fn publish(&self, _: Message) {
        count(&self.stats.published, 1);
    }

    fn ask<'a>(&'a self, _: &'a str, _: Question) -> BoxFuture<'a, Result<Answers>> {
        future::ready(Ok(Answers::none())).boxed()
    }

    fn stats(&self) -> &BusStats {
        &self.stats
    }

    fn report(&self, page: &mut Page) {
        self.stats.report(page, 0);
    }

    fn subscribed(&self) -> BoxFuture<'_, ()> {
        future::ready(()).boxed()
    }

    fn flushed(&self) -> BoxFuture<'_, ()> {
        future::ready(()).boxed()
    }

    fn check(&self) -> Option<Check> {
        None
    }
}
