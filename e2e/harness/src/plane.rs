//! A control plane for the test: API server, controllers, scheduler, etcd.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use kube::Client;
use kube::config::{KubeConfigOptions, Kubeconfig};

use crate::audit::AuditLog;
use crate::{Kubernetes, Process, Usage, WorkDir, api_control, paths};

/// How long a plane may take to be ready. It takes 3 s on an idle machine.
const READY_WITHIN: Duration = Duration::from_secs(120);

/// What the API server writes to its audit log.
#[derive(Debug, Clone, Default)]
pub enum Audit {
    /// Every answered request except those of the plane's own components, without bodies (`e2e/plane/audit.yaml`).
    #[default]
    Requests,
    /// By this policy, in YAML.
    Policy(String),
    /// Nothing.
    Off,
}

/// Start options of a plane.
#[derive(Debug, Clone, Default)]
pub struct PlaneOptions {
    /// Which Kubernetes it is.
    pub kubernetes: Kubernetes,
    /// Runs the API server as a separate process, so that it can be stopped and restarted. Takes 150 MB more.
    pub restartable_apiserver: bool,
    /// The API server listens on ::1 and nowhere else, and Services have addresses of IPv6.
    pub ipv6: bool,
    /// The audit log.
    pub audit: Audit,
    /// Extra flags of kube-apiserver, as `--feature-gates=X=true`.
    pub apiserver_args: Vec<String>,
    /// Extra flags of kube-controller-manager.
    pub controller_manager_args: Vec<String>,
    /// Extra flags of kube-scheduler.
    pub scheduler_args: Vec<String>,
}

/// A running control plane. It and its directory are removed with this value.
#[derive(Debug)]
pub struct Plane {
    process: Process, // before the directory: fields are dropped in order
    dir: WorkDir,
    server: String,
}

impl Plane {
    /// Starts one and waits until its default ServiceAccount exists.
    ///
    /// # Errors
    /// With the end of its log, when it does not come up.
    pub async fn start(options: PlaneOptions) -> Result<Self> {
        // The first binary may take minutes to build: not on a runtime thread.
        let kubernetes = options.kubernetes.clone();
        let bin = tokio::task::spawn_blocking(move || kubernetes.program()).await??;
        install_tls_provider();
        let dir = WorkDir::new("plane")?;
        let mut command = Command::new(bin);
        command.arg("up").arg("--dir").arg(dir.path());
        let children = match options.restartable_apiserver {
            _ if options.kubernetes.is_spread() => "all",
            true => "kube-apiserver",
            false => "none",
        };
        command.args(["--children", children]);
        if options.ipv6 {
            command.args(["--host", "::1"]);
        }
        match &options.audit {
            Audit::Requests => _ = command.arg("--audit"),
            Audit::Policy(yaml) => {
                let file = dir.path().join("audit-policy.yaml");
                std::fs::write(&file, yaml)?;
                command.arg("--audit-policy").arg(file);
            }
            Audit::Off => {}
        }
        for (flag, own, values) in [
            ("--apiserver-arg", options.kubernetes.apiserver_flags()?, &options.apiserver_args),
            ("--kcm-arg", options.kubernetes.flags(), &options.controller_manager_args),
            ("--scheduler-arg", options.kubernetes.flags(), &options.scheduler_args),
        ] {
            command.args(own.iter().chain(values).map(|value| format!("{flag}={value}")));
        }
        let mut process = Process::spawn("up", &mut command, dir.path())?;
        let ready = process.line("READY ", READY_WITHIN).await?;
        let server = ready.split(' ').nth(1).context("READY without a server")?.to_owned();
        Ok(Self { process, dir, server })
    }

    /// Its directory: `pki/`, kubeconfigs, `log/`.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// URL of the API server.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// The process of the plane; with a restartable API server, that is a child of it.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// The resource use of the API server alone.
    ///
    /// # Errors
    /// When the plane was started without `restartable_apiserver`, or the API server is gone.
    pub fn apiserver_usage(&self) -> Result<Usage> {
        self.process.child_usage("kube-apiserver")
    }

    /// Kubeconfig of a member of `system:masters`.
    pub fn kubeconfig_path(&self) -> PathBuf {
        self.dir().join("admin.kubeconfig")
    }

    /// A client as the admin. It belongs to the runtime it is created in.
    ///
    /// # Errors
    /// When the kubeconfig is invalid.
    pub async fn client(&self) -> Result<Client> {
        self.client_with(&self.kubeconfig_path()).await
    }

    /// A client with another kubeconfig.
    ///
    /// # Errors
    /// When there is none at `kubeconfig`.
    pub async fn client_with(&self, kubeconfig: &Path) -> Result<Client> {
        let config = Kubeconfig::read_from(kubeconfig)?;
        let config = kube::Config::from_custom_kubeconfig(config, &KubeConfigOptions::default()).await?;
        Ok(Client::try_from(config)?)
    }

    /// The audit log.
    pub fn audit(&self) -> AuditLog {
        AuditLog::new(self.dir().join("log/audit.log"))
    }

    /// Runs `kubectl` as the admin and returns its output.
    ///
    /// # Errors
    /// With its stderr, when it fails.
    pub async fn kubectl(&self, args: &[&str]) -> Result<String> {
        self.kubectl_as(&self.kubeconfig_path(), args).await
    }

    /// Runs `kubectl` with another kubeconfig.
    ///
    /// # Errors
    /// With its stderr, when it fails.
    pub async fn kubectl_as(&self, kubeconfig: &Path, args: &[&str]) -> Result<String> {
        let home = self.dir().join("home"); // kubectl's discovery cache must not be shared with other clusters
        let out = tokio::process::Command::new(paths::plane_bin()?)
            .arg("kubectl")
            .args(args)
            .env("KUBECONFIG", kubeconfig)
            .env("HOME", home)
            .kill_on_drop(true)
            .output()
            .await?;
        ensure!(out.status.success(), "kubectl {}: {}", args.join(" "), String::from_utf8_lossy(&out.stderr).trim());
        Ok(String::from_utf8_lossy(&out.stdout).into_owned())
    }

    /// Stops the API server gracefully and starts it again; returns when it is ready. Credentials stay valid. Takes
    /// some 5 s: three of them are for open client watches.
    ///
    /// # Errors
    /// When the plane was started without `restartable_apiserver`, or it does not come back.
    pub async fn restart_apiserver(&self) -> Result<()> {
        api_control::request(self.dir(), "restart kube-apiserver").await
    }

    /// Kills the API server (SIGKILL); returns when it is gone.
    ///
    /// # Errors
    /// When the plane was started without `restartable_apiserver`.
    pub async fn kill_apiserver(&self) -> Result<()> {
        api_control::request(self.dir(), "kill kube-apiserver").await
    }

    /// Starts a killed API server; returns when it is ready.
    ///
    /// # Errors
    /// When it is already running or does not come up.
    pub async fn start_apiserver(&self) -> Result<()> {
        api_control::request(self.dir(), "start kube-apiserver").await
    }
}

/// Selects the TLS provider, once per process. A second call is harmless.
pub(crate) fn install_tls_provider() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}
