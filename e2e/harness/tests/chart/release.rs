//! One release, from its installation over that of kubectl, as `docs/upgrade.md` and `charts/trimtab/README.md` say, to its
//! removal.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use trimtab_e2e::{FakeNode, Kwok, Plane, PlaneOptions, eventually, repository};

use crate::helm::Helm;

/// The limit of a Secret, in bytes.
const SECRET: usize = 1024 * 1024;

async fn object(plane: &Plane, args: &[&str]) -> Result<Value> {
    let mut all = vec!["get", "-o", "json"];
    all.extend(args);
    Ok(serde_json::from_str(&plane.kubectl(&all).await?)?)
}

/// Everything of Trimtab that is still being deleted.
async fn terminating(plane: &Plane) -> Result<Vec<String>> {
    let kinds =
        "namespaces,customresourcedefinitions,deployments,pods,clusterroles,clusterrolebindings,services,secrets";
    let list = object(plane, &[kinds, "-A"]).await?;
    let going = list["items"].as_array().into_iter().flatten();
    let going = going.filter(|object| object["metadata"]["deletionTimestamp"].is_string());
    Ok(going.map(|object| format!("{} {}", object["kind"], object["metadata"]["name"])).collect())
}

#[tokio::test]
async fn a_release_is_installed_upgraded_and_removed() -> Result<()> {
    let helm = Helm::find().await?;
    let plane = Plane::start(PlaneOptions::default()).await?;
    let kwok = Kwok::start(&plane).await?;
    kwok.add(&plane.client().await?, [FakeNode::new("kwok-0").capacity("8", "32Gi", 110)]).await?;
    let kubeconfig = plane.kubeconfig_path();
    let chart = Helm::chart();
    let run = async |args: &[&str]| helm.run(args, Some(&kubeconfig)).await;

    // What is there already is that of an installation with kubectl, in a namespace that enforces restricted pods.
    for part in ["crds", "deploy/namespace.yaml", "deploy/rbac.yaml", "policies", "deploy/trimtab.yaml"] {
        let path = repository().join(part);
        plane.kubectl(&["apply", "--server-side", "-f", path.to_str().context("path")?]).await?;
    }
    let uid = |deployment: &Value| deployment["metadata"]["uid"].clone();
    let before = object(&plane, &["deployment", "trimtab", "-n", "trimtab-system"]).await?;
    let guard = object(&plane, &["validatingadmissionpolicy", "trimtab-approval"]).await?;
    let install = ["install", "trimtab", &chart, "-n", "trimtab-system", "--wait", "--timeout", "2m"];
    ensure!(run(&install).await.is_err(), "Helm takes over what is not its own without being told to");
    let began = std::time::Instant::now();
    let notes = run(&[&install[..], &["--take-ownership"]].concat()).await?;
    println!("installed in {:.1} s", began.elapsed().as_secs_f64());
    ensure!(notes.contains("kubectl"), "{notes}");
    let after = object(&plane, &["deployment", "trimtab", "-n", "trimtab-system"]).await?;
    ensure!(uid(&before) == uid(&after), "the Deployment is another");
    let adopted = object(&plane, &["validatingadmissionpolicy", "trimtab-approval"]).await?;
    ensure!(
        adopted["metadata"]["generation"] == guard["metadata"]["generation"],
        "the approval guard was changed, so approvals before it are not proven"
    );

    // Helm keeps the release in a Secret, which has a limit.
    let secrets = object(&plane, &["secrets", "-n", "trimtab-system", "-l", "owner=helm"]).await?;
    for secret in secrets["items"].as_array().context("secrets")? {
        let size = secret["data"]["release"].as_str().context("a release")?.len();
        println!("the release takes {} KiB", size / 1024);
        ensure!(size * 2 <= SECRET, "{size} bytes");
    }

    // Nobody else changes the sum of the roles.
    let role = || object(&plane, &["clusterrole", "trimtab-controller"]);
    let sum = role().await?;
    ensure!(sum["rules"].as_array().is_some_and(|rules| rules.len() > 10), "{sum}");
    run(&["upgrade", "trimtab", &chart, "-n", "trimtab-system", "--wait", "--timeout", "2m"]).await?;
    ensure!(role().await?["metadata"]["resourceVersion"] == sum["metadata"]["resourceVersion"], "it was written again");

    let two =
        ["upgrade", "trimtab", &chart, "-n", "trimtab-system", "--set", "replicas=2", "--wait", "--timeout", "2m"];
    run(&two).await?;
    let budget = object(&plane, &["poddisruptionbudget", "trimtab", "-n", "trimtab-system"]).await?;
    ensure!(budget["spec"]["maxUnavailable"] == 1, "{}", budget["spec"]);
    run(&["rollback", "trimtab", "1", "-n", "trimtab-system", "--wait", "--timeout", "2m"]).await?;

    // Less rights at once.
    let few = ["features.resize=false", "features.evict=false", "features.template=false", "features.admission=false"];
    let few = few.join(",");
    run(&["upgrade", "trimtab", &chart, "-n", "trimtab-system", "--set", &few]).await?;
    let account = "--as=system:serviceaccount:trimtab-system:trimtab";
    eventually(Duration::from_secs(10), "the rights of the features are gone", async || {
        for (verb, what) in [("patch", "pods/resize"), ("create", "pods/eviction"), ("patch", "deployments.apps")] {
            let may = plane.kubectl(&["auth", "can-i", verb, what, "-A", account]).await;
            ensure!(may.is_err(), "it may still {verb} {what}");
        }
        Ok(())
    })
    .await?;

    run(&["uninstall", "trimtab", "-n", "trimtab-system", "--wait", "--timeout", "2m"]).await?;
    let crds = plane.kubectl(&["get", "crd", "-o", "name"]).await?;
    ensure!(crds.lines().filter(|name| name.ends_with(".trimtab.dev")).count() == 5, "{crds}");
    plane.kubectl(&["delete", "namespace", "trimtab-system", "--wait=false"]).await?;
    eventually(Duration::from_secs(60), "nothing is left in deletion", async || {
        let going = terminating(&plane).await?;
        ensure!(going.is_empty(), "{going:?}");
        Ok(())
    })
    .await
}
