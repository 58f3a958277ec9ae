//! Many workloads at once, and Trimtab's requests in the audit log.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use k8s_openapi::api::apps::v1::Deployment;
use kube::api::{Api, ListParams};
use trimtab_e2e::{AuditEvent, eventually};

use super::{Cluster, SOON, deployment, namespace};

/// The prefix of Trimtab's user agent.
pub const AGENT: &str = "trimtab/";

impl Cluster {
    /// Creates `n` Deployments of one pod, `w-0` and so on, spread over `namespaces`, and waits for their pods.
    pub async fn fleet(&self, namespaces: &[&str], n: usize) -> Result<()> {
        for name in namespaces {
            self.apply(&[namespace(name)]).await?;
        }
        for i in 0..n {
            self.apply(&[deployment(namespaces[i % namespaces.len()], &format!("w-{i}"), 1)]).await?;
        }
        let api: Api<Deployment> = Api::all(self.client.clone());
        eventually(SOON, &format!("{n} Deployments are ready"), async || {
            let all = api.list(&ListParams::default()).await?.items;
            let ready = all.iter().filter(|d| {
                let count = d.status.as_ref().and_then(|s| s.ready_replicas);
                count.is_some_and(|c| Some(c) == d.spec.as_ref().and_then(|s| s.replicas))
            });
            let ready = ready.count();
            ensure!(ready == all.len() && ready >= n, "{ready} of {}", all.len());
            Ok(())
        })
        .await
    }

    /// All Recommendations of all namespaces: digest by `namespace/name`; empty where the status is not written yet.
    pub async fn digests(&self) -> Result<BTreeMap<String, String>> {
        let list = self.api("Recommendation", "recommendations", None).list(&ListParams::default()).await?;
        let row = |r: kube::core::DynamicObject| {
            let digest = r.data["status"]["proposalDigest"].as_str().unwrap_or_default().to_owned();
            (format!("{}/{}", r.metadata.namespace.unwrap_or_default(), r.metadata.name.unwrap_or_default()), digest)
        };
        Ok(list.items.into_iter().map(row).collect())
    }

    /// Waits for `n` Recommendations, each with its status.
    pub async fn recommended(&self, n: usize) -> Result<BTreeMap<String, String>> {
        eventually(SOON, &format!("{n} recommendations with a status"), async || {
            let digests = self.digests().await?;
            let whole = digests.values().filter(|d| !d.is_empty()).count();
            ensure!(digests.len() == n && whole == n, "{whole} with a status of {}", digests.len());
            Ok(digests)
        })
        .await
    }
}

/// Writes by Trimtab apart from its Lease, as `user verb target namespace/name`.
pub fn writes(events: &[AuditEvent]) -> Vec<String> {
    events
        .iter()
        .filter(|e| e.user_agent.starts_with(AGENT) && e.is_write() && e.resource != "leases")
        .map(|e| format!("{} {} {} {}/{} {}", e.user, e.verb, e.target(), e.namespace, e.name, e.code))
        .collect()
}

/// How often Trimtab listed and watched each resource; pages of one list count once.
pub fn reads(events: &[AuditEvent]) -> BTreeMap<String, (usize, usize)> {
    let mut counts: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for e in events.iter().filter(|e| e.user_agent.starts_with(AGENT)) {
        let (lists, watches) = counts.entry(e.resource.clone()).or_default();
        match e.verb.as_str() {
            "list" if !e.uri.contains("continue=") => *lists += 1,
            // A watch is logged when it begins and once more when it ends.
            "watch" if e.stage == "ResponseStarted" => *watches += 1,
            _ => {}
        }
    }
    counts.retain(|_, (lists, watches)| *lists + *watches > 0);
    counts
}
