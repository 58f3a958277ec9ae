//! The program as a container of a pod runs: the files of its ServiceAccount, the address of the API server and its
//! variables are where a pod has them.
//!
//! In: a plane, a namespace, a token; arguments and variables as a manifest has them. Out: a process. It has a mount
//! namespace of its own, in which `/var/run` and `/etc/hosts` are the test's, and so nothing of the machine changes. Where
//! no such namespace can be had, the test that wanted one reports that it is skipped.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use anyhow::{Context, Result};
use url::{Host, Url};

use crate::{Plane, Process, WorkDir, node::skipped, paths};

/// Enters the pod. Arguments: the directory with the account's files, the file with names of hosts, the command.
const ENTER: &str = r#"
mount -t tmpfs tmpfs /var/run
mkdir -p /var/run/secrets/kubernetes.io
ln -s "$1" /var/run/secrets/kubernetes.io/serviceaccount
mount --bind "$2" /etc/hosts
shift 2
exec "$@"
"#;
/// How `unshare` makes a mount namespace: as root, and where the kernel allows it to everybody.
const WAYS: [&[&str]; 2] =
    [&["--mount", "--propagation", "private"], &["--user", "--map-root-user", "--mount", "--propagation", "private"]];

/// A machine that can run the program as in a pod.
#[derive(Debug, Clone, Copy)]
pub struct PodRuntime {
    way: &'static [&'static str],
}

impl PodRuntime {
    /// The runtime; `None` where this machine has none, after a line that begins with `SKIPPED`, as for a real node.
    ///
    /// # Errors
    /// When stderr is closed.
    pub fn or_skip(test: &str) -> Result<Option<Self>> {
        static FOUND: OnceLock<Result<PodRuntime, String>> = OnceLock::new();
        match FOUND.get_or_init(find) {
            Ok(found) => Ok(Some(*found)),
            Err(reason) => {
                skipped(test, reason)?;
                Ok(None)
            }
        }
    }

    /// A pod of `namespace` on this plane, whose ServiceAccount has this token.
    ///
    /// # Errors
    /// When its files cannot be written.
    pub fn pod(self, plane: &Plane, namespace: &str, token: &str) -> Result<InPod> {
        let server = Url::parse(plane.server())?;
        let host = match server.host().context("a plane without a host")? {
            Host::Domain(name) => name.to_owned(),
            Host::Ipv4(address) => address.to_string(),
            Host::Ipv6(address) => address.to_string(),
        };
        let port = server.port().context("a plane without a port")?;
        let pod = InPod { dir: WorkDir::new("pod")?, way: self.way, host, port };
        fs::create_dir(pod.account())?;
        fs::create_dir(pod.home())?;
        fs::copy(plane.dir().join("pki/ca.crt"), pod.account().join("ca.crt"))?;
        fs::write(pod.account().join("namespace"), namespace)?;
        fs::write(pod.hosts(), "127.0.0.1 localhost\n::1 localhost\n")?;
        pod.token(token)?;
        Ok(pod)
    }
}

fn find() -> Result<PodRuntime, String> {
    let mut why = String::new();
    for way in WAYS {
        let mut command = Command::new("unshare");
        command.args(way).args(["--", "sh", "-euc", ENTER, "sh", "/", "/etc/hosts", "true"]).stdin(Stdio::null());
        match command.output() {
            Ok(out) if out.status.success() => return Ok(PodRuntime { way }),
            Ok(out) => why = String::from_utf8_lossy(&out.stderr).trim().replace('\n', "; "),
            Err(error) => why = format!("unshare: {error}"),
        }
    }
    Err(format!("this machine gives the program no mount namespace, so it cannot run as in a pod: {why}"))
}

/// A pod. Its files are removed with this value.
#[derive(Debug)]
pub struct InPod {
    dir: WorkDir,
    way: &'static [&'static str],
    host: String,
    port: u16,
}

impl InPod {
    /// What `KUBERNETES_SERVICE_HOST` says in it.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Where its own files are.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Gives the account another token, as the kubelet does: a new file takes the place of the former at once.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn token(&self, token: &str) -> Result<()> {
        let new = self.dir.path().join("token.new");
        fs::write(&new, token)?;
        Ok(fs::rename(new, self.account().join("token"))?)
    }

    /// Lets the pod reach the API server by this name, as some clusters do. It has to be one of the server's certificate.
    ///
    /// # Errors
    /// When the file of hosts cannot be written.
    pub fn named(mut self, name: &str) -> Result<Self> {
        let known = fs::read_to_string(self.hosts())?;
        fs::write(self.hosts(), format!("{known}{} {name}\n", self.host))?;
        name.clone_into(&mut self.host);
        Ok(self)
    }

    /// Starts `trimtab ARGS` in it, with these variables and none of the test's own; its log is `NAME.log` among the files
    /// of the pod.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(&self, name: &str, args: &[String], variables: &[(String, String)]) -> Result<Process> {
        let mut command = Command::new("unshare");
        command.args(self.way).args(["--", "sh", "-euc", ENTER, "sh"]).args([self.account(), self.hosts()]);
        command.arg(paths::trimtab_bin()?).args(args).env_clear();
        // `unshare` and the shell are found by it.
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", self.home()).env("KUBERNETES_SERVICE_HOST", &self.host);
        command.env("KUBERNETES_SERVICE_PORT", self.port.to_string());
        command.envs(variables.iter().map(|(name, value)| (name, value)));
        Process::spawn(name, &mut command, self.dir.path())
    }

    fn account(&self) -> PathBuf {
        self.dir.path().join("account")
    }

    fn home(&self) -> PathBuf {
        self.dir.path().join("home")
    }

    fn hosts(&self) -> PathBuf {
        self.dir.path().join("hosts")
    }
}
