//! What the spec of an action says about time and failure, as numbers.
//!
//! In: the spec and the time of creation. Out: seconds and absolute times. The schema refuses what cannot be read; objects
//! stored before a rule existed still get here, and get the careful default.

use jiff::Timestamp;
use trimtab_api::{
    remediation::spec::{ActionMode, OnFailure, RemediationActionSpec},
    risk::RiskLevel,
    time::Duration,
};
use trimtab_engine::text::after;

/// How long an action without an undo of its own can be undone after its end, in seconds.
const UNDOABLE_S: i64 = 24 * 3600;

/// What a spec says about time and failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Whether anything is changed.
    pub mode: ActionMode,
    /// How long a step may take, in seconds.
    pub timeout_s: i64,
    /// How long target and neighbours are watched after the last step, in seconds.
    pub window_s: i64,
    /// The action does not start before this.
    pub not_before: Option<Timestamp>,
    /// The action does not start after this.
    pub start_by: Timestamp,
    /// Whether it was cancelled.
    pub cancel: bool,
    /// What happens if a step fails.
    pub on_failure: OnFailure,
    /// It is undone by itself after this, in seconds from the end of its last step.
    pub undo_after_s: Option<i64>,
    /// Whether it is to be undone now.
    pub undo_now: bool,
    /// The highest risk that it accepts.
    pub max_risk: Option<RiskLevel>,
    /// Whether it accepts what cannot be undone.
    pub accept_irreversible: bool,
    /// How long the object is kept after its end, in seconds.
    pub ttl_s: i64,
}

impl Settings {
    /// Reads `spec`, of an object that was created at `created`.
    pub fn read(spec: &RemediationActionSpec, created: Timestamp) -> Self {
        let seconds = |duration: &Duration, default: i64| duration.seconds().filter(|s| *s >= 0).unwrap_or(default);
        let not_before = spec.not_before.as_ref().map(|time| time.0);
        let from = not_before.map_or(created, |time| time.max(created));
        Self {
            mode: spec.mode,
            timeout_s: seconds(&spec.timeout, 900),
            window_s: seconds(&spec.verify.window, 900),
            not_before,
            start_by: after(from, seconds(&spec.start_deadline, 3600)),
            cancel: spec.cancel,
            on_failure: spec.on_failure,
            undo_after_s: spec.undo.after.as_ref().map(|duration| seconds(duration, 0)),
            undo_now: spec.undo.now,
            max_risk: spec.max_risk_level,
            accept_irreversible: spec.accept_irreversible,
            ttl_s: seconds(&spec.ttl_after_finished, 7 * 24 * 3600),
        }
    }

    /// When an action of so many steps that starts now is undone by itself at the latest, and until when it can be undone. Both
    /// stand in the status before anything is changed; the end of the last step brings them forward.
    pub fn undo_times(&self, steps: usize, now: Timestamp) -> (Option<Timestamp>, Timestamp) {
        let steps = i64::try_from(steps).unwrap_or(i64::MAX);
        self.times_after(after(now, steps.saturating_mul(self.timeout_s)))
    }

    /// The same, once the last step has ended at `end`.
    pub fn times_after(&self, end: Timestamp) -> (Option<Timestamp>, Timestamp) {
        let due = self.undo_after_s.map(|seconds| after(end, seconds));
        (due, after(due.unwrap_or(end), UNDOABLE_S))
    }
}
