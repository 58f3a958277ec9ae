//! Trimtab as a release of its chart. In: a cluster, and the address of its Prometheus. Out: `helm install` as people type it, and
//! the [`Release`], whose program runs beside the cluster.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use k8s_openapi::api::{apps::v1::Deployment, core::v1::Secret, rbac::v1::ClusterRoleBinding};
use kube::{
    Client,
    api::{Api, ListParams},
    config::Kubeconfig,
};
use trimtab_e2e::free_port;

use super::{
    apply::PART_OF,
    launch::Launch,
    shell::{Said, Shell},
};
use crate::manifests::Target;

/// The namespace of the release.
pub const NAMESPACE: &str = "trimtab-system";
/// The account that Trimtab runs under: the chart grants its permissions, and the guard knows it.
pub const ACCOUNT: &str = "system:serviceaccount:trimtab-system:trimtab";
/// The name of the release, and of its Deployment.
const NAME: &str = "trimtab";
/// What binds Trimtab's permissions, in every installation.
const BINDING: &str = "trimtab-controller";
/// In a cluster that is not the demo's no pod may be changed, and the CRDs stay, so they are not the release's.
const CHANGES_NOTHING: &str =
    "crds.enabled=false,features.resize=false,features.evict=false,features.template=false,features.admission=false";

/// An installed release.
#[derive(Clone, Debug)]
pub struct Release {
    /// The shell of the administrator.
    pub admin: Shell,
    /// The kubeconfig of [`ACCOUNT`].
    pub account: PathBuf,
    /// What its Deployment runs.
    pub launch: Launch,
}

impl Release {
    /// Installs it, and says what runs in place of its pods, with the permissions of the kubeconfig `account`.
    ///
    /// # Errors
    /// When Helm or the API server refuses, or the Deployment cannot be run beside the cluster.
    pub async fn install(
        admin: &Shell,
        client: &Client,
        target: Target,
        prometheus: &str,
        account: PathBuf,
    ) -> Result<Self> {
        println!("\n== Installed with the chart");
        admin.must(&command(target, prometheus, free_port()?)).await?;
        let launch = Launch::of(&deployment(client).await?)?;
        let why = match target {
            Target::OwnNodes => "the nodes here are simulated and run no image",
            Target::ExistingCluster => "its image is in no registry from which this cluster could pull it",
        };
        println!(
            "\nThe Deployment has no replicas, because {why}.\n\
             Its program runs beside, with the arguments and variables that are read back from the Deployment, and with exactly the\n\
             rights of the chart's ServiceAccount. Two things that a node would give its pod come from the demo: the name of its\n\
             namespace, and credentials of {ACCOUNT}."
        );
        Ok(Self { admin: admin.clone(), account, launch })
    }

    /// Whether all is well, as people ask.
    ///
    /// # Errors
    /// When that cannot be run.
    pub async fn doctor(&self) -> Result<Said> {
        println!("\nWhether all of it is as it should be:");
        self.admin.run("kubectl trimtab doctor").await
    }

    /// The releases in its namespace, in JSON.
    ///
    /// # Errors
    /// With what Helm says, when it fails.
    pub async fn listed(&self) -> Result<String> {
        let said = self.admin.ask(&format!("helm list --namespace {NAMESPACE} --output json")).await?;
        ensure!(said.code == 0, "helm list ended with {}: {}", said.code, said.text.trim());
        // Helm may warn of something else in a line before.
        Ok(said.text.lines().find(|line| line.starts_with('[')).unwrap_or_default().to_owned())
    }
}

/// The Deployment of a release.
///
/// # Errors
/// When there is none.
pub async fn deployment(client: &Client) -> Result<Deployment> {
    let api = Api::<Deployment>::namespaced(client.clone(), NAMESPACE);
    api.get(NAME).await.with_context(|| format!("Deployment {NAMESPACE}/{NAME}"))
}

/// Whether a cluster has a Trimtab that the demo did not install.
///
/// # Errors
/// When the API server does not answer.
pub async fn is_taken(client: &Client) -> Result<bool> {
    let params = ListParams::default().labels(&format!("owner=helm,name={NAME}"));
    let kept = Api::<Secret>::namespaced(client.clone(), NAMESPACE).list_metadata(&params).await?.items;
    if kept.is_empty() {
        return Ok(Api::<ClusterRoleBinding>::all(client.clone()).get_opt(BINDING).await?.is_some());
    }
    let is_ours = |labels: &BTreeMap<String, String>| labels.get(PART_OF.0).is_some_and(|of| of == PART_OF.1);
    Ok(!kept.iter().all(|secret| secret.metadata.labels.as_ref().is_some_and(is_ours)))
}

