//! The commands of the documentation that are marked as run here: on a cluster in which everything that they name exists, each is
//! accepted. What would change something is sent as a dry run.
//!
//! In: the blocks of all pages with this file in their mark. A word in capitals stands for an object of this cluster.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail, ensure};
use kube::{
    ResourceExt,
    api::{Patch, PatchParams},
};
use serde_json::{Value, json};
use trimtab_e2e::{PlaneOptions, repository};

use super::{
    bed::*,
    commands::{self, Command},
    pages,
    support::{Cluster, deployment, namespace, policy},
};

/// The mark of the blocks whose commands are run here.
const MARK: &str = "e2e/harness/tests/kubectl/documented.rs";
/// Commands in such blocks that are not run, by a part of theirs, and why.
const NOT_RUN: [(&str, &str); 6] = [
    (" logs ", "simulated pods have no log"),
    ("kubectl top ", "there is no metrics-server"),
    ("/apis/metrics.k8s.io/v1beta1", "there is no metrics-server"),
    ("explain rollout/NAME", "nothing runs Argo Rollouts here"),
    (" -w", "it goes on until somebody stops it"),
    ("kubectl patch ", "the tests in access/ send it as those who may and those who may not"),
];

/// A kind of somebody else, of which nothing is known but its names.
fn crd(group: &str, version: &str, kind: &str, short: &[&str]) -> Value {
    let singular = kind.to_lowercase();
    let plural = format!("{singular}s");
    json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{plural}.{group}"),
            "annotations": {"api-approved.kubernetes.io": "https://github.com/kubernetes/kubernetes/pull/63797"}},
        "spec": {"group": group, "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural, "singular": singular, "shortNames": short},
            "versions": [{"name": version, "served": true, "storage": true,
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}]}})
}

/// Objects as Trimtab and people make them, from before there is a guard.
fn objects() -> Vec<Value> {
    let ours = |kind: &str, name: &str, spec: Value| json!({"apiVersion": "trimtab.dev/v1alpha1", "kind": kind, "metadata": {"name": name, "namespace": "shop"}, "spec": spec});
    let target = json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"});
    let proposal = json!({"containers": [{"name": "app", "requests": {"cpu": "120m", "memory": "256Mi"}}]});
    let entry = json!({"uid": "u-1", "recommendation": "deploy-web", "proposalDigest": DIGEST,
        "containers": [{"name": "app", "from": {"requests": {"cpu": "1"}}, "to": {"requests": {"cpu": "200m"}}}]});
    let time = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.000000Z").to_string();
    vec![
        deployment("shop", "web", 1),
        policy("services", &["shop"]),
        ours(
            "Recommendation",
            "deploy-web",
            json!({"type": "RightSize", "policyRef": {"name": "services"}, "targetRef": target, "proposal": proposal}),
        ),
        ours("UsageProfile", "deploy-web", json!({"targetRef": target})),
        ours("AppliedSizes", "trimtab", json!({"workloads": {"Deployment/web": entry}})),
        json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "web", "namespace": "shop"},
            "spec": {"workloadRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}}}),
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "trimtab-halt", "namespace": OWN},
            "data": {"by": "ada", "reason": "a sale", "since": "2026-01-01T00:00:00Z"}}),
        json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
            "metadata": {"name": "trimtab-controller", "namespace": OWN},
            "spec": {"holderIdentity": "trimtab-0", "leaseDurationSeconds": 3600, "renewTime": time}}),
    ]
}

/// A cluster in which all of it exists.
async fn stage() -> Result<Cluster> {
    let cluster = Cluster::start(PlaneOptions::default()).await?;
    let apply = async |part: &str| -> Result<()> {
        let path = repository().join(part);
        cluster.plane.kubectl(&["apply", "--server-side", "-f", path.to_str().context("a path")?]).await?;
        Ok(())
    };
    let vpa = crd("autoscaling.k8s.io", "v1", "VerticalPodAutoscaler", &["vpa"]);
    cluster.apply(&[vpa, crd("argoproj.io", "v1alpha1", "Rollout", &[])]).await?;
    cluster.plane.kubectl(&["wait", "--for=condition=Established", "crd", "--all", "--timeout=30s"]).await?;
    apply("deploy/namespace.yaml").await?;
    cluster.apply(&[namespace("shop"), namespace("monitoring")]).await?;
    cluster.apply(&objects()).await?;
    let status = json!({"status": pending("12.3", 96, "Low")});
    let recommendations = cluster.api("Recommendation", "recommendations", Some("shop"));
    recommendations.patch_status("deploy-web", &PatchParams::default(), &Patch::Merge(&status)).await?;
    for part in ["examples/pricebook-rack.yaml", "deploy/rbac.yaml", "deploy/trimtab.yaml", "policies"] {
        apply(part).await?;
    }
    cluster.ready("shop", "web", 1).await?;
    Ok(cluster)
}

