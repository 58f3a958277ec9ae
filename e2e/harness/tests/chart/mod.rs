//! The Helm chart with real Helm: values that make no sense are refused, those that people have are accepted by a real API
//! server, a release is installed, upgraded and removed, and the overlays of kustomize are what the chart renders.
//!
//! `HELM_DIR` names the directory of another Helm than the one that `e2e/helm.sh` builds: `make test-helm4` does.
#![allow(clippy::unwrap_used, clippy::expect_used)]

pub mod helm;
mod overlays;
mod release;

use std::fs;

use anyhow::{Context, Result, ensure};
use helm::{CLUSTER, Helm, documents};
use serde::Deserialize;
use serde_json::Value;
use trimtab_e2e::{Plane, PlaneOptions, repository};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Set {
    name: String,
    values: Value,
    #[serde(default)]
    must_mention: String,
    #[serde(default)]
    kube_version: Option<String>,
}

fn sets(file: &str) -> Result<Vec<Set>> {
    let path = repository().join("charts/tests").join(file);
    serde_yaml::from_str(&fs::read_to_string(&path)?).with_context(|| path.display().to_string())
}

#[tokio::test]
async fn values_that_make_no_sense_are_refused_and_the_key_is_named() -> Result<()> {
    let helm = Helm::find().await?;
    let sets = sets("bad-values.yaml")?;
    ensure!(sets.len() >= 80, "{} sets", sets.len());
    let mut wrong = Vec::new();
    for set in &sets {
        let cluster = match &set.kube_version {
            Some(version) => vec!["--kube-version", version.as_str()],
            None => CLUSTER.to_vec(),
        };
        match helm.template(&set.values, &cluster).await {
            Ok(_) => wrong.push(format!("{}: it is accepted", set.name)),
            Err(error) if !format!("{error:#}").contains(&set.must_mention) => {
                wrong.push(format!("{}: {error:#}, without {}", set.name, set.must_mention));
            }
            Err(_) => (),
        }
    }
    println!("{} sets of values are refused", sets.len());
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

/// A Helm that is linked otherwise than the released one takes every cluster for Kubernetes 1.20, which the chart refuses.
#[tokio::test]
async fn helm_is_as_people_have_it_and_renders_the_chart_without_being_told_of_a_cluster() -> Result<()> {
    let helm = Helm::find().await?;
    let version = helm.run(["version", "--template", "{{.Version}}"], None).await?;
    ensure!(version.split('.').count() == 3, "{version}");
    let note = "{apiVersion: v1, kind: ConfigMap, metadata: {name: '{{ .Capabilities.KubeVersion.Version }}'}}";
    let rendered = documents(&helm.template(&serde_json::json!({"extraObjects": [note]}), &[]).await?)?;
    let note = rendered.iter().find(|object| object["kind"] == "ConfigMap").context("the ConfigMap")?;
    let of = note["metadata"]["name"].as_str().and_then(|of| of.strip_prefix("v1.")).context("a version")?;
    let minor: u32 = of.split('.').next().unwrap_or_default().parse()?;
    println!("{version} renders for Kubernetes 1.{minor}");
    ensure!(minor >= 36, "{of}");
    Ok(())
}

#[tokio::test]
async fn values_as_people_have_them_make_objects_that_the_api_server_accepts() -> Result<()> {
    let helm = Helm::find().await?;
    let plane = Plane::start(PlaneOptions::default()).await?;
    let crds = repository().join("crds");
    plane.kubectl(&["apply", "--server-side", "-f", crds.to_str().context("path")?]).await?;
    plane.kubectl(&["create", "namespace", "trimtab-system"]).await?;
    plane.kubectl(&["create", "namespace", "monitoring"]).await?;
    let sets = sets("good-values.yaml")?;
    ensure!(sets.len() >= 20, "{} sets", sets.len());
    let dir = tempfile::tempdir()?;
    for (number, set) in sets.iter().enumerate() {
        let rendered = helm.template(&set.values, &CLUSTER).await.with_context(|| set.name.clone())?;
        // The kinds of the Prometheus operator are not installed here.
        let ours = |object: &&Value| {
            let version = object["apiVersion"].as_str().unwrap_or_default();
            !version.starts_with("monitoring.coreos.com/")
        };
        let objects: Vec<Value> = documents(&rendered)?.iter().filter(ours).cloned().collect();
        let list = serde_json::json!({"apiVersion": "v1", "kind": "List", "items": objects});
        let file = dir.path().join(format!("{number}.json"));
        fs::write(&file, list.to_string())?;
        let file = file.to_str().context("path")?;
        let apply =
            ["apply", "--server-side", "--dry-run=server", "--validate=strict", "--force-conflicts", "-f", file];
        plane.kubectl(&apply).await.with_context(|| set.name.clone())?;
    }
    println!("the objects of {} sets of values are accepted", sets.len());
    Ok(())
}
