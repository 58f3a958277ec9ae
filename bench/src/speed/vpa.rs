//! The recommender of the Vertical Pod Autoscaler on the same cluster: one VPA in mode `Off` for each Deployment.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use futures::{StreamExt, TryStreamExt, stream};
use kube::{
    Api,
    api::{DynamicObject, PostParams},
    core::{ApiResource, GroupVersionKind},
};
use serde_json::{Value, json};
use trimtab_e2e::{MetricsServer, WorkDir, eventually, free_port, repository};

use super::{
    figures::Figures,
    progress,
    recommended::Kind,
    run::{self, Subject},
    world::{World, name, namespace},
};

/// The version required by `bench/peers/vpa/go.mod`.
const VERSION: &str = "1.7.1";

/// Measures one start of the recommender, with a metrics-server for it. That is started only now: its scrapes would be
/// charged to whatever is measured beside it.
///
/// # Errors
/// When it cannot be built, ends by itself or does not recommend in time.
pub async fn measure(world: &World, steady: Duration) -> Result<Figures> {
    progress("building the VPA recommender (minutes, the first time)");
    let built = tokio::task::spawn_blocking(build).await??;
    let crds = built.join("crds.yaml");
    let crds = crds.to_str().context("a path that is no text")?;
    world.plane.kubectl(&["apply", "--server-side", "-f", crds]).await?;
    world.plane.kubectl(&["wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"]).await?;
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk("autoscaling.k8s.io", "v1", "VerticalPodAutoscaler"));
    create(world, &resource).await?;
    let _metrics = MetricsServer::start(&world.plane).await?;
    wait_for_usage(world).await?;
    let dir = WorkDir::new("vpa")?;
    let mut command = Command::new(built.join("vpa-recommender"));
    command.arg("--kubeconfig").arg(world.plane.kubeconfig_path()).args([
        "--address",
        &format!("127.0.0.1:{}", free_port()?),
        "--v",
        "2",
    ]);
    let subject = Subject {
        program: format!("VPA recommender {VERSION}"),
        agent: "vpa-recommender", // client-go takes it from the name of the binary
        kind: Kind { resource, complete: is_complete },
        prometheus: None,
        pass_done: None,
        steady,
    };
    run::measure(world, subject, "vpa-recommender", &mut command, dir.path()).await
}

fn build() -> Result<PathBuf> {
    let script = repository().join("bench/peers/build.sh");
    let out = Command::new(&script).stderr(Stdio::inherit()).output().with_context(|| script.display().to_string())?;
    ensure!(out.status.success(), "{} failed: {}", script.display(), out.status);
    Ok(PathBuf::from(String::from_utf8(out.stdout)?.trim()))
}

fn is_complete(data: &Value) -> bool {
    let containers = &data["status"]["recommendation"]["containerRecommendations"];
    containers.as_array().is_some_and(|containers| !containers.is_empty())
}

async fn create(world: &World, resource: &ApiResource) -> Result<()> {
    progress(&format!("making {} VPAs", world.size.deployments));
    stream::iter(0..world.size.deployments)
        .map(|index| async move {
            let name = name(index);
            let object: DynamicObject = serde_json::from_value(json!({
                "apiVersion": "autoscaling.k8s.io/v1", "kind": "VerticalPodAutoscaler", "metadata": {"name": name},
                "spec": {
                    "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
                    "updatePolicy": {"updateMode": "Off"},
                },
            }))?;
            let api: Api<DynamicObject> = Api::namespaced_with(world.client.clone(), &namespace(index), resource);
            api.create(&PostParams::default(), &object).await?;
            Ok::<(), anyhow::Error>(())
        })
        .buffer_unordered(16)
        .try_collect()
        .await
}

/// The recommender skips containers without usage so far, and would seem slow because of metrics-server.
async fn wait_for_usage(world: &World) -> Result<()> {
    progress("waiting for usage of all pods");
    let resource =
        ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk("metrics.k8s.io", "v1beta1", "PodMetrics"), "pods");
    let api: Api<DynamicObject> = Api::all_with(world.client.clone(), &resource);
    let pods = world.size.pods();
    eventually(Duration::from_secs(300), "usage of all pods", async || {
        let known = api.list(&kube::api::ListParams::default()).await?.items.len();
        if known < pods {
            tokio::time::sleep(Duration::from_secs(2)).await; // the list is large
        }
        ensure!(known >= pods, "{known} of {pods}");
        Ok(())
    })
    .await
}
