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
    shell::Shell,
};
use crate::{args::Args, fleet::Namespace};

/// A cluster to work with. One of the demo's own ends with this value.
#[derive(Debug)]
pub enum Cluster {
    /// Started here.
    Own {
        /// Simulated nodes; before the plane: fields are dropped in order.
        _kwok: Box<Kwok>,
        /// API server, controllers, scheduler.
        plane: Box<Plane>,
    },
    /// The one that KUBECONFIG points at.
    Existing {
        /// That file.
        kubeconfig: PathBuf,
        /// Where kubectl may keep its caches.
        home: PathBuf,
    },
}

impl Cluster {
    /// Starts or finds it.
    ///
    /// # Errors
    /// When it cannot be started, or KUBECONFIG is not set.
    pub async fn start(args: &Args, dir: &WorkDir) -> Result<Self> {
        if args.existing_cluster {
            let kubeconfig = std::env::var_os("KUBECONFIG").map(PathBuf::from).context(
                "--existing-cluster needs the environment variable KUBECONFIG, so that no cluster is used by accident",
            )?;
            ensure!(kubeconfig.is_file(), "KUBECONFIG={} is no file", kubeconfig.display());
            // A second call is harmless; our own plane would have made the first.
            let _ = rustls::crypto::ring::default_provider().install_default();
            return Ok(Self::Existing { kubeconfig, home: dir.path().join("home") });
        }
        let plane = Plane::start(PlaneOptions::default()).await?;
        let kwok = Kwok::start(&plane).await?;
        Ok(Self::Own { _kwok: Box::new(kwok), plane: Box::new(plane) })
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

    /// Installs Trimtab on the demo's own cluster; an existing one is left as it is. `namespace`: where the demo's
    /// person may approve. `trimtab`: its program.
    ///
    /// # Errors
    /// When that fails.
    pub async fn install(&self, trimtab: &Path, namespace: &str) -> Result<Option<Installed>> {
        let Self::Own { plane, .. } = self else { return Ok(None) };
        let shell = Shell::new(plane.dir(), trimtab, plane.kubeconfig_path())?;
        Ok(Some(install::install(plane, shell, namespace).await?))
    }

    /// Runs kubectl and returns its output.
    ///
    /// # Errors
    /// With its stderr, when it fails or is missing.
    pub async fn kubectl(&self, args: &[&str]) -> Result<String> {
        match self {
            Self::Own { plane, .. } => plane.kubectl(args).await,
            Self::Existing { kubeconfig, home } => kubectl(kubeconfig, home, args).await,
        }
    }

    /// Removes the demo's objects from a cluster that is not its own. Failures are printed on stderr.
    pub async fn clean_up(&self, namespaces: &[Namespace], files: &[&str]) {
        if let Self::Existing { .. } = self
            && let Err(error) = self.remove(namespaces, files).await
        {
            eprintln!("demo: not everything was removed: {error:#}");
        }
    }

    async fn remove(&self, namespaces: &[Namespace], files: &[&str]) -> Result<()> {
        let client = self.client().await?;
        for file in files {
            for object in apply::documents(&repository().join(file))? {
                let name = object["metadata"]["name"].as_str().unwrap_or_default();
                let _ = apply::api_of(&client, &object)?.delete(name, &DeleteParams::default()).await;
            }
        }
        let api: Api<k8s_openapi::api::core::v1::Namespace> = Api::all(client);
        for n in namespaces {
            if apply::is_ours(&api.get_opt(n.name).await?) {
                api.delete(n.name, &DeleteParams::default()).await?;
            }
        }
        Ok(())
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
