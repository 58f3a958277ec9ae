//! `doctor` on a real API server: an installation as it is shipped is sound, each part that is taken away is missed, what it
//! says to do about it helps, and who may read nothing is told what could not be checked.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use trimtab_e2e::{PlaneOptions, eventually, repository};

use super::{
    bed::*,
    support::{Guarded, Running, SOON, deployment, modest, namespace, prometheus, quick},
};

/// The line of a check.
fn line<'a>(lines: &'a Value, check: &str) -> Result<&'a Value> {
    let found = lines.as_array().and_then(|all| all.iter().find(|line| line["check"] == check));
    found.with_context(|| format!("no check {check} in {lines}"))
}

/// Waits until the exit code is this, and returns the lines: watches and policies take moments.
async fn ends(plugin: &Plugin, code: i32) -> Result<Value> {
    eventually(SOON, &format!("doctor ends with {code}"), async || {
        let output = plugin.run(&["doctor", "-o", "json"]).await?;
        ensure!(output.status.code() == Some(code), "{}: {}{}", output.status, output.stdout, output.stderr);
        parsed(&output.stdout)
    })
    .await
}

/// Until a paused rollout has gone on to its end: a request that was forbidden is retried after 10 seconds, or later.
const GOES_ON: Duration = Duration::from_secs(120);

/// Waits until a check finds this, with the exit code that goes with it, and returns its remedy.
async fn finds(plugin: &Plugin, code: i32, check: &str, part: &str) -> Result<String> {
    eventually(SOON, &format!("{check} finds {part:?}"), async || {
        let output = plugin.run(&["doctor", "-o", "json"]).await?;
        let lines = parsed(&output.stdout)?;
        let found = line(&lines, check)?;
        ensure!(found["message"].as_str().is_some_and(|message| message.contains(part)), "{found}");
        ensure!(output.status.code() == Some(code), "{}: {lines}", output.status);
        Ok(found["remedy"].as_str().unwrap_or_default().to_owned())
    })
    .await
}

/// Runs the command of a remedy, with the files of the repository.
async fn mend(guarded: &Guarded, remedy: &str) -> Result<()> {
    let command = remedy.split_once("kubectl ").with_context(|| format!("no command in {remedy:?}"))?.1;
    let command = command.split(',').next().unwrap_or_default();
    let word = |word: &str| {
        let file = repository().join(word);
        if word.contains('/') && file.exists() { file.to_string_lossy().into_owned() } else { word.to_owned() }
    };
    let words: Vec<String> = command.split_whitespace().map(word).collect();
    guarded.cluster.plane.kubectl(&words.iter().map(String::as_str).collect::<Vec<_>>()).await?;
    Ok(())
}

