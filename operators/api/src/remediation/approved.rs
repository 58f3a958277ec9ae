//! What of a spec an approval is for.
//!
//! In: a spec. Out: the part of it that the digest of a plan covers, beside what the plan itself says of the cluster. What is
//! not in it either cannot be changed later, or changes nothing of what is done: it stops the action, takes it back, orders
//! it among others, or says how long its object is kept.

use serde::Serialize;

use crate::remediation::{spec::RemediationActionSpec, step::Step};

/// The part of a spec that the digest of a plan covers.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Approved<'a> {
    /// The steps, with actions, targets and parameters.
    pub steps: &'a [Step],
    /// After how many seconds the action is undone by itself: in whatever units the spec says it.
    pub undo_after_seconds: Option<i64>,
}

impl RemediationActionSpec {
    /// What an approval of this spec is for.
    #[must_use]
    pub fn approved(&self) -> Approved<'_> {
        let undo_after_seconds = self.undo.after.as_ref().and_then(|after| after.seconds());
        Approved { steps: &self.steps, undo_after_seconds }
    }
}
