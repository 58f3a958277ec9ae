//! Trace ids in log lines. In: a formatter of lines. Out: the same lines with the `trace_id` of their span, and
//! without those that contain a whole response of the API server.

use std::fmt;

use opentelemetry::trace::TraceContextExt;
use tracing::{Event, Subscriber};
use tracing_subscriber::{
    fmt::{FmtContext, FormatEvent, FormatFields, format::Writer},
    registry::LookupSpan,
};

use super::dumps;

/// A formatter with trace ids, if traces are on.
pub(super) struct WithTrace<F> {
    inner: F,
    traces: bool,
    json: bool,
}

impl<F> WithTrace<F> {
    pub(super) fn new(inner: F, traces: bool, json: bool) -> Self {
        Self { inner, traces, json }
    }
}

impl<S, N, F> FormatEvent<S, N> for WithTrace<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(&self, ctx: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        if dumps::is_dump(event) {
            return Ok(());
        }
        // Entering a span makes its context the current one.
        let context = self.traces.then(opentelemetry::Context::current);
        let id = context.as_ref().map(|c| c.span().span_context().clone()).filter(|c| c.is_valid());
        let Some(id) = id else { return self.inner.format_event(ctx, writer, event) };
        let mut line = String::new();
        // Colours are a setting of the inner formatter, so they are not lost here.
        self.inner.format_event(ctx, Writer::new(&mut line), event)?;
        match line.strip_prefix('{') {
            Some(rest) if self.json => write!(writer, "{{\"trace_id\":\"{}\",{rest}", id.trace_id()),
            _ => writeln!(writer, "{} trace_id={}", line.trim_end_matches('\n'), id.trace_id()),
        }
    }
}