/// What somebody breaks who means harm, or does not know better; each is told, and mended by what doctor says.
async fn each_thing_that_somebody_breaks_is_told(guarded: &Guarded, admin: &Plugin) -> Result<()> {
    let plane = &guarded.cluster.plane;

    // Rules of a CRD.
    let path = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/x-kubernetes-validations";
    let without = json!([{"op": "remove", "path": path}]).to_string();
    plane.kubectl(&["patch", "crd", "usageprofiles.trimtab.dev", "--type=json", "-p", &without]).await?;
    let remedy = finds(admin, 1, "CRDs", "usageprofiles.trimtab.dev lacks the rule").await?;
    mend(guarded, &remedy).await?;
    ends(admin, 0).await?;

    // A field of a CRD.
    let path = "/spec/versions/0/schema/openAPIV3Schema/properties/status/properties/realisedSavings";
    let without = json!([{"op": "remove", "path": path}]).to_string();
    plane.kubectl(&["patch", "crd", "recommendations.trimtab.dev", "--type=json", "-p", &without]).await?;
    let remedy = finds(admin, 2, "CRDs", "recommendations.trimtab.dev lacks status.realisedSavings").await?;
    mend(guarded, &remedy).await?;
    ends(admin, 0).await?;

    // Who may approve.
    let label = "rbac.authorization.k8s.io/aggregate-to-edit=true";
    plane.kubectl(&["label", "clusterrole", "trimtab-approver", label]).await?;
    let remedy = finds(admin, 1, "Approvers", "is added to edit, so everybody with edit can approve").await?;
    mend(guarded, &remedy).await?;
    ends(admin, 0).await?;
    let everybody = ["--clusterrole=trimtab-approver", "--group=system:authenticated"];
    plane.kubectl(&["create", "clusterrolebinding", "everybody", everybody[0], everybody[1]]).await?;
    let all = "everybody in system:authenticated can approve (ClusterRoleBinding everybody)";
    let remedy = finds(admin, 1, "Approvers", all).await?;
    mend(guarded, &remedy).await?;
    ends(admin, 0).await?;
    let here = ["create", "rolebinding", "here", "-n", "shop", everybody[0], everybody[1]];
    plane.kubectl(&here).await?;
    let remedy = finds(admin, 1, "Approvers", "can approve in namespace shop (RoleBinding here)").await?;
    mend(guarded, &remedy).await?;
    plane.kubectl(&["delete", "clusterrole", "trimtab-approver"]).await?;
    let remedy = finds(admin, 1, "Approvers", "ClusterRole trimtab-approver is missing").await?;
    mend(guarded, &remedy).await?;
    ends(admin, 0).await?;

    // What leads Prometheus to the metrics.
    plane.kubectl(&["delete", "service", "trimtab-metrics", "-n", OWN]).await?;
    let remedy = finds(admin, 1, "Metrics", "no Service leads to /metrics").await?;
    mend(guarded, &remedy).await?;
    ends(admin, 0).await?;

    // A second Trimtab.
    let labels = json!({"app.kubernetes.io/name": "trimtab"});
    let second = json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "sizer", "namespace": "tools", "labels": labels},
        "spec": {"replicas": 0, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels},
            "spec": {"containers": [{"name": "trimtab", "image": "trimtab:0"}]}}}});
    guarded.cluster.apply(&[namespace("tools"), second]).await?;
    let would = "tools (Deployment sizer with 0 replicas) would change the same workloads if it were scaled up";
    finds(admin, 1, "Only Trimtab", would).await?;
    plane.kubectl(&["scale", "deployment", "sizer", "-n", "tools", "--replicas=1"]).await?;
    let remedy = finds(admin, 2, "Only Trimtab", "2 namespaces have a Trimtab, and each changes the same").await?;
    mend(guarded, &remedy).await?;
    ends(admin, 0).await?;

    // A permission that a rollout needs. Before anything is approved, the feature is off.
    plane.kubectl(&["delete", "clusterrole", "trimtab-controller-resize"]).await?;
    finds(admin, 0, "Rights: resize", "off: approved changes are not applied to running pods").await?;
    guarded.decide("shop", "deploy-web", "Approved").await?;
    guarded.stands("shop", "deploy-web", "Forbidden", SOON).await?;
    finds(admin, 2, "Conditions", "Trimtab is stuck with 1 object: shop/deploy-web (Forbidden)").await?;
    let needs = "which the rollout of shop/deploy-web needs: missing patch pods/resize";
    let remedy = finds(admin, 2, "Rights: resize", needs).await?;
    mend(guarded, &remedy).await?;
    guarded.stands("shop", "deploy-web", "Applied", GOES_ON).await?;
    ends(admin, 0).await?;
    Ok(())
}

/// The definition of a kind that can be sized.
fn herds() -> Value {
    json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "herds.example.com"},
        "spec": {"group": "example.com", "scope": "Namespaced", "names": {"kind": "Herd", "plural": "herds"},
            "versions": [{"name": "v1", "served": true, "storage": true,
                "subresources": {"scale": {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}},
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}]}})
}