/// The words after `kubectl`, as they would be typed here.
fn typed(words: &[String], pod: &str) -> Vec<String> {
    let name = match (words[1].as_str(), words.get(2).map(String::as_str)) {
        ("trimtab", _) | (_, Some("rec" | "uprof")) => "deploy-web",
        (_, Some("optpol")) => "services",
        (_, Some("prices")) => "rack",
        _ => "web",
    };
    let mut typed: Vec<String> = Vec::new();
    for word in &words[1..] {
        let last = word.rsplit('/').next().unwrap_or_default();
        let object = match last {
            "NAMESPACE" => Some("shop"),
            "POLICY" => Some("services"),
            "WORKLOAD" if word == last => Some("deploy/web"), // `web` is that of a Rollout, too
            "WORKLOAD" => Some("web"),
            "KIND" => Some("deployment"),
            "NODE" => Some("kwok-0"),
            "POD" => Some(pod),
            "NAME" => Some(name),
            _ => None,
        };
        let is_file = typed.last().is_some_and(|before| before == "-f");
        typed.push(match object {
            Some(object) => format!("{}{object}", word.strip_suffix(last).unwrap_or_default()),
            None if is_file => repository().join(word).display().to_string(),
            None => word.clone(),
        });
    }
    typed
}

/// What is sent of it: a dry run, where it would change something.
fn sent(mut words: Vec<String>) -> Result<Vec<String>> {
    // `-n NAMESPACE` may come before the verb.
    let verb = if words[0] == "-n" { &words[2] } else { &words[0] };
    match verb.as_str() {
        // `replace --force` has no dry run, and does no harm here.
        "auth" | "describe" | "get" | "replace" | "rollout" => {}
        "apply" | "create" | "delete" | "label" | "set" => words.push("--dry-run=server".to_owned()),
        other => bail!("whether {other} changes anything is not known to this test"),
    }
    Ok(words)
}

async fn run(cluster: &Cluster, admin: &Plugin, words: Vec<String>) -> Result<()> {
    if words[0] == "trimtab" {
        let args: Vec<&str> = words[1..].iter().map(String::as_str).collect();
        let output = admin.run(&args).await?;
        // The exit code of `doctor` says how the installation is, and here nothing of it runs.
        let is_doctor = args[0] == "doctor" && output.stdout.starts_with("CHECK");
        ensure!(output.status.success() || is_doctor, "{}: {}", output.status, output.stderr);
        return Ok(());
    }
    let words = sent(words)?;
    let args: Vec<&str> = words.iter().map(String::as_str).collect();
    cluster.plane.kubectl(&args).await?;
    Ok(())
}

#[tokio::test]
async fn documented_commands_are_accepted() -> Result<()> {
    let cluster = stage().await?;
    let admin = plugin(&cluster, cluster.plane.kubeconfig_path())?;
    let pods = cluster.pods().await?;
    let pod = pods.iter().map(ResourceExt::name_any).find(|name| name.starts_with("web-")).context("no pod")?;
    let (mut done, mut wrong) = (BTreeSet::new(), Vec::new());
    for page in pages::pages(&repository(), &pages::ALL) {
        let content = std::fs::read_to_string(&page)?;
        for Command { line, words } in commands::marked(&content, MARK) {
            let text = words.join(" ");
            let shown = format!("{}:{line}: {text}", page.display());
            if let Some((_, why)) = NOT_RUN.iter().find(|(part, _)| text.contains(part)) {
                println!("not run: {shown}: {why}");
                continue;
            }
            let words = typed(&words, &pod);
            if done.insert(words.clone())
                && let Err(error) = run(&cluster, &admin, words).await
            {
                wrong.push(format!("{shown}: {error:#}"));
            }
        }
    }
    println!("{} commands were run", done.len());
    ensure!(done.len() >= 90, "only {} commands were found", done.len());
    ensure!(wrong.is_empty(), "{} are refused:\n{}", wrong.len(), wrong.join("\n"));
    Ok(())
}
