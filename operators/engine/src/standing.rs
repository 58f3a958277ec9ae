//! The standing of a change, and its conditions: observations of `Ready`, `Succeeded`, and `Reconciling` or `Stalled` where
//! they hold. In: a [`Standing`]. Out: its conditions.
//!
//! Tools that follow kstatus (Flux, Argo CD, `kubectl wait`) read `Ready=False` alone as "in progress, keep waiting".
//! So an unsuccessful end carries `Stalled=True`, which they read as failed: only a new proposal or a person makes
//! progress. So does a change in force that new pods do not get. What waits for an approval is in progress for them, and
//! carries neither: Trimtab is not working on it.

use trimtab_api::{
    conditions::{recommendation as reasons, types},
    gates::ClosedGate,
};
use trimtab_core::conditions::Observation;

use crate::text::gates;

/// The standing of a change, from which the conditions of its object follow.
#[derive(Clone, Debug, PartialEq)]
pub enum Standing {
    /// Not approved.
    Pending,
    /// Rejected, and nothing of it is in force.
    Rejected,
    /// Not approved, and the same was rejected before, here or on another object: by whom and when.
    RejectedBefore(String),
    /// Approved, and blocked by these gates.
    Blocked(Vec<ClosedGate>),
    /// Under way: what it waits for, in a sentence.
    RollingOut(String),
    /// Under way, and being watched: after a step, or as a whole at the end.
    Verifying(String),
    /// Under way, and paused: a check is inconclusive, or something blocks it.
    Paused {
        /// Why, in one CamelCase word.
        reason: String,
        /// Why, and what a person can do.
        message: String,
    },
    /// The former values are being restored; why.
    Undoing(String),
    /// Applied, and in force.
    Applied(String),
    /// Applied, and not in force everywhere it should be, as where new pods do not get a size: why, and where it still is.
    NotDelivered(String),
    /// Undone; why.
    RolledBack(String),
    /// What it changed was changed, replaced or deleted by somebody else.
    Superseded(String),
    /// Over, in a way that only this kind of change has.
    Over {
        /// How it ended, in one CamelCase word.
        reason: &'static str,
        /// What became of it.
        message: String,
        /// Whether it has done what was asked of it; `None` if nothing was to be done, so that there is nothing to say.
        is_well: Option<bool>,
    },
}

/// The words under which a kind of change reports its standings: the reasons of its conditions, and the messages that need
/// no further facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reasons {
    /// Not approved: the reason, and what to do.
    pub pending: (&'static str, &'static str),
    /// Rejected: the reason, and what that means.
    pub rejected: (&'static str, &'static str),
    /// Approved, and blocked.
    pub blocked: &'static str,
    /// Under way.
    pub under_way: &'static str,
    /// Being watched.
    pub watched: &'static str,
    /// Paused for a cause that has no reason of its own.
    pub paused: &'static str,
    /// Being undone.
    pub undoing: &'static str,
    /// Applied, and in force.
    pub applied: &'static str,
    /// Applied, and not in force everywhere.
    pub not_delivered: &'static str,
    /// Undone.
    pub undone: &'static str,
    /// Overtaken by what somebody else did.
    pub superseded: &'static str,
}

impl Reasons {
    /// Those of a Recommendation.
    pub const RECOMMENDATION: Self = Self {
        pending: (
            reasons::PENDING_APPROVAL,
            "waiting for approval: set spec.approval with the digest in status.proposalDigest",
        ),
        rejected: (reasons::REJECTED, "somebody rejected it, and nothing of it is in force"),
        blocked: reasons::BLOCKED,
        under_way: reasons::ROLLING_OUT,
        watched: reasons::VERIFYING,
        paused: reasons::PAUSED,
        undoing: reasons::ROLLING_BACK,
        applied: reasons::APPLIED,
        not_delivered: reasons::SIZE_NOT_DELIVERED,
        undone: reasons::ROLLED_BACK,
        superseded: reasons::SUPERSEDED,
    };
}

/// The conditions of a Recommendation whose change has this standing.
pub fn conditions(standing: &Standing) -> Vec<Observation> {
    conditions_in(&Reasons::RECOMMENDATION, standing)
}

