//! Stored rollouts at the time when this instance begins to lead. In: a client. Out: the limiter's state.

use kube::{Client, ResourceExt, core::DynamicObject};
use parking_lot::Mutex;
use serde_json::Value;
use trimtab_api::{Recommendation, rollout::RolloutStatus};
use trimtab_driver::takeover;
use trimtab_recommendation_row::version;

use crate::limiter::{RolloutLimiter, last_change};

/// Reads all Recommendations once, however long it takes.
pub(crate) async fn read(client: &Client, limiter: &Mutex<RolloutLimiter>) {
    takeover::read::<Recommendation>(client, |page| {
        let mut limiter = limiter.lock();
        page.iter().for_each(|rec| note(&mut limiter, rec));
    })
    .await;
}

/// Records the rollout of a Recommendation.
fn note(limiter: &mut RolloutLimiter, rec: &DynamicObject) {
    let key = (rec.namespace().unwrap_or_default(), rec.name_any());
    let policy = rec.data.pointer("/spec/policyRef/name").and_then(Value::as_str).unwrap_or_default().to_owned();
    let rollout = rec.data.pointer("/status/rollout").cloned();
    let rollout = rollout.and_then(|rollout| serde_json::from_value::<RolloutStatus>(rollout).ok());
    let version = version(rec.metadata.resource_version.as_deref());
    limiter.see(&policy, &key, version, last_change(&key, rollout.as_ref()));
}
