//! What the reconciler of `trimtab-driver` has to know of Recommendations. In: rows, statuses to write. Out: metadata,
//! rollouts, and what a status says that was not said before. Pure.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::core::DynamicObject;
use serde_json::Value;
use trimtab_api::{Recommendation, rollout::RolloutStatus};
use trimtab_driver::{
    limiter::LastChange,
    reconciled::{Meta, Reconciled},
};
use trimtab_recommendation_row::RecommendationRow;
use trimtab_rollout::{Sizing, elsewhere::Elsewhere};
use trimtab_runtime::events::Event;

use crate::{
    Key, events, limiter,
    rollouts::Rollouts,
    status::{self, Written},
};

impl Reconciled for Rollouts {
    type Resource = Recommendation;
    type Change = Sizing;
    type Row = RecommendationRow;
    type Status = Written;
    type Group = String;
    type End = Elsewhere;

    fn meta(row: &RecommendationRow) -> Meta<'_> {
        Meta {
            namespace: &row.namespace,
            name: &row.name,
            uid: &row.uid,
            version: row.version,
            is_deleted: row.terminating,
            is_protected: row.protected,
        }
    }

    fn conditions(row: &RecommendationRow) -> &[Condition] {
        &row.conditions
    }

    fn run(row: &RecommendationRow) -> Option<&RolloutStatus> {
        row.rollout.as_ref()
    }

    fn group(row: &RecommendationRow) -> String {
        row.policy.clone().unwrap_or_default()
    }

    fn last_change(key: &Key, rollout: &RolloutStatus) -> Option<LastChange<Elsewhere>> {
        limiter::last_change(key, Some(rollout))
    }

    fn stored(object: &DynamicObject) -> (String, Option<RolloutStatus>) {
        let policy = object.data.pointer("/spec/policyRef/name").and_then(Value::as_str).unwrap_or_default().to_owned();
        let rollout = object.data.pointer("/status/rollout").cloned();
        (policy, rollout.and_then(|rollout| serde_json::from_value(rollout).ok()))
    }

    fn show_status(row: &mut RecommendationRow, version: u64, written: &Written) {
        row.version = version;
        status::show(row, written);
    }

    fn show_finalizer(row: &mut RecommendationRow, version: u64, is_protected: bool) {
        (row.version, row.protected) = (version, is_protected);
    }

    fn written_conditions(written: &Written) -> &[Condition] {
        &written.conditions
    }

    fn body(row: &RecommendationRow, written: &Written) -> Value {
        status::body(row, written)
    }

    fn differs(row: &RecommendationRow, written: &Written) -> bool {
        status::differs(row, written) && !(Self::is_undecided(row, written) && row.is_unborn())
    }

    fn is_news(row: &RecommendationRow, written: &Written) -> bool {
        status::is_news(row, written)
    }

    fn is_undecided(row: &RecommendationRow, written: &Written) -> bool {
        row.approval.is_none() && written.honoured.is_none() && row.rollout.is_none()
    }

    fn event(before: Option<&str>, after: &str, message: &str) -> Option<Event> {
        events::of(before, after, message)
    }
}