/// Removes the demo's release, if it is there.
///
/// # Errors
/// With what Helm says, when it fails.
pub async fn uninstall(admin: &Shell) -> Result<()> {
    let said = admin.ask(&format!("helm uninstall {NAME} --namespace {NAMESPACE} --ignore-not-found")).await?;
    ensure!(said.code == 0, "helm uninstall {NAME} ended with {}: {}", said.code, said.text.trim());
    Ok(())
}

/// Writes a copy of a kubeconfig to `to`, whose user acts as [`ACCOUNT`].
///
/// # Errors
/// When it cannot be read, has no user, or cannot be written.
pub fn acting_as_account(kubeconfig: &Path, to: PathBuf) -> Result<PathBuf> {
    let mut config = Kubeconfig::read_from(kubeconfig)?;
    let current = config.current_context.as_deref();
    let context = config.contexts.iter().find(|named| Some(named.name.as_str()) == current);
    let user = context.and_then(|named| named.context.as_ref()?.user.clone());
    let named = config.auth_infos.iter_mut().find(|named| Some(&named.name) == user.as_ref());
    let info = named.and_then(|named| named.auth_info.as_mut());
    let info = info.with_context(|| format!("the current context of {} has no user", kubeconfig.display()))?;
    info.impersonate = Some(ACCOUNT.to_owned());
    // JSON is YAML.
    fs::write(&to, serde_json::to_vec_pretty(&config)?).with_context(|| to.display().to_string())?;
    Ok(to)
}

/// What people type. Its metrics are served on `port` of loopback, because the program runs on this machine.
fn command(target: Target, prometheus: &str, port: u16) -> String {
    let (verb, more) = match target {
        Target::OwnNodes => ("install", String::new()),
        Target::ExistingCluster => {
            ("upgrade --install", format!(" \\\n    --labels {}={} --set {CHANGES_NOTHING}", PART_OF.0, PART_OF.1))
        }
    };
    format!(
        "helm {verb} {NAME} charts/trimtab --namespace {NAMESPACE} --create-namespace \\\n    \
         --set prometheus.url={prometheus} \\\n    \
         --set replicas=0,metrics.address=127.0.0.1,metrics.port={port}{more}"
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use serde_json::Value;
    use trimtab_e2e::repository;

    use super::*;

    #[test]
    fn every_value_that_is_set_is_one_of_the_chart() {
        let path = repository().join("charts/trimtab/values.yaml");
        let values: Value = serde_yaml::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        for (target, count) in [(Target::OwnNodes, 4), (Target::ExistingCluster, 9)] {
            let text = command(target, "http://127.0.0.1:9090", 12_345);
            let words: Vec<&str> = text.split_whitespace().collect();
            let set = words.windows(2).filter(|pair| pair[0] == "--set").flat_map(|pair| pair[1].split(','));
            let keys: Vec<&str> = set.map(|pair| pair.split_once('=').unwrap().0).collect();
            assert_eq!(keys.len(), count, "{text}");
            for key in keys {
                assert!(values.pointer(&format!("/{}", key.replace('.', "/"))).is_some(), "{key}");
            }
        }
    }

    #[test]
    fn a_copy_of_a_kubeconfig_acts_as_the_account() {
        let dir = tempfile::tempdir().unwrap();
        let from = dir.path().join("admin.kubeconfig");
        let text = "{apiVersion: v1, kind: Config, current-context: b, \
            contexts: [{name: a, context: {cluster: c, user: a}}, {name: b, context: {cluster: c, user: b}}], \
            clusters: [{name: c, cluster: {server: 'https://127.0.0.1:1', certificate-authority: ca.crt}}], \
            users: [{name: a, user: {token: one}}, {name: b, user: {token: two}}]}";
        fs::write(&from, text).unwrap();
        let config = Kubeconfig::read_from(acting_as_account(&from, dir.path().join("copy")).unwrap()).unwrap();
        let acts = |n: usize| config.auth_infos[n].auth_info.as_ref().unwrap().impersonate.as_deref();
        assert_eq!((acts(0), acts(1)), (None, Some(ACCOUNT)));
        fs::write(&from, "{apiVersion: v1, kind: Config}").unwrap();
        let error = acting_as_account(&from, dir.path().join("copy")).unwrap_err();
        assert!(format!("{error:#}").contains("has no user"), "{error:#}");
    }
}
