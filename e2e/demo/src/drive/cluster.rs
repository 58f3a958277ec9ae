//! The cluster: one of the demo's own, or an existing one.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use kube::{
    Client, Config,
    api::{Api, DeleteParams},
    config::{KubeConfigOptions, Kubeconfig},
};
use trimtab_e2e::{Kwok, Plane, PlaneOptions, WorkDir, repository};

use super::{
    apply,
    install::{self, Installed},
    release::{self, Release},
    shell::{Programs, Shell},
};
use crate::{
    args::Args,
    fleet::Namespace,
    manifests::{self, Target},
};

/// The namespace of the release, where the demo creates it.
const OWN: Namespace = Namespace { name: release::NAMESPACE, least: None, quota: None };

/// A cluster to work with. One of the demo's own ends with this value.
#[derive(Debug)]
pub enum Cluster {
    /// Started here.
    Own {
        /// Simulated nodes; before the plane: fields are dropped in order.
        _kwok: Box<Kwok>,
        /// API server, controllers, scheduler.
        plane: Box<Plane>,
        /// The shell of its administrator.
        admin: Shell,
    },
    /// The one that KUBECONFIG points at.
    Existing {
        /// That file.
        kubeconfig: PathBuf,
        /// Where kubectl may keep its caches.
        home: PathBuf,
        /// The kubeconfig that Trimtab is to have.
        account: PathBuf,
        /// The shell of the user of that file.
        admin: Shell,
    },
}

impl Cluster {
    /// Starts or finds it.
    ///
    /// # Errors
    /// When it cannot be started, KUBECONFIG is not set, or its cluster has a Trimtab of its own.
    pub async fn start(args: &Args, programs: &Programs, dir: &WorkDir) -> Result<Self> {
        if args.existing_cluster {
            let kubeconfig = std::env::var_os("KUBECONFIG").map(PathBuf::from).context(
                "--existing-cluster needs the environment variable KUBECONFIG, so that no cluster is used by accident",
            )?;
            ensure!(kubeconfig.is_file(), "KUBECONFIG={} is no file", kubeconfig.display());
            // Commands run in another directory.
            let kubeconfig = std::path::absolute(&kubeconfig)?;
            // A second call is harmless; our own plane would have made the first.
            let _ = rustls::crypto::ring::default_provider().install_default();
            let admin = Shell::new(dir.path(), programs, kubeconfig.clone())?;
            let [home, account] = ["home", "trimtab.kubeconfig"].map(|name| dir.path().join(name));
            let cluster = Self::Existing { kubeconfig, home, account, admin };
            // Its guard lets no other account write what Trimtab writes, and its release is not the demo's to change.
            ensure!(
                args.without_operator || !release::is_taken(&cluster.client().await?).await?,
                "this cluster has a Trimtab already, and two would disagree: nothing was changed. Remove it first \
                 (kubectl trimtab uninstall), use another cluster, or leave the demo's own out (--without-operator)"
            );
            return Ok(cluster);
        }
        let plane = Plane::start(PlaneOptions::default()).await?;
        let admin = Shell::new(plane.dir(), programs, plane.kubeconfig_path())?;
        let kwok = Kwok::start(&plane).await?;
        Ok(Self::Own { _kwok: Box::new(kwok), plane: Box::new(plane), admin })
    }

    /// The kubeconfig for users of the demo.
    pub fn kubeconfig(&self) -> PathBuf {
        match self {
            Self::Own { plane, .. } => plane.kubeconfig_path(),
            Self::Existing { kubeconfig, .. } => kubeconfig.clone(),
        }
    }

