//! How the reconcile of one object ended. In: the answers to its requests and status writes. Out: when to reconcile
//! again, and whether the pass counts as failed. Pure.
//!
//! A pass fails where Trimtab itself could not work: no answer, a missing permission, a status that could not be
//! written. What people or the cluster have to settle (a quota, an admission policy, a budget, the emergency stop) is
//! in the status and is no failure; nor is an object that changed or was deleted meanwhile.

use std::time::Duration;

use trimtab_runtime::{ApplyError, metrics::Outcome};

/// The result of a reconcile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ran {
    /// When to reconcile again, if the passage of time alone may change something.
    pub again: Option<Duration>,
    /// Whether an attempted action failed.
    pub failed: bool,
}

impl From<Option<Duration>> for Ran {
    fn from(again: Option<Duration>) -> Self {
        Self { again, failed: false }
    }
}

impl Ran {
    /// How the pass counts. An instance that lost the lead meanwhile correctly writes nothing.
    pub fn outcome(self, leads: bool) -> Outcome {
        match self {
            Self { failed: true, .. } if leads => Outcome::Error,
            Self { again: Some(_), .. } => Outcome::RequeueAfter,
            Self { again: None, .. } => Outcome::Success,
        }
    }
}

/// Whether this error of a status write fails the pass. An object that changed or was deleted meanwhile is reconciled
/// again.
pub fn write_failed(error: &ApplyError) -> bool {
    !error.is_gone() && !matches!(error, ApplyError::Stale { .. })
}

#[cfg(test)]
mod tests {
    use trimtab_runtime::apply::Target;

    use super::*;

    fn target() -> Box<Target> {
        Box::new(Target {
            verb: "patch",
            group: "trimtab.dev".to_owned(),
            resource: "recommendations/status".to_owned(),
            namespace: Some("shop".to_owned()),
            name: "deploy-web".to_owned(),
        })
    }

    #[test]
    fn a_status_write_fails_the_pass_unless_the_object_changed_or_was_deleted_meanwhile() {
        let text = || "why".to_owned();
        for (error, expected) in [
            (ApplyError::Forbidden { verb: text(), resource: text(), message: text() }, true),
            (ApplyError::Unauthorized { message: text() }, true),
            (ApplyError::Unavailable { message: text() }, true),
            (ApplyError::Throttled { retry_after: None }, true),
            (ApplyError::Denied { target: target(), message: text() }, true),
            (ApplyError::QuotaExceeded { target: target(), message: text() }, true),
            (ApplyError::Invalid { target: target(), message: text() }, true),
            (ApplyError::Conflict { target: target(), owners: Vec::new() }, true),
            (ApplyError::Stale { target: target(), message: text() }, false),
            (ApplyError::NotFound { target: target() }, false),
            (ApplyError::NamespaceTerminating { namespace: text() }, false),
        ] {
            assert_eq!(write_failed(&error), expected, "{error}");
        }
    }

    #[test]
    fn a_failed_pass_is_an_error_whenever_it_is_looked_at_again_but_not_of_who_lost_the_lead() {
        let later = Some(Duration::from_secs(2));
        assert_eq!(Ran::from(None).outcome(true), Outcome::Success);
        assert_eq!(Ran::from(later).outcome(true), Outcome::RequeueAfter);
        for again in [None, later] {
            assert_eq!(Ran { again, failed: true }.outcome(true), Outcome::Error);
            assert_ne!(Ran { again, failed: true }.outcome(false), Outcome::Error);
        }
    }
}
