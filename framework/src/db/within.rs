//! Work on a pool that has to be done in time.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::time::{Timeout, timeout};

use super::given_up::Watch;
use super::{DbError, Store};

/// The server ends a statement at its deadline; this much later the client gives up on the server.
const GRACE: Duration = Duration::from_millis(500);

pin_project! {
    /// Who gives it up before it is done leaves a connection in the middle of something.
    pub(super) struct Within<'a, F> {
        // Dropped before the work is, whose connection then comes back.
        watch: Option<Watch<'a>>,
        #[pin]
        work: Timeout<F>,
    }
}

impl Store {
    /// Does work on the pool within the deadline of statements. Sizes matter here: what is awaited in an `async fn` that
    /// was given it has its place there twice, and every request to a model waits for this.
    pub(super) fn within<F: Future>(&self, work: F) -> Within<'_, F> {
        Within { watch: Some(self.0.given_up.watch()), work: timeout(self.timeout() + GRACE, work) }
    }
}

impl<F: Future> Future for Within<'_, F> {
    type Output = Result<F::Output, DbError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let done = ready!(this.work.poll(cx)).map_err(|_| DbError::Timeout)?;
        if let Some(watch) = this.watch.take() {
            watch.finish();
        }
        Poll::Ready(Ok(done))
    }
}

#[cfg(test)]
mod tests;