#[tokio::test]
async fn an_installation_is_checked_part_by_part() -> Result<()> {
    let guarded = Guarded::start(PlaneOptions::default()).await?;
    let cluster = &guarded.cluster;
    let admin = plugin(cluster, cluster.plane.kubeconfig_path())?;
    // Nothing runs yet, and no policy reads usage.
    let text =
        admin.says(1, &["doctor"], &["Leader              warning", "no policy reads usage", "18 checks: "]).await?;
    ensure!(text.contains("there is no Deployment trimtab-system/trimtab"), "{text}");

    let file = repository().join("deploy/trimtab.yaml");
    cluster.plane.kubectl(&["apply", "--server-side", "-f", file.to_str().unwrap()]).await?;
    cluster.apply(&[namespace("shop"), deployment("shop", "web", 1)]).await?;
    cluster.ready("shop", "web", 1).await?;
    let (server, _data) = prometheus(cluster.history(9, |_| Some(modest)).await?).await?;
    cluster.apply(&[quick("shop", &["shop"])]).await?;
    let args = ["--namespace", OWN, "--prometheus-url", server.url(), "--interval", "5s"];
    let trimtab = Running::start_as_installed(&guarded.kubeconfig, cluster.plane.dir(), "trimtab", &args)?;
    trimtab.ready(SOON).await?;

    let lines = ends(&admin, 0).await?;
    for line in lines.as_array().context("lines")? {
        ensure!(line["status"] == "ok" && line["remedy"].is_null(), "{line}");
    }
    ensure!(lines.as_array().is_some_and(|all| all.len() == 18), "{lines}");
    ensure!(line(&lines, "Usage source")?["message"] == "Prometheus is fresh for 1 policy", "{lines}");
    admin.says(0, &["doctor"], &["API server          ok       Kubernetes ", "18 checks: 18 ok"]).await?;

    // A custom resource that the controller is told to size has to be served, and Trimtab has to be allowed to watch it.
    let told = |entry: &str| {
        let variable = format!(r#"{{"name": "TRIMTAB_WORKLOAD_KINDS", {entry}}}"#);
        format!(
            r#"{{"spec": {{"template": {{"spec": {{"containers": [{{"name": "trimtab", "env": [{variable}]}}]}}}}}}}}"#
        )
    };
    let tell = async |entry: &str| {
        let patch = told(entry);
        cluster.plane.kubectl(&["patch", "deployment", "trimtab", "--namespace", OWN, "-p", &patch]).await
    };
    tell(r#""value": "Herd.v1.example.com""#).await?;
    let lines = ends(&admin, 1).await?;
    let message = &line(&lines, "Workload kinds")?["message"];
    ensure!(*message == "Herd.v1.example.com is not sized: the API server does not serve it", "{message}");
    cluster.apply(&[herds()]).await?;
    cluster.plane.kubectl(&["wait", "--for=condition=Established", "crd/herds.example.com", "--timeout=30s"]).await?;
    let lines = ends(&admin, 2).await?;
    let message = &line(&lines, "Workload kinds")?["message"];
    ensure!(*message == "Herd.v1.example.com is not sized: missing list, watch herds.example.com", "{message}");
    tell(r#""$patch": "delete""#).await?;
    ends(&admin, 0).await?;

    each_thing_that_somebody_breaks_is_told(&guarded, &admin).await?;

    // Each part that is missing is told, with what brings it back.
    cluster.plane.kubectl(&["delete", "mutatingadmissionpolicybinding", "trimtab-sizes"]).await?;
    let lines = ends(&admin, 1).await?;
    ensure!(line(&lines, "Sizes policy")?["status"] == "warning", "{lines}");
    let remedy = line(&lines, "Sizes policy")?["remedy"].as_str().context("a remedy")?;
    ensure!(remedy == "kubectl apply --server-side --force-conflicts -f policies/sizes.yaml", "{remedy}");
    let patch = r#"{"spec": {"failurePolicy": "Ignore"}}"#;
    let change = ["patch", "mutatingadmissionpolicy", "trimtab-requester", "--type=merge", "-p", patch];
    cluster.plane.kubectl(&change).await?;
    let lines = ends(&admin, 1).await?;
    let message = line(&lines, "Requester policy")?["message"].as_str().context("a message")?;
    ensure!(message.contains("is not that of this release: spec.failurePolicy differs"), "{message}");
    cluster.plane.kubectl(&["delete", "validatingadmissionpolicybinding", "trimtab-approval"]).await?;
    let lines = ends(&admin, 2).await?;
    ensure!(line(&lines, "Approval guard")?["status"] == "failed", "{lines}");

    // What the account may do is what its roles say: without them everything is off, and it cannot even recommend.
    cluster.plane.kubectl(&["delete", "clusterrolebinding", "trimtab-controller"]).await?;
    eventually(SOON, "the permissions are missed", async || {
        let lines = parsed(&admin.run(&["doctor", "-o", "json"]).await?.stdout)?;
        let recommend = line(&lines, "Rights: recommend")?;
        let message = recommend["message"].as_str().context("a message")?;
        ensure!(recommend["status"] == "failed" && message.contains("list, watch nodes"), "{recommend}");
        ensure!(!message.contains("leases"), "the role in its own namespace is still there: {message}");
        let resize = line(&lines, "Rights: resize")?["message"].as_str().context("a message")?;
        ensure!(resize.starts_with("off: approved changes are not applied to running pods"), "{resize}");
        Ok(())
    })
    .await?;

    // Who may read nothing is no proof of anything.
    let vic = plugin(cluster, cluster.plane.user("vic", &[], &[]).await?)?;
    let lines = ends(&vic, 0).await?;
    for (check, message) in [
        ("CRDs", "no permission to read CustomResourceDefinitions"),
        ("Approval guard", "no permission to read ValidatingAdmissionPolicies"),
        ("Rights: evict", "needs create on subjectaccessreviews.authorization.k8s.io"),
        (
            "Workload kinds",
            "which custom resources are sized is not known: no permission to read Deployment trimtab-system/trimtab",
        ),
        ("Approvers", "no permission to read ClusterRoles; needs create on subjectaccessreviews.authorization.k8s.io"),
        ("Conditions", "no permission to read Recommendations"),
        ("Metrics", "no permission to read Deployment trimtab-system/trimtab"),
        ("Only Trimtab", "may not list deployments in all namespaces; may not list leases in all namespaces"),
        ("Leader", "no permission to read Lease trimtab-system/trimtab-controller"),
        ("Version", "no permission to read Deployment trimtab-system/trimtab"),
    ] {
        let line = line(&lines, check)?;
        ensure!(line["status"] == "notChecked" && line["message"] == message, "{line}");
    }
    let nowhere = Plugin { program: vic.program.clone(), kubeconfig: cluster.plane.dir().join("nowhere.yaml") };
    let config = std::fs::read_to_string(&vic.kubeconfig)?.replace(cluster.plane.server(), "https://127.0.0.1:9");
    std::fs::write(&nowhere.kubeconfig, config)?;
    nowhere.says(2, &["doctor"], &["API server   failed", "127.0.0.1:9", "1 check: 1 failed"]).await?;
    Ok(())
}
