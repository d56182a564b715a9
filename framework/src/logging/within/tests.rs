use std::future::{pending, poll_fn};
use std::task::{Context, Poll, Waker};

use tracing::Span;
use tracing_subscriber::registry;

use super::within;

/// The name of the span at hand.
fn here() -> Option<&'static str> {
    Span::current().metadata().map(|span| span.name())
}

/// Tells where it ended.
struct Ending<'a>(&'a mut Option<&'static str>);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        *self.0 = here();
    }
}

fn once<F: Future>(work: F) -> Poll<F::Output> {
    Box::pin(work).as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn work_is_inside_its_span_until_its_end() {
    tracing::subscriber::with_default(registry(), || {
        let (span, mut ended) = (tracing::info_span!("request"), None);
        let ending = Ending(&mut ended);
        let work = poll_fn(move |_| {
            let _ = &ending;
            Poll::Ready(here())
        });
        assert_eq!(once(within(&span, work)), Poll::Ready(Some("request")));
        assert_eq!((ended, here()), (Some("request"), None));
    });
}

#[test]
fn work_that_is_given_up_ends_inside_its_span() {
    tracing::subscriber::with_default(registry(), || {
        let (span, mut ended) = (tracing::info_span!("request"), None);
        let ending = Ending(&mut ended);
        let work = async move {
            let _ending = ending;
            pending::<()>().await;
        };
        assert!(once(within(&span, work)).is_pending());
        assert_eq!((ended, here()), (Some("request"), None));
    });
}
