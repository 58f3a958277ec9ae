//! Trimtab, with one policy over all Deployments that exists before it starts.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use k8s_openapi::api::coordination::v1::Lease;
use kube::{
    Api,
    api::{DeleteParams, DynamicObject, ListParams},
    core::{ApiResource, GroupVersionKind},
};
use serde_json::{Value, json};
use trimtab_e2e::{WorkDir, eventually, free_port, repository};

use super::{
    figures::Figures,
    history::History,
    recommended::Kind,
    run::{self, Subject},
    world::{NAMESPACES, World, namespace},
};

/// The name of the policy.
const POLICY: &str = "speed";

/// How Trimtab is measured.
#[derive(Debug)]
pub struct Plan {
    /// The binary.
    pub binary: PathBuf,
    /// Its `--interval`.
    pub interval: String,
    /// The policy's `history.window`, in hours.
    pub window_hours: u32,
    /// How long to measure it while nothing changes.
    pub steady: Duration,
}

/// The binary: the one given by the flag, else the one beside this program, which was built with the same profile.
///
/// # Errors
/// When there is none.
pub fn binary(flag: Option<&Path>) -> Result<PathBuf> {
    let path = match flag {
        Some(path) => path.to_path_buf(),
        None => std::env::current_exe()?.with_file_name("trimtab"),
    };
    ensure!(path.is_file(), "{} is no file: cargo build --release -p trimtab", path.display());
    Ok(path)
}

/// Measures one start of Trimtab on a cluster without recommendations.
///
/// # Errors
/// When it ends by itself or does not recommend in time.
pub async fn measure(world: &World, history: &History, plan: &Plan) -> Result<Figures> {
    prepare(world, plan).await?;
    let dir = WorkDir::new("trimtab")?;
    let mut command = Command::new(&plan.binary);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("TRIMTAB_") || text.starts_with("OTEL_") {
            command.env_remove(&name);
        }
    }
    command
        .arg("controller")
        .arg("--kubeconfig")
        .arg(world.plane.kubeconfig_path())
        .args(["--prometheus-url", history.prometheus.url(), "--interval", &plan.interval, "--namespace", "default"])
        .args(["--admin-address", &format!("127.0.0.1:{}", free_port()?)]);
    let version = Command::new(&plan.binary).arg("--version").output()?;
    let subject = Subject {
        program: String::from_utf8_lossy(&version.stdout).trim().to_owned(),
        agent: "trimtab/",
        kind: Kind { resource: resource("Recommendation"), complete: is_complete },
        prometheus: Some(&history.prometheus),
        pass_done: Some("pass done"),
        steady: plan.steady,
    };
    run::measure(world, subject, "trimtab", &mut command, dir.path()).await
}

fn resource(kind: &str) -> ApiResource {
    ApiResource::from_gvk(&GroupVersionKind::gvk("trimtab.dev", "v1alpha1", kind))
}

/// Requires both the proposal and its status.
fn is_complete(data: &Value) -> bool {
    data["spec"]["proposal"].is_object() && data["status"]["proposalDigest"].is_string()
}

/// Installs the kinds and the policy; removes earlier runs.
async fn prepare(world: &World, plan: &Plan) -> Result<()> {
    let crds = repository().join("crds");
    let crds = crds.to_str().context("a path that is no text")?;
    world.plane.kubectl(&["apply", "--server-side", "-f", crds]).await?;
    world.plane.kubectl(&["wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"]).await?;
    forget(world).await?;
    let namespaces: Vec<String> = (0..NAMESPACES).map(namespace).collect();
    let policy = json!({
        "apiVersion": "trimtab.dev/v1alpha1", "kind": "OptimizationPolicy", "metadata": {"name": POLICY},
        "spec": {"targetNamespaces": namespaces, "history": {"window": format!("{}h", plan.window_hours)}},
    });
    let file = world.plane.dir().join("policy.json");
    std::fs::write(&file, policy.to_string())?;
    world.plane.kubectl(&["apply", "-f", file.to_str().context("a path that is no text")?]).await?;
    Ok(())
}

/// Deletes the remains of an earlier run. Its Lease too: a start must not wait until one has expired.
async fn forget(world: &World) -> Result<()> {
    let leases: Api<Lease> = Api::namespaced(world.client.clone(), "default");
    leases.delete_collection(&DeleteParams::default(), &ListParams::default()).await?;
    let policies: Api<DynamicObject> = Api::all_with(world.client.clone(), &resource("OptimizationPolicy"));
    policies.delete_collection(&DeleteParams::default(), &ListParams::default()).await?;
    let kind = resource("Recommendation");
    for index in 0..NAMESPACES {
        let api: Api<DynamicObject> = Api::namespaced_with(world.client.clone(), &namespace(index), &kind);
        api.delete_collection(&DeleteParams::default(), &ListParams::default()).await?;
    }
    let all: Api<DynamicObject> = Api::all_with(world.client.clone(), &kind);
    eventually(Duration::from_secs(60), "no recommendations", async || {
        let left = all.list_metadata(&ListParams::default().limit(1)).await?.items.len();
        ensure!(left == 0, "some are left");
        Ok(())
    })
    .await
}
