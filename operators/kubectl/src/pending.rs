//! What something waits for that has not begun.
//!
//! In: an object of any kind that people decide on, and the digest that somebody follows. Out: a [`Course`]. Pure.

use trimtab_api::{approval::Decision, conditions::recommendation as reasons};

use crate::{course::Course, decided_on::DecidedOn, words};

/// The course of what has not begun, or never will.
pub fn pending<K: DecidedOn>(object: &K, digest: Option<&str>) -> Course {
    let never = |text: String| Course::Ended(text, None);
    if let (Some(followed), Some(present)) = (digest, object.shown_digest())
        && followed != present
    {
        return never(format!(
            "the proposal changed to {}: the approval of {} has no effect any more",
            words::short(present),
            words::short(followed)
        ));
    }
    let approved = match object.approval() {
        Some(a) if a.decision == Decision::Rejected => return never(format!("{} rejected it", a.approver)),
        Some(_) => "approved, ",
        None if object.needs_approval() => {
            return never(format!("nobody has approved it: there is no {} to follow", K::RUN));
        }
        None => "",
    };
    match (object.gates().first(), words::ready(object)) {
        (Some(gate), _) => Course::Going(format!("{approved}held by {}: {}", gate.gate, gate.message)),
        // What it said before the approval is no news.
        (None, Some((reason, message))) if ![reasons::PENDING_APPROVAL, reasons::ROLLED_BACK].contains(&reason) => {
            Course::Going(format!("{approved}{reason}: {message}"))
        }
        _ => Course::Waiting(format!("{approved}waiting for Trimtab to begin the {}", K::RUN)),
    }
}
