//! This controller's part of a Recommendation's status. In: the row, its standing, the time. Out: the fields to apply,
//! or that nothing changed; the row as it is once they are written. Pure.
//!
//! The policy controller writes figures and evidence; this controller writes the conditions, the decision, the gates,
//! the rollout and the realised savings. For a person's proposal it writes the figures too, as far as there are any.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use serde_json::{Map, Value, json};
use trimtab_api::{
    approval::HonouredApproval, conditions::recommendation as reasons, gates::ClosedGate, rollout::RolloutStatus,
    runbooks::Runbooks, savings::RealisedSavings,
};
use trimtab_core::conditions::merge;
use trimtab_driver::reconciled::ready;
use trimtab_engine::standing::{Standing, conditions};
use trimtab_recommendation_row::RecommendationRow;

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

/// A status to write.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    /// The rollout.
    pub rollout: Option<RolloutStatus>,
    /// The decision.
    pub honoured: Option<HonouredApproval>,
    /// The conditions.
    pub conditions: Vec<Condition>,
    /// The gates.
    pub gates: Vec<ClosedGate>,
    /// The realised savings.
    pub realised: Option<RealisedSavings>,
    /// The displayed digest.
    pub shown_digest: Option<String>,
    /// The observed generation.
    pub observed_generation: Option<i64>,
}

/// Shows in `row` what was written to its status.
pub fn show(row: &mut RecommendationRow, written: &Written) {
    row.rollout.clone_from(&written.rollout);
    row.honoured.clone_from(&written.honoured);
    row.conditions.clone_from(&written.conditions);
    row.gates.clone_from(&written.gates);
    row.realised.clone_from(&written.realised);
    row.shown_digest.clone_from(&written.shown_digest);
    row.observed_generation = written.observed_generation;
}

/// The status to write over that of `row`. Messages lead to `runbooks`.
pub fn written(row: &RecommendationRow, shown: Shown, runbooks: &Runbooks, now: Timestamp) -> Written {
    let gates: Vec<ClosedGate> = match &shown.standing {
        Standing::Blocked(gates) => gates.clone(),
        _ => Vec::new(),
    };
    let observed = conditions(&shown.standing);
    Written {
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
fn gist(conditions: &[Condition]) -> Option<String> {
    let (reason, message) = ready(conditions)?;
    (reason == reasons::SIZE_NOT_DELIVERED).then(|| message.chars().filter(|c| !c.is_ascii_digit()).collect())
}

/// Whether the reason or the status of a condition changed, or the gist of a message, rather than a number in it.
pub fn is_news(row: &RecommendationRow, written: &Written) -> bool {
    let words = |conditions: &[Condition]| -> Vec<(String, String, String)> {
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use trimtab_api::Recommendation;

    use super::*;

    #[test]
    fn what_was_written_and_is_shown_is_not_written_again() {
        let object: Recommendation = serde_json::from_value(json!({
            "apiVersion": "trimtab.dev/v1alpha1", "kind": "Recommendation",
            "metadata": {"name": "mine", "namespace": "shop", "generation": 7, "resourceVersion": "4"},
            "spec": {"type": "RightSize",
                "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
                "proposal": {"containers": [{"name": "app", "requests": {"cpu": "1"}}]}},
            "status": {"observedGeneration": 6},
        }))
        .unwrap();
        let mut row = RecommendationRow::of(&object).unwrap();
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let rollout = serde_json::from_value(json!({"proposalDigest": "sha256:1", "targetUid": "u1", "template": "1",
            "approvedBy": {"kind": "Person", "name": "ada"}, "stage": "Resizing", "step": 1, "steps": 1,
            "progress": "0/1", "started": now, "stageSince": now, "delivery": "Manual", "former": [], "desired": [],
            "baseline": {"readyPods": 1, "restarts": 0, "oomKills": 0, "pendingPods": 0, "readyNeighbours": 0}}));
        let gate = ClosedGate { gate: "Mode".to_owned(), reason: "ModeOff".to_owned(), message: "off".to_owned() };
        let approval = json!({"decision": "Approved", "by": {"kind": "Person", "name": "ada"}, "rule": "",
            "proposalDigest": "sha256:1", "since": now});
        let realised =
            json!({"monthly": "1.00", "total": "2.00", "currency": "USD", "pods": 1, "since": now, "until": now});
        let shown = Shown {
            standing: Standing::Blocked(vec![gate]),
            honoured: Some(serde_json::from_value(approval).unwrap()),
            rollout: Some(rollout.unwrap()),
            realised: Some(serde_json::from_value(realised).unwrap()),
        };
        let written = written(&row, shown, &Runbooks::default(), now);
        assert!(differs(&row, &written) && is_news(&row, &written));
        show(&mut row, &written);
        assert!(!differs(&row, &written) && !is_news(&row, &written), "{row:?}");
        assert_eq!(row.observed_generation, Some(7));
    }
}
