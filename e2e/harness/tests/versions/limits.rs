//! A lower memory limit in place. In: a cluster in which Trimtab runs. Out: whether the API server takes it as its
//! version lets expect; where it does not, whether Trimtab begins no change that would be refused.

use anyhow::{Context, Result, ensure};
use k8s_openapi::api::core::v1::Pod;
use kube::{
    Api,
    api::{Patch, PatchParams},
};
use serde_json::json;

use super::{
    server::Server,
    support::{Guarded, Running, SOON, deployment, namespace},
};

/// A namespace without a policy.
const SPACE: &str = "limits";
/// What an API server before 1.34 says.
const REFUSAL: &str = "memory limits cannot be decreased";

/// Checks both. The Deployment has a memory limit of 512Mi.
pub async fn checked(guarded: &Guarded, trimtab: &Running, server: &Server) -> Result<()> {
    let cluster = &guarded.cluster;
    cluster.apply(&[namespace(SPACE), deployment(SPACE, "db", 1)]).await?;
    cluster.ready(SPACE, "db", 1).await?;
    let (pod, _) = guarded.sizes(SPACE, "db").await?.into_iter().next().context("no pod")?;
    let less = json!({"requests": {"cpu": "500m", "memory": "256Mi"}, "limits": {"memory": "256Mi"}});
    let resize = Patch::Strategic(json!({"spec": {"containers": [{"name": "app", "resources": less}]}}));
    let dry = PatchParams { dry_run: true, ..PatchParams::default() };
    let pods: Api<Pod> = Api::namespaced(cluster.client.clone(), SPACE);
    match pods.patch_subresource("resize", &pod, &dry, &resize).await {
        Ok(_) => {
            ensure!(server.lowers_limits, "the API server lowers a memory limit");
            return Ok(());
        }
        Err(error) => ensure!(!server.lowers_limits && error.to_string().contains(REFUSAL), "{error}"),
    }

    let mut app = less;
    app["name"] = json!("app");
    let target = json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "db"});
    let spec = json!({"type": "RightSize", "targetRef": target, "proposal": {"containers": [app]}});
    // Nothing records who asks before 1.36, so whoever does says it.
    let meta = json!({"name": "less", "namespace": SPACE, "annotations": {"trimtab.dev/requested-by": "admin"}});
    let less = json!({"apiVersion": "trimtab.dev/v1alpha1", "kind": "Recommendation", "metadata": meta, "spec": spec});
    cluster.apply(&[less]).await?;
    guarded.decide(SPACE, "less", "Approved").await?;
    let blocked = guarded.stands(SPACE, "less", "Blocked", SOON).await.with_context(|| trimtab.log())?;
    let gates = blocked.data["status"]["gates"].as_array().context("no gates")?;
    ensure!(gates.iter().any(|gate| gate["reason"] == "MemoryLimitCannotBeLowered"), "{gates:?}");
    Ok(())
}