    /// A client with that kubeconfig.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn client(&self) -> Result<Client> {
        let config = Kubeconfig::read_from(self.kubeconfig())?;
        let config = Config::from_custom_kubeconfig(config, &KubeConfigOptions::default()).await?;
        Ok(Client::try_from(config)?)
    }

    /// Installs Trimtab with its chart, to read usage from `prometheus`. In an existing cluster it may only recommend, and
    /// without Trimtab to run there, only the CRDs are applied.
    ///
    /// # Errors
    /// When that fails.
    pub async fn install(&self, args: &Args, prometheus: &str) -> Result<Option<Release>> {
        let client = self.client().await?;
        let release = match self {
            Self::Own { plane, admin, .. } => {
                // The API server knows a ServiceAccount by this name, whether it presents a token or a certificate, and a
                // certificate outlives a one-hour token.
                let account = plane.user(release::ACCOUNT, &[], &[]).await?;
                Release::install(admin, &client, Target::OwnNodes, prometheus, account).await?
            }
            Self::Existing { kubeconfig, account, admin, .. } => {
                apply::crds(&client, &repository()).await?;
                if args.without_operator {
                    return Ok(None);
                }
                let namespaces: Api<k8s_openapi::api::core::v1::Namespace> = Api::all(client.clone());
                if namespaces.get_opt(OWN.name).await?.is_none() {
                    apply::objects(&client, manifests::namespace(&OWN)).await?;
                }
                let account = release::acting_as_account(kubeconfig, account.clone())?;
                Release::install(admin, &client, Target::ExistingCluster, prometheus, account).await?
            }
        };
        Ok(Some(release))
    }

    /// A person who may approve in `namespace`, on the demo's own cluster: in an existing one nothing is approved.
    ///
    /// # Errors
    /// When the API server refuses.
    pub async fn people(&self, release: &Release, namespace: &str) -> Result<Option<Installed>> {
        let Self::Own { plane, .. } = self else { return Ok(None) };
        Ok(Some(install::people(plane, release, namespace).await?))
    }

    /// Runs kubectl and returns its output.
    ///
    /// # Errors
    /// With its stderr, when it fails or is missing.
    pub async fn kubectl(&self, args: &[&str]) -> Result<String> {
        match self {
            Self::Own { plane, .. } => plane.kubectl(args).await,
            Self::Existing { kubeconfig, home, .. } => kubectl(kubeconfig, home, args).await,
        }
    }

    /// Removes the demo's objects from a cluster that is not its own. Failures are printed on stderr.
    pub async fn clean_up(&self, namespaces: &[Namespace], files: &[&str]) {
        if let Self::Existing { admin, .. } = self
            && let Err(error) = self.remove(admin, namespaces, files).await
        {
            eprintln!("demo: not everything was removed: {error:#}");
        }
    }

    async fn remove(&self, admin: &Shell, namespaces: &[Namespace], files: &[&str]) -> Result<()> {
        let client = self.client().await?;
        for file in files {
            for object in apply::documents(&repository().join(file))? {
                let name = object["metadata"]["name"].as_str().unwrap_or_default();
                let _ = apply::api_of(&client, &object)?.delete(name, &DeleteParams::default()).await;
            }
        }
        let api: Api<k8s_openapi::api::core::v1::Namespace> = Api::all(client.clone());
        let remove = async |n: &Namespace| {
            if apply::is_ours(&api.get_opt(n.name).await?) {
                api.delete(n.name, &DeleteParams::default()).await?;
            }
            anyhow::Ok(())
        };
        for n in namespaces {
            remove(n).await?;
        }
        // The release is in a namespace that may be the demo's.
        if !release::is_taken(&client).await? {
            release::uninstall(admin).await?;
        }
        remove(&OWN).await
    }
}

async fn kubectl(kubeconfig: &Path, home: &Path, args: &[&str]) -> Result<String> {
    let out = tokio::process::Command::new("kubectl")
        .args(args)
        .env("KUBECONFIG", kubeconfig)
        .env("HOME", home)
        .output()
        .await
        .context("kubectl is needed on PATH")?;
    ensure!(out.status.success(), "kubectl {}: {}", args.join(" "), String::from_utf8_lossy(&out.stderr).trim());
    Ok(String::from_utf8_lossy(&out.stdout).into_owned())
}
