//! Decisions: who may, what is refused and why, what is written.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::bed::*;

#[tokio::test]
async fn decisions_are_held_to_rights() -> Result<()> {
    let world = World::start().await?;
    let ada = world.ada().await?;
    for (workload, status) in [
        ("web", pending("12.3", 96, "Low")),
        ("api", pending("40", 81, "Low")),
        ("job", pending("1", 97, "Medium")),
        ("cron", pending("2", 97, "Low")),
        ("new", Value::Null),
    ] {
        world.recommend("shop", workload, status).await?;
    }
    let shop = |args: &[&'static str]| [args, &["-n", "shop"]].concat();

    // A user without the permission is told which, and nothing is written.
    let eve = world.user("eve", &["get", "list", "patch"], &[]).await?;
    eve.says(
        1,
        &shop(&["approve", "deploy-web"]),
        &["the approval guard refused", "eve may not approve", "trimtab-approver", "--user=eve"],
    )
    .await?;
    let vic = world.user("vic", &["get", "list", "watch"], &[]).await?;
    vic.says(
        1,
        &shop(&["approve", "deploy-web"]),
        &["vic has no permission to decide on shop/deploy-web", "--clusterrole=trimtab-approver --user=vic"],
    )
    .await?;
    ada.says(
        0,
        &shop(&["approve", "deploy-web", "--dry-run=server"]),
        &["approved shop/deploy-web as ada (server dry run)"],
    )
    .await?;
    assert_eq!(world.approval("shop", "deploy-web").await?, Value::Null, "nothing was written");

    // No terminal control sequences in a reason.
    let clears = shop(&["approve", "deploy-web", "--reason", "agreed\u{1b}[2J"]);
    ada.says(1, &clears, &["spec.approval.reason"]).await?;
    assert_eq!(world.approval("shop", "deploy-web").await?, Value::Null, "nothing was written");

    // The approval, in one's own name, for the displayed digest.
    ada.says(0, &shop(&["approve", "deploy-web", "--reason", "agreed"]), &[
        "shop/deploy-web  Deployment/web  cpu 500m→120m  memory 512Mi→256Mi (limit 512Mi→256Mi)  saves 12.30 USD a month  confidence 96 %  risk Low",
        "approved shop/deploy-web as ada\n",
    ])
    .await?;
    let object = world.get("shop", "deploy-web").await?;
    assert_eq!(
        object["spec"]["approval"],
        json!({"decision": "Approved", "approver": "ada", "reason": "agreed", "proposalDigest": DIGEST})
    );
    ensure!(object["metadata"]["managedFields"].to_string().contains("kubectl-trimtab"), "{object}");
    ada.says(0, &shop(&["approve", "deploy-web"]), &["already approved by you"]).await?;
    ada.says(0, &shop(&["explain", "deploy-web"]), &["Approved by ada: agreed", "has not honoured it yet"]).await?;
    ada.says(0, &shop(&["reject", "deploy-web", "--reason", "a sale"]), &["rejected shop/deploy-web as ada"]).await?;
    assert_eq!(world.approval("shop", "deploy-web").await?["decision"], "Rejected");
    ada.says(1, &shop(&["approve", "deploy-new"]), &["shop/deploy-new has no digest yet"]).await?;
    ada.says(1, &shop(&["approve", "deploy-api", "deploy-ghost"]), &["there is no Recommendation shop/deploy-ghost"])
        .await?;
    assert_eq!(world.approval("shop", "deploy-api").await?, Value::Null, "a wrong name decides nothing");

    // An irreversible change is never approved without asking.
    let unset = json!([{"name": "app", "requests": {"cpu": "500m", "memory": "512Mi"}, "limits": {}}]);
    world.status("shop", "deploy-api", json!({"current": unset})).await?;
    let warned = ["shop/deploy-api cannot be undone: memory limit of container app is not set now", "use --yes"];
    ada.says(2, &shop(&["approve", "deploy-api"]), &warned).await?;
    assert_eq!(world.approval("shop", "deploy-api").await?, Value::Null);
    ada.says(
        0,
        &shop(&["approve", "deploy-api", "--yes", "--dry-run=server"]),
        &[warned[0], "approved shop/deploy-api"],
    )
    .await?;

    let set = json!([{"name": "app", "requests": {"cpu": "500m", "memory": "512Mi"}, "limits": {"memory": "512Mi"}}]);
    world.status("shop", "deploy-api", json!({"current": set})).await?;

    // Bulk approval: never without asking, and never beyond the bounds.
    let many = ["approve", "--all", "--policy", "services", "--min-confidence", "90", "--max-risk", "Low"];
    ada.says(2, &shop(&many), &["shop/deploy-cron", "use --yes; nothing was approved"]).await?;
    assert_eq!(world.approval("shop", "deploy-cron").await?, Value::Null);
    let said = ada.says(0, &shop(&[&many[..], &["--yes"]].concat()), &["approved shop/deploy-cron as ada"]).await?;
    assert_eq!(said.matches("approved ").count(), 1, "{said}");
    for (workload, expected) in
        [("cron", json!("Approved")), ("api", Value::Null), ("job", Value::Null), ("web", json!("Rejected"))]
    {
        assert_eq!(world.approval("shop", &format!("deploy-{workload}")).await?["decision"], expected, "{workload}");
    }
    ada.says(0, &shop(&[&many[..], &["--yes"]].concat()), &["nothing within these bounds"]).await?;

    // An undo needs something in force, and says what it does.
    ada.says(1, &shop(&["undo", "deploy-api"]), &["never been applied", "kubectl trimtab reject deploy-api -n shop"])
        .await?;
    world.status("shop", "deploy-cron", json!({"rollout": rollout("Ended", "1/1", Some("Applied"))})).await?;
    ada.says(
        0,
        &shop(&["undo", "deploy-cron", "--reason", "latency rose"]),
        &[
            "Deployment/cron goes back",
            "app: requests cpu 120m→500m, memory 256Mi→512Mi; limits memory 256Mi→512Mi",
            "new pods stop getting the new size",
            "rejected shop/deploy-cron as ada",
        ],
    )
    .await?;
    assert_eq!(world.approval("shop", "deploy-cron").await?["reason"], "latency rose");
    world.status("shop", "deploy-cron", json!({"rollout": rollout("Ended", "1/1", Some("RolledBack"))})).await?;
    ada.says(1, &shop(&["undo", "deploy-cron"]), &["already rolled back"]).await?;
    ada.says(1, &shop(&["approve", "deploy-cron"]), &["only what a person rejected can be approved again"]).await?;

    // Also for an earlier proposal, which a rejection leaves in force.
    let mut earlier = rollout("Ended", "1/1", Some("Applied"));
    earlier["proposalDigest"] = json!("sha256:00000000000000000000000000000000");
    world.status("shop", "deploy-cron", json!({"rollout": earlier})).await?;
    let kept = ["an earlier proposal of shop/deploy-cron, sha256:00000000, is in force and stays"];
    ada.says(0, &shop(&["reject", "deploy-cron", "--reason", "too small", "--dry-run=server"]), &kept).await?;
    let said = ["What is in force is an earlier proposal, sha256:00000000", "rejected shop/deploy-cron as ada"];
    ada.says(0, &shop(&["undo", "deploy-cron", "--reason", "latency rose"]), &said).await?;
    let approval = world.approval("shop", "deploy-cron").await?;
    assert_eq!(approval["proposalDigest"], earlier["proposalDigest"], "{approval}");

    // The emergency stop.
    ada.says(0, &["halt", "--reason", "incident 4711"], &["emergency stop on, by ada since ", ": incident 4711"])
        .await?;
    let map = world.cluster.plane.kubectl(&["get", "configmap", "trimtab-halt", "-n", OWN, "-o", "json"]).await?;
    let map = parsed(&map)?;
    assert_eq!((map["data"]["by"].as_str(), map["data"]["reason"].as_str()), (Some("ada"), Some("incident 4711")));
    map["data"]["since"].as_str().unwrap().parse::<jiff::Timestamp>()?;
    ada.says(0, &["halt"], &["was already on, by ada"]).await?;
    ada.says(0, &["status"], &["Emergency stop   on, by ada"]).await?;
    ada.says(0, &shop(&["approve", "deploy-api"]), &["approved shop/deploy-api", "note: the emergency stop is on"])
        .await?;
    eve.says(1, &["resume"], &["no permission to change ConfigMap trimtab-system/trimtab-halt"]).await?;
    let theirs = json!({"data": {"reason": "an\u{1b}[2Jincident\nall is well"}});
    world
        .cluster
        .plane
        .kubectl(&["patch", "configmap", "trimtab-halt", "-n", OWN, "--type=merge", "-p", &theirs.to_string()])
        .await?;
    ada.says(0, &["status"], &["on, by ada", "an\\u{1b}[2Jincident\\u{a}all is well"]).await?;
    ada.says(0, &["resume"], &["emergency stop off; it was on, by ada"]).await?;
    ada.says(0, &["resume"], &["already off"]).await?;
    ada.says(1, &["halt", "--trimtab-namespace", "nowhere"], &["nowhere", "--trimtab-namespace"]).await?;

    // Without the guard no approval is honoured, and that is reported.
    world.cluster.plane.kubectl(&["delete", "validatingadmissionpolicybinding", "trimtab-approval"]).await?;
    ada.says(0, &["status"], &["not in force", "ValidatingAdmissionPolicyBinding trimtab-approval is missing"]).await?;
    ada.says(0, &shop(&["approve", "deploy-job"]), &["note: the approval guard is not in force"]).await?;

    // The guard shows where Trimtab runs: no emergency stop is confirmed that no controller would see.
    let tools =
        r#"[{"op": "replace", "path": "/spec/variables/0/expression", "value": "'system:serviceaccount:tools:own'"}]"#;
    let change = ["patch", "validatingadmissionpolicy", "trimtab-approval", "--type=json", "-p", tools];
    world.cluster.plane.kubectl(&change).await?;
    ada.says(1, &["halt"], &["use --trimtab-namespace tools", "Nothing was changed"]).await?;
    ada.says(0, &["halt", "--trimtab-namespace", OWN], &["emergency stop on"]).await?;
    ada.says(0, &["status"], &["warning: the approval guard names system:serviceaccount:tools:own"]).await?;

    // Who may list Deployments need not name the namespace.
    let labels = json!({"app.kubernetes.io/name": "trimtab"});
    let deployment = |namespace: &str| {
        json!({"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "trimtab", "namespace": namespace, "labels": labels},
            "spec": {"replicas": 0, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels},
                "spec": {"containers": [{"name": "trimtab", "image": "trimtab"}]}}}})
    };
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "tools"}});
    world.cluster.apply(&[namespace, deployment("tools")]).await?;
    let root = world.plugin(world.cluster.plane.kubeconfig_path())?;
    root.says(0, &["halt"], &["Trimtab found in namespace tools", "emergency stop on"]).await?;
    root.says(0, &["status"], &["Trimtab found in namespace tools", "Emergency stop   on"]).await?;
    root.says(0, &["resume"], &["Trimtab found in namespace tools", "emergency stop off"]).await?;
    world.cluster.apply(&[deployment(OWN)]).await?;
    let several = ["in the namespaces tools, trimtab-system: say with --trimtab-namespace", "Nothing was changed"];
    root.says(2, &["halt"], &several).await?;
    Ok(())
}
