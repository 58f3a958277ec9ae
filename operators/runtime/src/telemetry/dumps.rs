//! Responses of the API server that a library dumps into the log. In: a log event. Out: whether it is such a dump.
//!
//! When the Kubernetes client cannot decode a response, it logs a warning with the whole response as text: all objects
//! of a list, with all their contents. The error itself is returned to the caller, which reports it. Such warnings are
//! dropped; all others of the same target are written. (A per-layer filter cannot do this: one that rejects an event
//! by its contents also affects the next event.)

use std::fmt::{self, Write};

use tracing::{
    Event,
    field::{Field, Visit},
};

/// The target of these warnings.
const TARGET: &str = "kube_client::client";

/// Whether the event contains a whole response.
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

/// Whether a message is a text followed by its decoding error: `…, Error("…", line: 1, column: 2)`.
fn ends_with_error(message: &str) -> bool {
    message
        .rfind(", Error(\"")
        .and_then(|at| message.get(at..))
        .is_some_and(|end| end.ends_with(')') && end.contains(", line: ") && end.contains(", column: "))
}
