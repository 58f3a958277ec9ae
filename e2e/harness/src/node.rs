//! A real node: containerd, runc and the kubelet, whose containers have cgroups of this machine's kernel.
//!
//! It needs root, namespaces and writable cgroups. Where they are missing there is no node, and the test that wanted
//! one reports loudly that it was skipped, see [`NodeRuntime::or_skip`].
//!
//! All processes run in their own PID and mount namespaces: the kernel ends them, with containers, mounts and the
//! interfaces of pods, when the first of them is killed. What remains is a tree of empty cgroups, which is removed with
//! the value, or at the next start if the test was killed.

mod cgroup;

use std::{
    io::Write,
    net::Ipv4Addr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result, anyhow, ensure};
use k8s_openapi::api::core::v1::{Node, NodeAddress, NodeStatus, Pod};
use kube::api::{Api, ObjectMeta, PostParams};

pub use self::cgroup::Limits;
use self::cgroup::Tree;
use crate::{Plane, Process, WorkDir, eventually, free_port, paths, process::tail};

/// The name of the node: the one in the plane's kubelet certificate.
const NAME: &str = "real-0";
/// The label in the node selectors of pods for a real node: `type: real`.
pub const SELECTOR: (&str, &str) = ("type", "real");
/// The available image: see `e2e/node/burn`.
pub const IMAGE: &str = "localhost/burn:1";
/// How `e2e/node.sh` reports that this machine cannot run a node.
const CANNOT: i32 = 3;

/// What a node needs besides the kubelet, on a machine that can run one.
#[derive(Debug, Clone)]
pub struct NodeRuntime {
    /// What `e2e/node.sh` prints.
    dir: PathBuf,
    /// Archives of images beside its own.
    images: Vec<PathBuf>,
}

impl NodeRuntime {
    /// The runtime; `None` where this machine cannot run a node. Then a line that begins with `SKIPPED` and names the
    /// `test` and the reason goes to stderr, bypassing libtest's capture of passing tests. `make test` repeats these
    /// lines at its end. With `E2E_REAL_NODE=1` it is an error instead.
    ///
    /// # Errors
    /// When the container image cannot be built.
    pub fn or_skip(test: &str) -> Result<Option<Self>> {
        static FOUND: OnceLock<Result<Result<PathBuf, String>, String>> = OnceLock::new();
        let found = FOUND.get_or_init(|| find().map_err(|e| format!("{e:#}"))).clone().map_err(|e| anyhow!(e))?;
        match found {
            Ok(dir) => Ok(Some(Self { dir, images: Vec::new() })),
            Err(reason) if std::env::var_os("E2E_REAL_NODE").is_some_and(|v| v == "1") => {
                Err(anyhow!("E2E_REAL_NODE=1 asks for a real node: {reason}"))
            }
            Err(reason) => {
                skipped(test, &reason)?;
                Ok(None)
            }
        }
    }

    /// The same, whose nodes also have the image in this archive, in a form that `ctr images import` takes.
    #[must_use]
    pub fn with_image(mut self, archive: PathBuf) -> Self {
        self.images.push(archive);
        self
    }
}

/// Reports that a test is skipped, see [`NodeRuntime::or_skip`].
///
/// # Errors
/// When stderr is closed.
pub fn skipped(test: &str, reason: &str) -> Result<()> {
    // In one write: other tests write too.
    Ok(std::io::stderr().write_all(format!("\nSKIPPED {test}: {reason}\n").as_bytes())?)
}

/// The runtime's directory, or why it is unavailable.
fn find() -> Result<Result<PathBuf, String>> {
    let script = "e2e/node.sh";
    let out = Command::new(paths::repository().join(script))
        .stdin(Stdio::null())
        .output()
        .with_context(|| script.to_owned())?;
    let said = String::from_utf8_lossy(&out.stderr);
    if out.status.code() == Some(CANNOT) {
        return Ok(Err(said.lines().last().unwrap_or("it does not say why").to_owned()));
    }
    ensure!(out.status.success(), "{script} failed ({}): {said}", out.status);
    Ok(Ok(PathBuf::from(String::from_utf8(out.stdout)?.trim())))
}

/// A running node. It ends with this value.
#[derive(Debug)]
pub struct RealNode {
    process: Process, // dropped first: cgroups with processes and directories with mounts cannot be removed
    cgroup: Tree,
    dir: WorkDir,
    gateway: Ipv4Addr,
}

