//! Reads rollouts from the API server when this instance begins to lead. In: a client. Out: the limiter's state.
//!
//! The previous leader may have begun a rollout just before it ended, and the watch of this instance may not show it
//! yet. Then another Recommendation could begin at the same workload.

use std::time::Duration;

use kube::{
    Api, Client, ResourceExt,
    api::ListParams,
    core::{ApiResource, DynamicObject},
};
use parking_lot::Mutex;
use serde_json::Value;
use trimtab_api::{Recommendation, rollout::RolloutStatus};
use trimtab_recommendation_row::version;
use trimtab_runtime::one_line;

use crate::limiter::RolloutLimiter;

/// Page size.
const PAGE: u32 = 500;

/// Delay before a retry if the API server gives no answer.
const RETRY: Duration = Duration::from_secs(1);

/// Reads all Recommendations once, however long it takes.
pub(crate) async fn read(client: &Client, limiter: &Mutex<RolloutLimiter>) {
    while let Err(error) = pages(client, limiter).await {
        let error = one_line::text(&error);
        tracing::warn!(%error, "recommendations cannot be read; nothing starts until they can");
        tokio::time::sleep(RETRY).await;
    }
}

async fn pages(client: &Client, limiter: &Mutex<RolloutLimiter>) -> Result<(), kube::Error> {
    // Read as plain data: one that does not decode must not block all others.
    let api: Api<DynamicObject> = Api::all_with(client.clone(), &ApiResource::erase::<Recommendation>(&()));
    let mut params = ListParams::default().limit(PAGE);
    loop {
        let page = api.list(&params).await?;
        let mut limiter = limiter.lock();
        for rec in &page.items {
            let key = (rec.namespace().unwrap_or_default(), rec.name_any());
            let policy = rec.data.pointer("/spec/policyRef/name").and_then(Value::as_str).unwrap_or_default();
            let rollout = rec.data.pointer("/status/rollout").cloned();
            let rollout = rollout.and_then(|rollout| serde_json::from_value::<RolloutStatus>(rollout).ok());
            limiter.see(policy, &key, version(rec.metadata.resource_version.as_deref()), rollout.as_ref());
        }
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => params.continue_token = Some(token),
            None => return Ok(()),
        }
    }
}
