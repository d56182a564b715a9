//! Puts the instance's id into every line, and takes secrets out.

use std::fmt;

use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::redact::Redact;

/// A format with the instance's id at the front: as the first word of a text, as the first key of an object.
pub(super) struct Named<F> {
    inner: F,
    front: String,
    /// How much of the inner line is replaced by `front`.
    skip: usize,
    redact: Redact,
}

impl<F> Named<F> {
    pub(super) fn text(inner: F, instance: &str, redact: Redact) -> Self {
        Self { inner, front: format!("instance={instance} "), skip: 0, redact }
    }

    pub(super) fn json(inner: F, instance: &str, redact: Redact) -> Self {
        Self { inner, front: format!("{{\"instance\":\"{instance}\","), skip: 1, redact }
    }
}

impl<S, N, F> FormatEvent<S, N> for Named<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        ctx: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = String::new();
        self.inner.format_event(ctx, Writer::new(&mut line), event)?;
        writer.write_str(&self.front)?;
        writer.write_str(&self.redact.apply(line.get(self.skip..).unwrap_or_default()))
    }
}
