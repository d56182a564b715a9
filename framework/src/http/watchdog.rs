//! Names the handlers that keep their worker from its other requests.
//!
//! A worker is one thread: a handler that computes or waits for long without an `.await` stops everybody else on it. While
//! one does, a thread of its own looks on and says which it is.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use crate::Result;
use crate::config::{Config, Environment};
use crate::routes::Action;

/// What is told of a handler: its name and for how long it has blocked.
type Report = Box<dyn Fn(&str, Duration) + Send>;

/// The watchdog of an instance; its thread ends with it.
#[derive(Debug, Clone)]
pub(crate) struct Watchdog(Arc<Mutex<Vec<Weak<Seat>>>>);

/// What one worker does at the moment.
#[derive(Debug, Default)]
pub(crate) struct Seat(Mutex<Option<Busy>>);

#[derive(Debug)]
struct Busy {
    handler: Arc<str>,
    since: Instant,
    told: bool,
}

impl Watchdog {
    /// A watchdog where the configuration wants one: in development, unless told otherwise.
    ///
    /// # Errors
    /// When its thread can't be started.
    pub(crate) fn new(config: &Config) -> Result<Option<Self>> {
        let otherwise = if config.environment == Environment::Development {
            Duration::from_millis(100)
        } else {
            Duration::ZERO
        };
        let limit = config.http.blocked_after.map_or(otherwise, |span| span.get());
        if limit.is_zero() {
            return Ok(None);
        }
        Self::start(limit, Box::new(complain)).map(Some)
    }

    fn start(limit: Duration, report: Report) -> Result<Self> {
        let seats = Arc::new(Mutex::new(Vec::new()));
        let watched = Arc::downgrade(&seats);
        let look = move || {
            while let Some(seats) = watched.upgrade() {
                lock(&seats).retain(|seat: &Weak<Seat>| match seat.upgrade() {
                    Some(seat) => {
                        seat.look(limit, &report);
                        true
                    }
                    None => false,
                });
                drop(seats);
                std::thread::sleep(limit / 4);
            }
        };
        std::thread::Builder::new().name("regatta-watchdog".to_owned()).spawn(look)?;
        Ok(Self(seats))
    }

    /// A place for one worker.
    pub(crate) fn seat(&self) -> Arc<Seat> {
        let seat = Arc::new(Seat::default());
        lock(&self.0).push(Arc::downgrade(&seat));
        seat
    }
}

impl Seat {
    /// The action, looked after.
    pub(crate) fn watch(self: &Arc<Self>, action: Action, handler: &str) -> Action {
        let (seat, handler): (_, Arc<str>) = (self.clone(), handler.into());
        Action::from_raw(move |req, payload| {
            let (seat, handler) = (seat.clone(), handler.clone());
            Box::pin(Watched { seat, handler, work: action.call(req, payload) })
        })
    }

    fn look(&self, limit: Duration, report: &Report) {
        let mut busy = lock(&self.0);
        if let Some(busy) = busy.as_mut().filter(|busy| !busy.told && busy.since.elapsed() >= limit) {
            busy.told = true;
            report(&busy.handler, busy.since.elapsed());
        }
    }
}

/// A handler's future: on its seat while it runs, off it while it waits.
struct Watched<F> {
    seat: Arc<Seat>,
    handler: Arc<str>,
    work: F,
}

impl<F: Future + Unpin> Future for Watched<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.get_mut();
        *lock(&this.seat.0) =
            Some(Busy { handler: this.handler.clone(), since: Instant::now(), told: false });
        let _leaves = Leaves(&this.seat);
        Pin::new(&mut this.work).poll(cx)
    }
}

/// Frees the seat, also when the handler panics.
struct Leaves<'a>(&'a Seat);

impl Drop for Leaves<'_> {
    fn drop(&mut self) {
        *lock(&self.0.0) = None;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn complain(handler: &str, blocked: Duration) {
    let milliseconds = u64::try_from(blocked.as_millis()).unwrap_or(u64::MAX);
    tracing::warn!(
        handler,
        milliseconds,
        "a handler blocks its worker and everybody on it: await what takes long, or give it to actix_web::web::block"
    );
}

#[cfg(test)]
mod tests;