impl RealNode {
    /// Starts one on a plane and waits until it is Ready. A plane has at most one.
    ///
    /// # Errors
    /// With the ends of its logs, when it is not Ready within 60 s.
    pub async fn start(runtime: &NodeRuntime, plane: &Plane) -> Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let dir = WorkDir::new("node")?;
        let cgroup = Tree::new(number)?;
        let api: Api<Node> = Api::all(plane.client().await?);
        api.create(&PostParams::default(), &object()).await?;
        let gateway = configure(dir.path(), runtime, plane, cgroup.name())?;
        let mut command = Command::new("unshare");
        command
            .args(["--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--propagation", "private"])
            .arg(paths::repository().join("e2e/node/run.sh"))
            .args([dir.path(), &runtime.dir])
            .arg(paths::plane_bin()?)
            .arg(plane.dir().join("kubelet-client.kubeconfig"))
            .arg(NAME);
        let process = Process::spawn("node", &mut command, dir.path())?;
        let mut node = Self { process, cgroup, dir, gateway };
        eventually(Duration::from_secs(60), "the real node is Ready", async || {
            let conditions = api.get(NAME).await?.status.and_then(|s| s.conditions).unwrap_or_default();
            let ready = conditions.iter().find(|c| c.type_ == "Ready");
            let said = ready.and_then(|c| c.message.clone()).unwrap_or_default();
            ensure!(ready.is_some_and(|c| c.status == "True"), "{said}");
            Ok(())
        })
        .await
        .map_err(|error| error.context(node.logs()))?;
        ensure!(node.process.exited()?.is_none(), "the node ended: {}", node.logs());
        Ok(node)
    }

    /// The processes of the node.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// The address of this machine that pods reach. It is there while a pod is.
    pub fn gateway(&self) -> Ipv4Addr {
        self.gateway
    }

    /// The limits the kernel enforces on a pod's container. They are read from the cgroup, not from any status.
    ///
    /// # Errors
    /// When the container does not run.
    pub fn limits(&self, pod: &Pod, container: &str) -> Result<Limits> {
        let uid = pod.metadata.uid.as_deref().context("a pod without a uid")?;
        let statuses =
            pod.status.as_ref().and_then(|s| s.container_statuses.as_ref()).context("no container status")?;
        let status =
            statuses.iter().find(|s| s.name == container).with_context(|| format!("no container {container}"))?;
        let id = status.container_id.as_deref().and_then(|id| id.split("://").nth(1)).context("no container id yet")?;
        self.cgroup.limits(uid, id)
    }

    /// Its traces on this machine: processes with its directory among their arguments, and cgroups. None once it has
    /// ended.
    pub fn traces(&self) -> impl Fn() -> Vec<PathBuf> + use<> {
        let (dir, cgroups) = (self.dir.path().display().to_string(), self.cgroup.paths());
        move || {
            let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten().map(|entry| entry.path());
            let ours = |process: &PathBuf| {
                std::fs::read(process.join("cmdline")).is_ok_and(|line| String::from_utf8_lossy(&line).contains(&dir))
            };
            processes.filter(ours).chain(cgroups.iter().filter(|path| path.exists()).cloned()).collect()
        }
    }

    /// The ends of its logs.
    pub fn logs(&self) -> String {
        let end = |file: &str| {
            let text = std::fs::read(self.dir.path().join(file)).unwrap_or_default();
            format!("{file}:\n{}\n", tail(&String::from_utf8_lossy(&text)))
        };
        ["node.log", "containerd.log", "kubelet.log"].map(end).concat()
    }
}

fn object() -> Node {
    let address = |type_: &str, address: &str| NodeAddress { type_: type_.into(), address: address.into() };
    Node {
        metadata: ObjectMeta {
            name: Some(NAME.into()),
            labels: Some([(SELECTOR.0.to_owned(), SELECTOR.1.to_owned())].into()),
            ..ObjectMeta::default()
        },
        spec: None,
        status: Some(NodeStatus {
            addresses: Some(vec![address("InternalIP", "127.0.0.1"), address("Hostname", NAME)]),
            ..NodeStatus::default()
        }),
    }
}

/// Writes the configuration files of `e2e/node` into `dir`, filled in, and links to images. Gives the gateway of pods.
fn configure(dir: &Path, runtime: &NodeRuntime, plane: &Plane, cgroup: &str) -> Result<Ipv4Addr> {
    let port = free_port()?;
    // Nodes of concurrent tests: another port, other addresses.
    let [high, low] = port.to_be_bytes();
    let gateway = Ipv4Addr::new(10, 200 + high % 50, low, 1);
    let values = [
        ("@DIR@", dir.display().to_string()),
        ("@RUNTIME@", runtime.dir.display().to_string()),
        ("@PKI@", plane.dir().join("pki").display().to_string()),
        ("@PORT@", port.to_string()),
        ("@CGROUP@", format!("/{cgroup}")),
        ("@SUBNET@", format!("10.{}.{low}.0/24", 200 + high % 50)),
    ];
    std::fs::create_dir(dir.join("cni"))?;
    std::fs::create_dir(dir.join("images"))?;
    for (number, archive) in runtime.images.iter().enumerate() {
        std::os::unix::fs::symlink(archive, dir.join(format!("images/{number}.tar")))?;
    }
    std::fs::write(dir.join("resolv.conf"), "")?;
    for (from, to) in [
        ("containerd.toml", "containerd.toml"),
        ("kubelet.yaml", "kubelet.yaml"),
        ("network.conflist", "cni/10.conflist"),
    ] {
        let template = paths::repository().join("e2e/node").join(from);
        let text = std::fs::read_to_string(&template).with_context(|| template.display().to_string())?;
        let text = values.iter().fold(text, |text, (name, value)| text.replace(name, value));
        std::fs::write(dir.join(to), text)?;
    }
    Ok(gateway)
}
