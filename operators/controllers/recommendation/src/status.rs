//! This controller's part of a Recommendation's status. In: the row, its standing, the time. Out: the fields to apply,
//! or that nothing changed. Pure.
//!
//! The policy controller writes figures and evidence; this controller writes the conditions, the decision, the gates,
//! the rollout and the realised savings. For a person's proposal it writes the figures too, as far as there are any.

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use trimtab_api::{
    approval::HonouredApproval,
    conditions::{recommendation as reasons, types},
    gates::ClosedGate,
    rollout::RolloutStatus,
    runbooks::Runbooks,
    savings::RealisedSavings,
};
use trimtab_core::conditions::merge;
use trimtab_engine::standing::{Standing, conditions};
use trimtab_recommendation_row::RecommendationRow;

use crate::pending_writes::Written;

/// The content to show.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    /// The standing.
    pub standing: Standing,
    /// The honoured decision.
    pub honoured: Option<HonouredApproval>,
    /// The rollout.
    pub rollout: Option<RolloutStatus>,
    /// The realised savings.
    pub realised: Option<RealisedSavings>,
}

/// The status to write over that of `row`. Messages lead to `runbooks`.
pub fn written(row: &RecommendationRow, shown: Shown, runbooks: &Runbooks, now: Timestamp) -> Written {
    let gates: Vec<ClosedGate> = match &shown.standing {
        Standing::Blocked(gates) => gates.clone(),
        _ => Vec::new(),
    };
    let observed = conditions(&shown.standing);
    Written {
        version: 0,
        conditions: merge(&row.conditions, &observed, |reason| runbooks.page(reason), Some(row.generation), now),
        gates,
        honoured: shown.honoured,
        rollout: shown.rollout,
        realised: shown.realised,
        // The digest of a policy's proposal is written with its figures, so that nobody approves one that has none yet.
        shown_digest: if row.policy.is_none() { Some(row.digest.clone()) } else { row.shown_digest.clone() },
        observed_generation: Some(row.generation),
    }
}

/// Whether `written` differs from the status in `row`. A different time in a message alone does not count.
pub fn differs(row: &RecommendationRow, written: &Written) -> bool {
    row.conditions != written.conditions
        || row.gates != written.gates
        || row.honoured != written.honoured
        || row.rollout != written.rollout
        || row.realised != written.realised
        || (row.observed_generation.is_some() && row.observed_generation != written.observed_generation)
        || (row.policy.is_none() && row.shown_digest != written.shown_digest)
}

/// What matters in the message of `Ready`, beside its numbers: why new pods do not get a size that is in force.
fn gist(conditions: &[k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition]) -> Option<String> {
    let (reason, message) = word(conditions)?;
    (reason == reasons::SIZE_NOT_DELIVERED).then(|| message.chars().filter(|c| !c.is_ascii_digit()).collect())
}

/// Whether the reason or the status of a condition changed, or the gist of a message, rather than a number in it.
pub fn is_news(row: &RecommendationRow, written: &Written) -> bool {
    let words =
        |conditions: &[k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition]| -> Vec<(String, String, String)> {
            conditions.iter().map(|c| (c.type_.clone(), c.status.clone(), c.reason.clone())).collect()
        };
    let closed = |gates: &[ClosedGate]| -> Vec<(String, String)> {
        gates.iter().map(|g| (g.gate.clone(), g.reason.clone())).collect()
    };
    words(&row.conditions) != words(&written.conditions)
        || gist(&row.conditions) != gist(&written.conditions)
        || closed(&row.gates) != closed(&written.gates)
        || row.honoured != written.honoured
        || row.rollout != written.rollout
        || row.realised != written.realised
        || (row.policy.is_none() && row.shown_digest != written.shown_digest)
}

/// The reason of `Ready` in a status.
pub fn word(conditions: &[k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition]) -> Option<(&str, &str)> {
    conditions.iter().find(|c| c.type_ == types::READY).map(|c| (c.reason.as_str(), c.message.as_str()))
}

/// The body of the apply: every field of this controller, so that absent ones are removed.
pub fn body(row: &RecommendationRow, written: &Written) -> Value {
    let mut status = Map::new();
    let mut put = |key: &str, value: Value| {
        if !value.is_null() && value != json!([]) {
            status.insert(key.to_owned(), value);
        }
    };
    put("conditions", json!(written.conditions));
    put("gates", json!(written.gates));
    put("approval", json!(written.honoured));
    put("rollout", json!(written.rollout));
    put("realisedSavings", json!(written.realised));
    put("observedGeneration", json!(row.generation));
    if row.policy.is_none() {
        put("proposalDigest", json!(written.shown_digest));
    }
    json!({"status": status})
}
