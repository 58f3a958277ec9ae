//! Answers of the API server that a library writes into the log. In: an event. Out: whether it is written.
//!
//! The Kubernetes client warns of an answer that it cannot read with the whole answer as text: all objects of a list, with
//! whatever stands in them. The error itself comes back to the caller, which says it. Such a warning is dropped, and every other
//! one of the same target stays.

use std::fmt::{self, Write};

use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    level_filters::LevelFilter,
    subscriber::Interest,
};
use tracing_subscriber::layer::{Context, Filter};

/// Where they come from.
const TARGET: &str = "kube_client::client";

/// Lets everything pass but whole answers.
#[derive(Clone, Copy, Debug)]
pub(super) struct NoDumps;

impl<S: Subscriber> Filter<S> for NoDumps {
    fn enabled(&self, _: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        true
    }

    // Said beforehand, or every level that is off would be asked about at each of its lines.
    fn callsite_enabled(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::always()
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::TRACE)
    }

    fn event_enabled(&self, event: &Event<'_>, _: &Context<'_, S>) -> bool {
        if event.metadata().target() != TARGET {
            return true;
        }
        let mut message = Message::default();
        event.record(&mut message);
        !is_dump(&message.0)
    }
}

#[derive(Default)]
struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            // Writing to a string cannot fail.
            let _ = write!(self.0, "{value:?}");
        }
    }
}

/// Whether a message is a text with the error of its reading behind it: `…, Error("…", line: 1, column: 2)`.
fn is_dump(message: &str) -> bool {
    message
        .rfind(", Error(\"")
        .and_then(|at| message.get(at..))
        .is_some_and(|end| end.ends_with(')') && end.contains(", line: ") && end.contains(", column: "))
}