/// The conditions of an object whose change has this standing, in the words of its kind.
pub fn conditions_in(by: &Reasons, standing: &Standing) -> Vec<Observation> {
    let (reason, message) = words(by, standing);
    let (ready, succeeded) = match standing {
        Standing::Applied(_) | Standing::Over { is_well: Some(true), .. } => {
            (Observation::yes as Make, Observation::yes as Make)
        }
        Standing::NotDelivered(_) => (Observation::no as Make, Observation::yes as Make),
        Standing::RolledBack(_)
        | Standing::Rejected
        | Standing::RejectedBefore(_)
        | Standing::Superseded(_)
        | Standing::Over { is_well: Some(false), .. } => (Observation::no as Make, Observation::no as Make),
        Standing::Over { is_well: None, .. } => (Observation::yes as Make, Observation::unknown as Make),
        _ => (Observation::no as Make, Observation::unknown as Make),
    };
    let mut observed = vec![
        ready(types::READY, reason.clone(), message.clone()),
        succeeded(types::SUCCEEDED, reason.clone(), message.clone()),
    ];
    match standing {
        Standing::Applied(_) | Standing::Pending | Standing::Over { is_well: None | Some(true), .. } => {}
        Standing::NotDelivered(_)
        | Standing::RolledBack(_)
        | Standing::Rejected
        | Standing::RejectedBefore(_)
        | Standing::Superseded(_)
        | Standing::Over { is_well: Some(false), .. } => {
            observed.push(Observation::yes(types::STALLED, reason, message));
        }
        _ => observed.push(Observation::yes(types::RECONCILING, reason, message)),
    }
    observed
}

type Make = fn(&'static str, String, String) -> Observation;

fn words(by: &Reasons, standing: &Standing) -> (String, String) {
    let (reason, message) = match standing {
        Standing::Pending => (by.pending.0, by.pending.1.to_owned()),
        Standing::Rejected => (by.rejected.0, by.rejected.1.to_owned()),
        Standing::RejectedBefore(message) => (by.rejected.0, message.clone()),
        Standing::Blocked(closed) => (by.blocked, format!("approved, but cannot start yet: {}", gates(closed))),
        Standing::RollingOut(message) => (by.under_way, message.clone()),
        Standing::Verifying(message) => (by.watched, message.clone()),
        Standing::Paused { reason, message } => {
            (if is_reason(reason) { reason.as_str() } else { by.paused }, message.clone())
        }
        Standing::Undoing(message) => (by.undoing, message.clone()),
        Standing::Applied(message) => (by.applied, message.clone()),
        Standing::NotDelivered(message) => (by.not_delivered, message.clone()),
        Standing::RolledBack(message) => (by.undone, message.clone()),
        Standing::Superseded(message) => (by.superseded, message.clone()),
        Standing::Over { reason, message, .. } => (*reason, message.clone()),
    };
    (reason.to_owned(), message)
}

/// Whether the API server accepts `word` as the reason of a condition. External gates have reasons of their own.
fn is_reason(word: &str) -> bool {
    word.len() <= 1024
        && word.starts_with(|c: char| c.is_ascii_uppercase())
        && word.chars().all(|c| c.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(standing: &Standing) -> Vec<(String, String, String)> {
        conditions(standing).into_iter().map(|c| (c.kind.to_owned(), c.status.as_str().to_owned(), c.reason)).collect()
    }

    #[test]
    fn a_kind_has_words_of_its_own_and_an_end_says_whether_it_is_well() {
        let own = Reasons { pending: ("Waiting", "wait"), ..Reasons::RECOMMENDATION };
        let said: Vec<_> = conditions_in(&own, &Standing::Pending).into_iter().map(|c| (c.reason, c.message)).collect();
        assert!(said.iter().all(|(reason, message)| reason == "Waiting" && message == "wait"), "{said:?}");
        for (is_well, statuses) in [
            (Some(true), vec![("Ready", "True"), ("Succeeded", "True")]),
            (None, vec![("Ready", "True"), ("Succeeded", "Unknown")]),
            (Some(false), vec![("Ready", "False"), ("Succeeded", "False"), ("Stalled", "True")]),
        ] {
            let found = shown(&Standing::Over { reason: "Expired", message: String::new(), is_well });
            let found: Vec<_> = found.iter().map(|(kind, status, _)| (kind.as_str(), status.as_str())).collect();
            assert_eq!(found, statuses, "{is_well:?}");
        }
    }
}
