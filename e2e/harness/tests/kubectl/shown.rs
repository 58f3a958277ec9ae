//! Display: tables, JSON, explanations, without colour where nobody sees it.

use std::os::unix::fs::symlink;

use super::support::{SOON, add, deployment, modest, now, policy, prometheus};
use anyhow::{Result, ensure};
use serde_json::{Value, json};
use trimtab_e2e::{Backfill, eventually, rule, trimtab_bin};

use super::bed::*;

#[tokio::test]
async fn what_is_there_is_shown() -> Result<()> {
    let world = World::start().await?;
    let ada = world.ada().await?;
    let policy = policy("services", &["shop", "mail"]);
    world.cluster.apply(&[deployment("shop", "web", 1), policy]).await?;
    world.recommend("shop", "web", pending("12.3", 96, "Low")).await?;
    world.recommend("shop", "api", pending("40", 81, "Medium")).await?;
    let mut done = pending("3", 99, "Low");
    done["conditions"] = ready("Applied", "done");
    done["rollout"] = rollout("Ended", "1/1", Some("Applied"));
    done["realisedSavings"] = json!({"monthly": "2.5", "total": "0.1", "currency": "USD", "pods": 1, "since": "2026-01-01T00:00:00Z", "until": "2026-01-01T01:00:00Z"});
    world.recommend("mail", "imap", done).await?;

    // The table, by savings; filters; other formats.
    let all = ada.says(0, &["recommendations", "-A"], &["NAMESPACE   NAME          STATUS"]).await?;
    let order: Vec<&str> = all.lines().skip(1).filter_map(|l| l.split_whitespace().nth(1)).collect();
    assert_eq!(order, ["deploy-api", "deploy-web", "deploy-imap"], "the greatest savings first");
    let shop = ada.says(0, &["recs", "-n", "shop"], &["500m→120m", "512Mi→256Mi", "12.30 USD", "Low"]).await?;
    ensure!(!shop.contains("NAMESPACE") && !shop.contains("imap"), "one namespace needs no column: {shop}");
    ada.says(0, &["rec", "-A", "-o", "wide"], &["WORKLOAD", "Deployment/web", "services", "it waits for somebody"])
        .await?;
    for (filter, expected) in [
        (vec!["--policy", "services"], 3),
        (vec!["--policy", "others"], 0),
        (vec!["--min-savings", "12.30"], 2),
        (vec!["--risk", "medium,high"], 1),
        (vec!["--status", "PendingApproval"], 2),
    ] {
        let args = [&["recs", "-A", "--no-headers"], filter.as_slice()].concat();
        let lines = ada.run(&args).await?.stdout.lines().count();
        assert_eq!(lines, expected, "{filter:?}");
    }
    let list = parsed(&ada.run(&["recs", "-A", "-o", "json"]).await?.stdout)?;
    assert_eq!(list["items"].as_array().unwrap().len(), 3);
    assert_eq!(list["items"][0]["metadata"]["name"], "deploy-api");
    ensure!(
        list["items"][0]["metadata"]["managedFields"].is_null() && list["items"][0]["kind"] == "Recommendation",
        "{list}"
    );
    let yaml: Value = serde_yaml::from_str(&ada.run(&["recs", "-n", "shop", "-o", "yaml"]).await?.stdout)?;
    assert_eq!(yaml["items"].as_array().unwrap().len(), 2);
    ada.says(1, &["recs", "deploy-ghost", "-n", "shop"], &["there is no Recommendation shop/deploy-ghost"]).await?;
    for env in [("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")] {
        ada.run_with(&["recs", "-A"], &[env]).await?;
    }

    // The screen: the operator by its Lease, the guard, policies, sums.
    ada.says(
        0,
        &["status"],
        &["not seen: there is no Lease trimtab-controller", "Emergency stop   off", "Approval guard   in force"],
    )
    .await?;
    let time = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.000000Z").to_string();
    let lease = json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "trimtab-controller", "namespace": OWN},
        "spec": {"holderIdentity": "trimtab-0", "leaseDurationSeconds": 3600, "renewTime": time}});
    world.cluster.apply(&[lease]).await?;
    let screen = ada
        .says(
            0,
            &["status"],
            &[
                "trimtab-0 leads, seen",
                "services",
                "PendingApproval   2       52.30 USD",
                "2.50 USD a month now, 0.10 USD in all, by 1 change",
                "ROLLOUTS IN PROGRESS\n  none",
            ],
        )
        .await?;
    ensure!(screen.contains("Applied           1       3.00 USD"), "{screen}");
    let data = parsed(&ada.run(&["status", "-o", "json"]).await?.stdout)?;
    assert_eq!(data["approvalGuard"]["known"]["inForce"], true, "{data}");
    assert_eq!(data["operator"]["known"]["holder"], "trimtab-0");
    ada.says(0, &["status", "-n", "mail"], &["RECOMMENDATIONS IN mail"]).await?;
    ada.says(0, &["status", "-w"], &["no rollout is in progress"]).await?;

    // A user with fewer permissions is told what is unknown, and which permission would show it.
    let vic = world.user("vic", &["get", "list", "watch"], &[]).await?;
    vic.says(
        0,
        &["status"],
        &[
            "not known: no permission to read Lease",
            "not known: no permission to read ValidatingAdmissionPolicies",
            "52.30 USD",
        ],
    )
    .await?;
    let nora = world.user("nora", &["create"], &[rule(&[""], &["pods"], &["get"])]).await?;
    nora.says(1, &["recs", "-n", "shop"], &["no permission to read Recommendations in namespace", "trimtab-viewer"])
        .await?;

    // Why, with usage from a real Prometheus; its absence is reported.
    ada.says(
        0,
        &["explain", "deploy-web", "-n", "shop"],
        &[
            "shop/deploy-web for Deployment/web, created by the policy services",
            "CPU request      500m    120m",
            "Container app: CPU at most 98m",
            "use --prometheus-url",
            "To approve it: kubectl trimtab approve deploy-web -n shop",
            "it approves nothing by itself",
        ],
    )
    .await?;
    let history = add(Backfill::new(), "shop", "web-7d9f8c6b5-x2x9z", "app", 8, now() / 60 * 60, modest);
    let (server, _data) = prometheus(history).await?;
    let chart = ada
        .says(
            0,
            &["explain", "deploy-web", "-n", "shop", "--prometheus-url", server.url()],
            &["app CPU\n    ", "request now 500m █", "proposed 120m", "app memory"],
        )
        .await?;
    let row = chart.lines().skip_while(|l| !l.contains("app CPU")).nth(1).unwrap().trim();
    ensure!(row.chars().count() == 56 && row.contains('▂'), "a wave between 80m and 120m of 500m: {row:?}");
    let url = "http://127.0.0.1:9";
    ada.says(0, &["explain", "deploy-web", "-n", "shop", "--prometheus-url", url], &["USAGE", url]).await?;
    ada.says(1, &["explain", "deploy-ghost", "-n", "shop"], &["there is no Recommendation shop/deploy-ghost"]).await?;
    assert_eq!(
        parsed(&ada.run(&["explain", "deploy-web", "-n", "shop", "-o", "json"]).await?.stdout)?["metadata"]["name"],
        "deploy-web"
    );

    // The workload as it is now, against the proposal.
    ada.says(
        0,
        &["diff", "deploy-web", "-n", "shop"],
        &["--- Deployment/web", "-      cpu: 500m\n+      cpu: 120m", "-      memory: 512Mi\n+      memory: 256Mi"],
    )
    .await?;
    ada.says(1, &["diff", "deploy-api", "-n", "shop"], &["there is no Deployment shop/api"]).await?;

    // Completion by names of the cluster.
    let completer = world.cluster.plane.dir().join("kubectl_complete-trimtab");
    symlink(trimtab_bin()?, &completer)?;
    let completer = Plugin { program: completer, kubeconfig: ada.kubeconfig.clone() };
    completer.says(0, &["explain", "-n", "shop", "deploy-w"], &["deploy-web\n:4\n"]).await?;
    completer.says(0, &["app"], &["approve\n:4\n"]).await?;

    // Watching prints what changes.
    let mut watching = ada.start("watch", &["recs", "-n", "shop", "-w"], world.cluster.plane.dir())?;
    watching.line("deploy-web", SOON).await?;
    world.status("shop", "deploy-web", json!({"conditions": ready("RollingOut", "step 1")})).await?;
    eventually(SOON, "the change is shown", async || {
        let log = watching.log();
        ensure!(log.contains("RollingOut") && log.matches("deploy-api").count() == 1, "{log}");
        Ok(())
    })
    .await?;
    watching.kill()?;
    Ok(())
}
