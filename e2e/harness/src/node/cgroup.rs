//! The cgroups of one node: created before it starts, read while it runs, removed at its end. Version 1 and 2.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, bail};

/// Where cgroups are mounted.
const ROOT: &str = "/sys/fs/cgroup";
/// The name prefix of a node's cgroup; the process id of the test and a number follow.
const PREFIX: &str = "trimtab-e2e-";
/// How long the kernel may take to empty cgroups whose processes were killed.
const EMPTY_WITHIN: Duration = Duration::from_secs(10);

/// The limits the kernel enforces on a container; `None`: unlimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Thousandths of a core.
    pub milli_cpu: Option<u64>,
    /// Bytes of memory.
    pub memory: Option<u64>,
}

/// The cgroup of a node, in every hierarchy.
#[derive(Debug)]
pub(super) struct Tree {
    name: String,
    hierarchies: Vec<PathBuf>,
}

impl Tree {
    /// Creates it, and removes those of tests that were killed.
    pub fn new(number: u32) -> Result<Self> {
        let tree = Self { name: format!("{PREFIX}{}-{number}", std::process::id()), hierarchies: hierarchies()? };
        for hierarchy in &tree.hierarchies {
            sweep(hierarchy);
            if hierarchy == Path::new(ROOT) {
                // Version 2 gives a cgroup only the controllers its parent delegates. Systems that use it have mostly
                // done so already.
                let handed = fs::write(hierarchy.join("cgroup.subtree_control"), "+cpu +cpuset +memory +pids");
                handed.context("cgroup.subtree_control: the controllers cpu, cpuset, memory and pids")?;
            }
            let path = hierarchy.join(&tree.name);
            fs::create_dir(&path).with_context(|| path.display().to_string())?;
        }
        Ok(tree)
    }

    /// Its name below the root.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its path in every hierarchy.
    pub fn paths(&self) -> Vec<PathBuf> {
        self.hierarchies.iter().map(|hierarchy| hierarchy.join(&self.name)).collect()
    }

    /// The limits of a running container.
    pub fn limits(&self, pod: &str, container: &str) -> Result<Limits> {
        if self.hierarchies.iter().any(|h| h == Path::new(ROOT)) {
            let read = |file: &str| self.read(Path::new(ROOT), pod, container, file);
            let (max, memory) = (read("cpu.max")?, read("memory.max")?);
            let (quota, period) = max.split_once(' ').context("cpu.max")?;
            return Ok(Limits { milli_cpu: share(quota, period)?, memory: memory.parse().ok() });
        }
        let cpu = |file: &str| self.read(&Path::new(ROOT).join("cpu"), pod, container, file);
        let memory = self.read(&Path::new(ROOT).join("memory"), pod, container, "memory.limit_in_bytes")?;
        // Unlimited is the largest multiple of a page.
        let memory = memory.parse().ok().filter(|bytes: &u64| *bytes < 1 << 62);
        Ok(Limits { milli_cpu: share(&cpu("cpu.cfs_quota_us")?, &cpu("cpu.cfs_period_us")?)?, memory })
    }

    fn read(&self, hierarchy: &Path, pod: &str, container: &str, file: &str) -> Result<String> {
        let pods = hierarchy.join(&self.name).join("kubepods");
        for class in ["burstable", "", "besteffort"] {
            let path = pods.join(class).join(format!("pod{pod}")).join(container).join(file);
            match fs::read_to_string(&path) {
                Ok(text) => return Ok(text.trim().to_owned()),
                Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                Err(e) => return Err(e).with_context(|| path.display().to_string()),
            }
        }
        bail!("no cgroup of container {container} of pod {pod} below {}", pods.display())
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        let end = std::time::Instant::now() + EMPTY_WITHIN;
        for path in self.paths() {
            while let Err(error) = remove(&path) {
                if std::time::Instant::now() > end {
                    eprintln!("left until the next start of a node: {}: {error}", path.display());
                    break;
                }
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }
}

/// The mounted hierarchies that hold processes: one of version 2, or those of version 1.
fn hierarchies() -> Result<Vec<PathBuf>> {
    let root = Path::new(ROOT);
    if root.join("cgroup.controllers").exists() {
        return Ok(vec![root.to_path_buf()]);
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(root).context(ROOT)? {
        let entry = entry?;
        // Symbolic links are other names (`cpu` of `cpu,cpuacct`). A version 2 hierarchy without controllers may also
        // exist, and runc creates cgroups there too.
        let path = entry.path();
        if entry.file_type()?.is_dir() && path.join("cgroup.procs").exists() {
            found.push(path);
        }
    }
    Ok(found)
}

fn share(quota: &str, period: &str) -> Result<Option<u64>> {
    let Ok(quota) = quota.parse::<u64>() else { return Ok(None) }; // "max", or "-1"
    Ok(Some(quota * 1000 / period.parse::<u64>().context("period")?))
}

/// Removes the empty cgroups of tests that have ended.
fn sweep(hierarchy: &Path) {
    for entry in fs::read_dir(hierarchy).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let process = name.to_str().and_then(|n| n.strip_prefix(PREFIX)).and_then(|n| n.split('-').next());
        if process.is_some_and(|id| id.parse::<u32>().is_ok() && !Path::new("/proc").join(id).exists()) {
            let _ = remove(&entry.path());
        }
    }
}

/// Removes a cgroup with those below it. Their files disappear with them.
fn remove(path: &Path) -> io::Result<()> {
    match fs::read_dir(path) {
        Ok(entries) => {
            for entry in entries {
                let entry = entry?;
                if entry.file_type()?.is_dir() {
                    remove(&entry.path())?;
                }
            }
            fs::remove_dir(path)
        }
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(e) => Err(e),
    }
}
