//! The basis of the tests of `kubectl trimtab`: the plugin, people with and without permissions, recommendations at
//! every stage.

use std::{
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

use super::support::{Cluster, SOON, namespace};
use anyhow::{Context, Result, ensure};
use kube::{
    Client,
    api::{Api, ApiResource, DynamicObject, Patch, PatchParams, PostParams},
    core::GroupVersionKind,
};
use serde_json::{Value, json};
use trimtab_e2e::{Output, PlaneOptions, Process, eventually, repository, rule, trimtab_bin};

pub const OWN: &str = "trimtab-system";
pub const DIGEST: &str = "sha256:6e1bd4c0a7f26e1bd4c0a7f26e1bd4c0";

/// The plugin as one user runs it.
pub struct Plugin {
    pub program: PathBuf,
    pub kubeconfig: PathBuf,
}

impl Plugin {
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("TRIMTAB_") {
                command.env_remove(&name);
            }
        }
        command.args(args).env("KUBECONFIG", &self.kubeconfig).env("TERM", "xterm");
        command
    }

    pub async fn run(&self, args: &[&str]) -> Result<Output> {
        self.run_with(args, &[]).await
    }

    pub async fn run_with(&self, args: &[&str], env: &[(&str, &str)]) -> Result<Output> {
        let mut command = self.command(args);
        command.envs(env.iter().copied()).stdin(std::process::Stdio::null());
        let out = tokio::process::Command::from(command).kill_on_drop(true).output().await?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let output = Output { status: out.status, stdout: text(&out.stdout), stderr: text(&out.stderr) };
        println!("$ kubectl trimtab {}\n{}{}", args.join(" "), output.stdout, output.stderr);
        ensure!(!output.stderr.contains("panicked"), "{}", output.stderr);
        ensure!(
            !output.stdout.contains('\x1b') && !output.stderr.contains('\x1b'),
            "colour without a terminal: {output:?}"
        );
        Ok(output)
    }

    /// Runs it, demands this exit code, and returns its output.
    pub async fn says(&self, code: i32, args: &[&str], parts: &[&str]) -> Result<String> {
        let output = self.run(args).await?;
        let all = format!("{}{}", output.stdout, output.stderr);
        ensure!(output.status.code() == Some(code), "{args:?} ended with {}, not {code}: {all}", output.status);
        for part in parts {
            ensure!(all.contains(part), "{args:?}: {part:?} is not in\n{all}");
        }
        Ok(all)
    }

    pub fn start(&self, name: &str, args: &[&str], dir: &Path) -> Result<Process> {
        Process::spawn(name, &mut self.command(args), dir)
    }
}

pub fn plugin(cluster: &Cluster, kubeconfig: PathBuf) -> Result<Plugin> {
    let program = cluster.plane.dir().join("kubectl-trimtab");
    if !program.exists() {
        symlink(trimtab_bin()?, &program)?;
    }
    Ok(Plugin { program, kubeconfig })
}

/// A cluster with the guard, where Trimtab's account writes what Trimtab would.
pub struct World {
    pub cluster: Cluster,
    pub trimtab: Client,
}

pub fn recommendations() -> ApiResource {
    ApiResource::from_gvk_with_plural(
        &GroupVersionKind::gvk("trimtab.dev", "v1alpha1", "Recommendation"),
        "recommendations",
    )
}

impl World {
    pub async fn start() -> Result<Self> {
        let cluster = Cluster::start(PlaneOptions::default()).await?;
        cluster.apply(&[namespace("shop"), namespace("mail"), namespace(OWN)]).await?;
        for file in ["roles.yaml", "approval.yaml"] {
            let path = repository().join("policies").join(file);
            cluster.plane.kubectl(&["apply", "--server-side", "-f", path.to_str().unwrap()]).await?;
        }
        let all = rule(&["trimtab.dev"], &["recommendations", "recommendations/status"], &["*"]);
        let kubeconfig = cluster.plane.service_account_kubeconfig(OWN, "trimtab", &[all]).await?;
        let trimtab = cluster.plane.client_with(&kubeconfig).await?;
        let world = Self { cluster, trimtab };
        world.guarded().await?;
        Ok(world)
    }

    /// Waits until the guard refuses what it should: the API server reads it some moments after its creation.
    pub async fn guarded(&self) -> Result<()> {
        let probe = json!({"apiVersion": "trimtab.dev/v1alpha1", "kind": "Recommendation", "metadata": {"name": "probe"},
            "spec": {"type": "RightSize", "policyRef": {"name": "p"}, "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "probe"},
                "proposal": {"containers": [{"name": "app", "requests": {"cpu": "1"}}]}}});
        let api: Api<DynamicObject> = Api::namespaced_with(self.cluster.client.clone(), "shop", &recommendations());
        let dry = PostParams { dry_run: true, ..PostParams::default() };
        eventually(SOON, "the guard is in force", async || {
            let answer = api.create(&dry, &serde_json::from_value(probe.clone())?).await;
            ensure!(
                answer.is_err_and(|e| e.to_string().contains("only Trimtab may set spec.policyRef")),
                "not refused yet"
            );
            Ok(())
        })
        .await
    }

    pub fn plugin(&self, kubeconfig: PathBuf) -> Result<Plugin> {
        plugin(&self.cluster, kubeconfig)
    }

