//! Answers of the API server that a library writes into the log. In: an event. Out: whether it is one.
//!
//! The Kubernetes client warns of an answer that it cannot read with the whole answer as text: all objects of a list, with
//! whatever stands in them. The error itself comes back to the caller, which says it. Such a warning is not written, and every
//! other one of the same target is. (A filter of a layer cannot tell them: one that refuses an event by what it says leaves its
//! refusal behind for the next event.)

use std::fmt::{self, Write};

use tracing::{
    Event,
    field::{Field, Visit},
};

/// Where they come from.
const TARGET: &str = "kube_client::client";

/// Whether the event holds a whole answer.
pub(super) fn is_dump(event: &Event<'_>) -> bool {
    if event.metadata().target() != TARGET {
        return false;
    }
    let mut message = Message::default();
    event.record(&mut message);
    ends_with_error(&message.0)
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
fn ends_with_error(message: &str) -> bool {
    message
        .rfind(", Error(\"")
        .and_then(|at| message.get(at..))
        .is_some_and(|end| end.ends_with(')') && end.contains(", line: ") && end.contains(", column: "))
}
