//! The kind itself is deleted, and with it every Recommendation there is.

use anyhow::{Result, ensure};
use kube::api::{Api, DynamicObject};
use serde_json::json;
use trimtab_e2e::eventually;

use super::stage::{A_ROLLOUT, Stage};

const CRD: &str = "recommendations.trimtab.dev";

/// One is in force and one under way: both are undone, and finally the kind is gone.
pub async fn the_kind_goes(stage: &Stage) -> Result<()> {
    stage.policy("kind", |_| {}).await?;
    stage.apply("kind", "deploy-kept").await?;
    let pauses = json!([{"replicas": 1, "pause": "10m"}, {"replicas": "100%"}]);
    stage.policy("kind", |spec| spec["rolloutStrategy"]["steps"] = pauses).await?;
    stage.midway("kind", "deploy-midway", "midway").await?;
    let plane = &stage.guarded.cluster.plane;
    plane.kubectl(&["delete", "crd", CRD, "--wait=false"]).await?;
    for app in ["kept", "midway"] {
        stage.is_former("kind", app, 2).await?;
    }
    let kind = kube::core::GroupVersionKind::gvk("apiextensions.k8s.io", "v1", "CustomResourceDefinition");
    let resource = kube::core::ApiResource::from_gvk(&kind);
    let crds: Api<DynamicObject> = Api::all_with(stage.guarded.cluster.client.clone(), &resource);
    eventually(A_ROLLOUT, "the kind is gone", async || {
        let left = crds.get_opt(CRD).await?;
        ensure!(left.is_none(), "{}", left.map(|crd| crd.data["status"]["conditions"].clone()).unwrap_or_default());
        Ok(())
    })
    .await?;
    for app in ["kept", "midway"] {
        stage.has_no_entry("kind", &format!("Deployment/{app}")).await?;
    }
    Ok(())
}
