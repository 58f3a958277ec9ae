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
    /// Applied, and new pods do not get it: why, and how many pods still have it.
    NotDelivered(String),
    /// Undone; why.
    RolledBack(String),
    /// What it changed was changed, replaced or deleted by somebody else.
    Superseded(String),
}

/// The conditions of an object whose change has this standing.
pub fn conditions(standing: &Standing) -> Vec<Observation> {
    let (reason, message) = words(standing);
    let (ready, succeeded) = match standing {
        Standing::Applied(_) => (Observation::yes as Make, Observation::yes as Make),
        Standing::NotDelivered(_) => (Observation::no as Make, Observation::yes as Make),
        Standing::RolledBack(_) | Standing::Rejected | Standing::RejectedBefore(_) | Standing::Superseded(_) => {
            (Observation::no as Make, Observation::no as Make)
        }
        _ => (Observation::no as Make, Observation::unknown as Make),
    };
    let mut observed = vec![
        ready(types::READY, reason.clone(), message.clone()),
        succeeded(types::SUCCEEDED, reason.clone(), message.clone()),
    ];
    match standing {
        Standing::Applied(_) | Standing::Pending => {}
        Standing::NotDelivered(_)
        | Standing::RolledBack(_)
        | Standing::Rejected
        | Standing::RejectedBefore(_)
        | Standing::Superseded(_) => {
            observed.push(Observation::yes(types::STALLED, reason, message));
        }
        _ => observed.push(Observation::yes(types::RECONCILING, reason, message)),
    }
    observed
}

type Make = fn(&'static str, String, String) -> Observation;

fn words(standing: &Standing) -> (String, String) {
    let (reason, message) = match standing {
        Standing::Pending => (
            reasons::PENDING_APPROVAL,
            "waiting for approval: set spec.approval with the digest in status.proposalDigest".to_owned(),
        ),
        Standing::Rejected => (reasons::REJECTED, "somebody rejected it, and nothing of it is in force".to_owned()),
        Standing::RejectedBefore(message) => (reasons::REJECTED, message.clone()),
        Standing::Blocked(closed) => (reasons::BLOCKED, format!("approved, but cannot start yet: {}", gates(closed))),
        Standing::RollingOut(message) => (reasons::ROLLING_OUT, message.clone()),
        Standing::Verifying(message) => (reasons::VERIFYING, message.clone()),
        Standing::Paused { reason, message } => {
            (if is_reason(reason) { reason } else { reasons::PAUSED }, message.clone())
        }
        Standing::Undoing(message) => (reasons::ROLLING_BACK, message.clone()),
        Standing::Applied(message) => (reasons::APPLIED, message.clone()),
        Standing::NotDelivered(message) => (reasons::SIZE_NOT_DELIVERED, message.clone()),
        Standing::RolledBack(message) => (reasons::ROLLED_BACK, message.clone()),
        Standing::Superseded(message) => (reasons::SUPERSEDED, message.clone()),
    };
    (reason.to_owned(), message)
}

/// Whether the API server accepts `word` as the reason of a condition. External gates have reasons of their own.
fn is_reason(word: &str) -> bool {
    word.len() <= 1024
        && word.starts_with(|c: char| c.is_ascii_uppercase())
        && word.chars().all(|c| c.is_ascii_alphanumeric())
}
