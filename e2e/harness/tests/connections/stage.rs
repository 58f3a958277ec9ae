//! An installed cluster with one workload and its usage. In: how the plane and Prometheus are, and values of the chart. Out:
//! the program in a pod, as the chart starts it, and what becomes of the workload's recommendation.

use std::{
    fs,
    net::IpAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use kube::{ResourceExt, api::DeleteParams};
use serde_json::{Value, json};
use trimtab_e2e::{InPod, PlaneOptions, Prometheus, PrometheusOptions, WorkDir, eventually};

use super::{
    helm::{CLUSTER, Helm, documents},
    support::{Guarded, Running, SOON, deployment, modest, namespace, policy},
};

/// Trimtab's own namespace.
pub const OWN: &str = "trimtab-system";
/// How long it may take until what was replaced in a file is in use: it is read about every minute.
pub const REREAD: Duration = Duration::from_secs(120);

/// Where a pod's program serves its endpoints, and where its volumes really are.
pub struct Place<'a> {
    pub host: IpAddr,
    pub port: u16,
    /// The path of each volume in the container, and the directory that it is here.
    pub volumes: &'a [(&'a str, PathBuf)],
}

pub struct Stage {
    pub guarded: Guarded,
    helm: Helm,
}

impl Stage {
    pub async fn start(options: PlaneOptions) -> Result<Self> {
        let (guarded, helm) = (Guarded::start(options).await?, Helm::find().await?);
        let cluster = &guarded.cluster;
        cluster.apply(&[namespace("shop"), deployment("shop", "web", 2), policy("shop", &["shop"])]).await?;
        cluster.ready("shop", "web", 2).await?;
        Ok(Self { guarded, helm })
    }

    /// A Prometheus with the usage of the workload.
    pub async fn prometheus(&self, options: PrometheusOptions) -> Result<(Prometheus, WorkDir)> {
        let history = self.guarded.cluster.history(3, |_| Some(modest)).await?;
        let dir = WorkDir::new("usage")?;
        let data = dir.path().join("data");
        history.write(&data)?;
        Ok((Prometheus::start(PrometheusOptions { data: Some(data), ..options }).await?, dir))
    }

    /// A token of Trimtab's account that outlives the test.
    pub fn token(&self) -> Result<String> {
        let config: Value = serde_json::from_slice(&fs::read(&self.guarded.kubeconfig)?)?;
        Ok(config["users"][0]["user"]["token"].as_str().context("a kubeconfig without a token")?.to_owned())
    }

    /// Starts the program in `pod` as the chart with these values does, with a pass every few seconds.
    pub async fn run(&self, pod: &InPod, name: &str, values: &Value, place: &Place<'_>) -> Result<Running> {
        let mut values = values.clone();
        values["metrics"] = json!({"port": place.port});
        values["controller"] = json!({"interval": "5s"});
        values["log"] = json!({"format": "text"});
        let (args, variables) = self.installed(&values, pod, place).await?;
        Running::serving(pod.start(name, &args, &variables)?, place.host, place.port)
    }

    /// The container's arguments, and its variables with what the kubelet puts in them.
    async fn installed(
        &self,
        values: &Value,
        pod: &InPod,
        place: &Place<'_>,
    ) -> Result<(Vec<String>, Vec<(String, String)>)> {
        let objects = documents(&self.helm.template(values, &CLUSTER).await?)?;
        let deployment = objects.iter().find(|object| object["kind"] == "Deployment").context("no Deployment")?;
        let container = &deployment["spec"]["template"]["spec"]["containers"][0];
        for (path, _) in place.volumes {
            let mounts = container["volumeMounts"].as_array().context("no volume is mounted")?;
            ensure!(mounts.iter().any(|mount| mount["mountPath"] == *path), "nothing is mounted at {path}");
        }
        let mut variables = Vec::new();
        for variable in container["env"].as_array().context("no variables")? {
            let value = match variable["value"].as_str() {
                Some(value) => value.replace("$(KUBERNETES_SERVICE_HOST)", pod.host()),
                None => {
                    ensure!(variable["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.namespace", "{variable}");
                    OWN.to_owned()
                }
            };
            let here = |value: String, (path, real): &(&str, PathBuf)| value.replace(path, &real.display().to_string());
            let name = variable["name"].as_str().context("a variable without a name")?.to_owned();
            variables.push((name, place.volumes.iter().fold(value, here)));
        }
        Ok((serde_json::from_value(container["args"].clone())?, variables))
    }

    /// Waits for the recommendation of the workload.
    pub async fn recommended(&self, within: Duration) -> Result<()> {
        eventually(within, "a recommendation", async || {
            self.guarded.cluster.recommendation("shop", "deploy-web").await.map(drop)
        })
        .await
    }

    /// Deletes the recommendation, and waits for another in its place: whoever leads writes it.
    pub async fn comes_back(&self) -> Result<()> {
        let cluster = &self.guarded.cluster;
        let api = cluster.api("Recommendation", "recommendations", Some("shop"));
        let former = api.get("deploy-web").await?.uid();
        api.delete("deploy-web", &DeleteParams::default()).await?;
        eventually(SOON, "a deleted recommendation comes back", async || {
            let present = cluster.recommendation("shop", "deploy-web").await?.uid();
            ensure!(present != former, "it is still the former one");
            Ok(())
        })
        .await
    }
}

/// Puts a certificate into a volume as the kubelet does with a ConfigMap: behind a link to a directory, which is exchanged
/// for another.
pub fn publish(volume: &Path, version: u32, ca: &Path) -> Result<()> {
    let version = format!("..{version}");
    fs::create_dir_all(volume.join(&version))?;
    fs::copy(ca, volume.join(&version).join("ca.crt"))?;
    let link = volume.join("..data.new");
    std::os::unix::fs::symlink(&version, &link)?;
    fs::rename(link, volume.join("..data"))?;
    let key = volume.join("ca.crt");
    if !key.exists() {
        std::os::unix::fs::symlink("..data/ca.crt", key)?;
    }
    Ok(())
}
