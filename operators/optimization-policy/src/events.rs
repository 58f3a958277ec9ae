//! Events about policies and recommendations: one constructor for each, so that reasons are written once.

use trimtab_runtime::events::Event;

use crate::outcome::Draft;

/// A recommendation proposes something else than before.
pub fn superseded(before: &str, draft: &Draft) -> Event {
    Event::normal(
        "Superseded",
        "Propose",
        format!(
            "the proposal changed: cpu {}, memory {}; an approval of {before} no longer counts",
            draft.summary.cpu, draft.summary.memory
        ),
    )
}

/// A recommendation was deleted because it no longer holds. Published on the policy, since the object is gone.
pub fn withdrawn(namespace: &str, name: &str, reason: &str) -> Event {
    Event::normal("Withdrawn", "Withdraw", format!("recommendation {namespace}/{name} no longer holds: {reason}"))
}

/// The usage source cannot be read, or is too old to decide on; `reason` is that of the condition.
pub fn metrics_fault(reason: &'static str, message: &str) -> Event {
    Event::warning(reason, "ReadUsage", message)
}

/// An annotation on a workload cannot be read.
pub fn invalid_annotation(workload: &str, message: &str) -> Event {
    Event::warning("InvalidAnnotation", "Validate", format!("{workload}: {message}"))
}

/// A recommendation could not be written.
pub fn write_failed(namespace: &str, name: &str, error: &str) -> Event {
    Event::warning("WriteFailed", "Write", format!("recommendation {namespace}/{name}: {error}"))
}
