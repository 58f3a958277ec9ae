//! Deleted owners and namespaces take everything with them, including what nobody else may delete.

use anyhow::{Result, ensure};
use kube::api::{DeleteParams, PostParams};
use serde_json::json;
use trimtab_e2e::eventually;

use super::{
    act::proposal_with,
    sizes,
    stage::{SOON, Stage, under_way},
};

/// Deletes a policy with a recommendation that is being rolled out, and a namespace with sizes and decisions. The controller manager
/// discovers new kinds every 30 s, so it may take that long.
pub async fn begin(stage: &Stage) -> Result<()> {
    let owner = json!({"apiVersion": "trimtab.dev/v1alpha1", "kind": "OptimizationPolicy", "metadata": {"name": "services"},
        "spec": {"targetNamespaces": ["shop"]}});
    let path = stage.plane.dir().join("policy.json");
    std::fs::write(&path, serde_json::to_vec(&owner)?)?;
    stage.plane.kubectl(&["apply", "-f", path.to_str().unwrap()]).await?;
    let uid = stage.plane.kubectl(&["get", "optpol", "services", "-o", "jsonpath={.metadata.uid}"]).await?;
    let owned = json!({"metadata": {"ownerReferences": [{"apiVersion": "trimtab.dev/v1alpha1",
        "kind": "OptimizationPolicy", "name": "services", "uid": uid, "controller": true}]}});
    stage.put("trimtab", "owned", proposal_with(owned)).await?;
    stage.status("trimtab", "owned", json!({"rollout": under_way()})).await?;
    let refused = stage.api("eve", "Recommendation", "shop").delete("owned", &DeleteParams::default()).await;
    ensure!(refused.is_err(), "it is under way");
    stage.plane.kubectl(&["delete", "optpol", "services"]).await?;

    let object = json!({"apiVersion": "trimtab.dev/v1alpha1", "kind": "AppliedSizes", "metadata": {"name": "trimtab"},
        "spec": sizes::spec()});
    let doomed = stage.api("trimtab", "AppliedSizes", "doomed");
    doomed.create(&PostParams::default(), &serde_json::from_value(object)?).await?;
    stage.plane.kubectl(&["delete", "namespace", "doomed", "--wait=false"]).await?;
    Ok(())
}

pub async fn end(stage: &Stage) -> Result<()> {
    eventually(SOON * 2, "what a policy owned goes with it", async || {
        ensure!(stage.seen("Recommendation", "owned").await?.is_none(), "it is still there");
        Ok(())
    })
    .await?;
    stage.plane.kubectl(&["wait", "--for=delete", "namespace/doomed", "--timeout=60s"]).await?;
    Ok(())
}
