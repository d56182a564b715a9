//! Work inside a span.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tracing::Span;

pin_project! {
    /// Work whose lines are its span's, those included that it writes when it is given up.
    ///
    /// As `tracing::Instrumented`, which enters the span once more for work that is done and has nothing left to say.
    pub(crate) struct Within<'s, F> {
        #[pin]
        work: Option<F>,
        span: &'s Span,
    }

    impl<F> PinnedDrop for Within<'_, F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if this.work.is_some() {
                let _entered = this.span.enter();
                this.work.set(None);
            }
        }
    }
}

/// Does `work` inside `span`.
pub(crate) fn within<F: Future>(span: &Span, work: F) -> Within<'_, F> {
    Within { work: Some(work), span }
}

impl<F: Future> Future for Within<'_, F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let _entered = this.span.enter();
        // Nobody asks again for what is done.
        let Some(work) = this.work.as_mut().as_pin_mut() else { return Poll::Pending };
        let done = ready!(work.poll(cx));
        this.work.set(None);
        Poll::Ready(done)
    }
}

#[cfg(test)]
mod tests;