    /// A user with these ClusterRoles of `policies/roles.yaml` everywhere, and more.
    pub async fn user(
        &self,
        name: &str,
        verbs: &[&str],
        more: &[k8s_openapi::api::rbac::v1::PolicyRule],
    ) -> Result<Plugin> {
        let mut rules = vec![rule(&["trimtab.dev"], &["recommendations"], verbs)];
        rules.extend(more.iter().cloned());
        self.plugin(self.cluster.plane.user(name, &[], &rules).await?)
    }

    /// The platform engineer: may do everything that the plugin can show and do.
    pub async fn ada(&self) -> Result<Plugin> {
        let more = [
            rule(&["trimtab.dev"], &["optimizationpolicies", "usageprofiles"], &["get", "list"]),
            rule(&["apps"], &["deployments"], &["get"]),
            rule(&["coordination.k8s.io"], &["leases"], &["get"]),
            rule(&[""], &["configmaps"], &["get", "create", "delete"]),
            rule(
                &["admissionregistration.k8s.io"],
                &["validatingadmissionpolicies", "validatingadmissionpolicybindings"],
                &["get"],
            ),
        ];
        self.user("ada", &["get", "list", "watch", "patch", "update", "approve"], &more).await
    }

    pub fn api(&self, namespace: &str) -> Api<DynamicObject> {
        Api::namespaced_with(self.trimtab.clone(), namespace, &recommendations())
    }

    /// Creates a Recommendation for a Deployment, as Trimtab does.
    pub async fn recommend(&self, namespace: &str, workload: &str, status: Value) -> Result<()> {
        self.recommend_as(namespace, &format!("deploy-{workload}"), workload, status).await
    }

    /// The same under a name of its own, like people's proposals.
    pub async fn recommend_as(&self, namespace: &str, name: &str, workload: &str, status: Value) -> Result<()> {
        let object = json!({"apiVersion": "trimtab.dev/v1alpha1", "kind": "Recommendation", "metadata": {"name": name},
            "spec": {"type": "RightSize", "policyRef": {"name": "services"},
                "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": workload},
                "proposal": {"containers": [{"name": "app", "requests": {"cpu": "120m", "memory": "256Mi"}, "limits": {"memory": "256Mi"}}]}}});
        self.api(namespace).create(&PostParams::default(), &serde_json::from_value(object)?).await?;
        if !status.is_null() {
            self.status(namespace, name, status).await?;
        }
        Ok(())
    }

    pub async fn status(&self, namespace: &str, name: &str, status: Value) -> Result<()> {
        let patch = json!({"status": status});
        self.api(namespace).patch_status(name, &PatchParams::default(), &Patch::Merge(&patch)).await?;
        Ok(())
    }

    pub async fn get(&self, namespace: &str, name: &str) -> Result<Value> {
        Ok(serde_json::to_value(self.api(namespace).get(name).await?)?)
    }

    pub async fn approval(&self, namespace: &str, name: &str) -> Result<Value> {
        Ok(self.get(namespace, name).await?["spec"]["approval"].clone())
    }
}

pub fn ready(reason: &str, message: &str) -> Value {
    json!([{"type": "Ready", "status": "False", "reason": reason, "message": message, "lastTransitionTime": "2026-01-01T00:00:00Z"}])
}

/// The status that Trimtab writes for a waiting proposal.
pub fn pending(monthly: &str, confidence: i32, risk: &str) -> Value {
    json!({
        "conditions": ready("PendingApproval", "it waits for somebody to approve it"), "proposalDigest": DIGEST,
        "summary": {"cpu": "500m→120m", "memory": "512Mi→256Mi"}, "confidencePercent": confidence,
        "current": [{"name": "app", "requests": {"cpu": "500m", "memory": "512Mi"}, "limits": {"memory": "512Mi"}}],
        "risk": {"level": risk, "factors": [{"reason": "ShortHistory", "level": risk, "message": "only 9 days are known"}]},
        "savings": {"monthly": monthly, "currency": "USD", "priceSource": "a test", "pods": 1, "estimated": false},
        "explanation": "Container app: CPU at most 98m in 95 % of its samples.",
    })
}

/// A rollout as Trimtab writes it.
pub fn rollout(stage: &str, progress: &str, result: Option<&str>) -> Value {
    let sizes = |cpu: &str, memory: &str| json!([{"name": "app", "requests": {"cpu": cpu, "memory": memory}, "limits": {"memory": memory}}]);
    json!({
        "proposalDigest": DIGEST, "approvedBy": {"kind": "Person", "name": "ada"}, "targetUid": "u", "template": "ab", "stage": stage, "step": 1, "steps": 2,
        "progress": progress, "started": "2026-01-01T00:00:00Z", "stageSince": "2026-01-01T00:00:00Z",
        "former": sizes("500m", "512Mi"), "desired": sizes("120m", "256Mi"), "delivery": "Admission", "delivered": result.is_some(),
        "baseline": {"readyPods": 1, "restarts": 0, "oomKills": 0, "pendingPods": 0, "readyNeighbours": 0},
        "result": result, "ended": result.map(|_| "2026-01-01T00:10:00Z"),
    })
}

pub fn parsed(text: &str) -> Result<Value> {
    serde_json::from_str(text).with_context(|| format!("no JSON: {text}"))
}
