//! The row of a workload: its identity, replicas, other owners, and pod template.
//!
//! In: the fields read. Out: what decisions need of them.

use std::sync::Arc;

use jiff::Timestamp;
use trimtab_core::WorkloadId;

use crate::row::{ContainerKind, Labels, Resources, Uid};

/// Another owner of a workload's spec, whose fields must not be overwritten.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Owner {
    /// Another controller, by its controller owner reference.
    Controller {
        /// Kind of that controller.
        kind: Arc<str>,
        /// Its name.
        name: Arc<str>,
    },
    /// An Argo CD Application.
    ArgoCd {
        /// The Application; unknown where only a field manager gives it away.
        app: Option<Arc<str>>,
    },
    /// A Flux Kustomization or HelmRelease.
    Flux {
        /// `Kustomization` or `HelmRelease`.
        kind: &'static str,
        /// Its name; unknown where only a field manager gives it away.
        name: Option<Arc<str>>,
        /// Its namespace.
        namespace: Option<Arc<str>>,
    },
    /// A Helm release.
    Helm {
        /// The release.
        release: Arc<str>,
    },
}

impl Owner {
    /// Whether it is a GitOps tool, which would revert an edited template.
    pub fn is_gitops(&self) -> bool {
        matches!(self, Self::ArgoCd { .. } | Self::Flux { .. })
    }
}

/// Who wrote the `resources` of a container of the template, according to `managedFields`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ResourceManager {
    /// The container.
    pub container: Arc<str>,
    /// The field manager.
    pub manager: Arc<str>,
}

/// The program that a memory hint is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RuntimeName {
    /// A Java virtual machine.
    Jvm,
    /// .NET.
    DotNet,
    /// Node.js.
    Node,
    /// Go.
    Go,
    /// PostgreSQL.
    PostgreSql,
    /// MySQL or MariaDB.
    MySql,
    /// MongoDB.
    MongoDb,
    /// Redis or Valkey.
    Redis,
    /// Memcached.
    Memcached,
    /// RabbitMQ.
    RabbitMq,
    /// ClickHouse.
    ClickHouse,
    /// VictoriaMetrics or VictoriaLogs.
    VictoriaMetrics,
    /// CockroachDB.
    CockroachDb,
    /// Microsoft SQL Server.
    SqlServer,
    /// Dragonfly.
    Dragonfly,
    /// ScyllaDB.
    ScyllaDb,
    /// Redpanda.
    Redpanda,
    /// TiKV.
    TiKv,
    /// Varnish.
    Varnish,
    /// An unknown program, by a name that says what the amount is.
    Other,
}

impl RuntimeName {
    /// The name as people write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Jvm => "JVM",
            Self::DotNet => ".NET",
            Self::Node => "Node.js",
            Self::Go => "Go",
            Self::PostgreSql => "PostgreSQL",
            Self::MySql => "MySQL",
            Self::MongoDb => "MongoDB",
            Self::Redis => "Redis",
            Self::Memcached => "Memcached",
            Self::RabbitMq => "RabbitMQ",
            Self::ClickHouse => "ClickHouse",
            Self::VictoriaMetrics => "VictoriaMetrics",
            Self::CockroachDb => "CockroachDB",
            Self::SqlServer => "SQL Server",
            Self::Dragonfly => "Dragonfly",
            Self::ScyllaDb => "ScyllaDB",
            Self::Redpanda => "Redpanda",
            Self::TiKv => "TiKV",
            Self::Varnish => "Varnish",
            Self::Other => "process",
        }
    }
}

/// How a container's process was configured to use memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Runtime {
    /// A fixed amount: `-Xmx`, `GOMEMLIMIT`, `--max-old-space-size`, `shared_buffers`, `maxmemory` and the like,
    /// including memory outside the heap.
    Told {
        /// How much, in bytes.
        bytes: u64,
        /// The program.
        name: RuntimeName,
    },
    /// It takes a share of its container's limit.
    FromLimit {
        /// That share in hundredths of a percent (7550 is 75.5 %).
        percent_hundredths: u32,
        /// The program.
        name: RuntimeName,
    },
}

/// One container of a pod template.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TemplateContainer {
    /// Its name.
    pub name: Arc<str>,
    /// Its role in the pod.
    pub kind: ContainerKind,
    /// Its resources as written, including zeros: what its pods get is known once defaults are filled in.
    pub resources: Arc<Resources>,
    /// Whether its CPU can only be resized by restarting it.
    pub cpu_resize_restarts: bool,
    /// Whether its memory can only be resized by restarting it.
    pub memory_resize_restarts: bool,
    /// How its process was configured to use memory, as far as the template shows.
    pub runtime: Option<Runtime>,
    /// The maximum size in bytes of files in its memory-backed volumes, on top of the process's memory.
    pub memory_volumes: u64,
}

/// The pod template of a workload.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template {
    /// Labels of its pods.
    pub labels: Labels,
    /// Annotations of its pods that begin with `trimtab.dev/`. Ignored there.
    pub annotations: Labels,
    /// Init containers in their order, then the others in theirs.
    pub containers: Box<[TemplateContainer]>,
    /// Pod-level requests and limits, where it has them.
    pub pod_resources: Option<Arc<Resources>>,
    /// Whether its pods request an accelerator, such as a GPU.
    pub accelerator: bool,
    /// Whether its pods use the host network.
    pub host_network: bool,
    /// Its priority class.
    pub priority_class: Option<Arc<str>>,
    /// `nodeSelector`.
    pub node_selector: Labels,
    /// Changes with containers, their roles, resources, resize policies, runtimes or memory-backed volumes. Stable
    /// across restarts.
    pub fingerprint: u64,
    /// Changes when an image does. Stable across restarts.
    pub image_fingerprint: u64,
}

impl Template {
    /// The container `name`.
    pub fn container(&self, name: &str) -> Option<&TemplateContainer> {
        self.containers.iter().find(|c| &*c.name == name)
    }
}

/// A Deployment, StatefulSet, DaemonSet, CronJob, Job that no CronJob owns, Rollout, or custom resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkloadRow {
    /// Its id.
    pub id: WorkloadId,
    /// Its uid.
    pub uid: Uid,
    /// `metadata.generation`.
    pub generation: i64,
    /// `status.observedGeneration`; 0 for kinds without it.
    pub observed_generation: i64,
    /// When it was created.
    pub created: Option<Timestamp>,
    /// Whether it is being deleted.
    pub terminating: bool,
    /// Desired pods: `spec.replicas`; for a DaemonSet `desiredNumberScheduled`; for a Job `spec.parallelism`; for a
    /// CronJob the parallelism of one run.
    pub desired: u32,
    /// Ready pods. 0 for a CronJob.
    pub ready: u32,
    /// Pods of the newest template. 0 for CronJobs and Jobs.
    pub updated: u32,
    /// Runs (CronJob) or pods (Job) under way; 0 for other kinds.
    pub active: u32,
    /// Whether a Deployment is paused, or a CronJob or Job suspended.
    pub suspended: bool,
    /// The schedule of a CronJob.
    pub schedule: Option<Arc<str>>,
    /// Successful pods needed to complete a Job, or one run of a CronJob.
    pub completions: Option<u32>,
    /// Whether a Job has completed or failed.
    pub finished: bool,
    /// All of its labels.
    pub labels: Labels,
    /// Annotations that begin with `trimtab.dev/`, `argocd.argoproj.io/` or `meta.helm.sh/`, and
    /// `kubectl.kubernetes.io/default-container`.
    pub annotations: Labels,
    /// Other owners, the strictest first: a controller, Argo CD, Flux, Helm.
    pub owners: Box<[Owner]>,
    /// Who wrote the resources of which container.
    pub resource_managers: Box<[ResourceManager]>,
    /// Its pod template. For a Rollout that refers to a Deployment: the Deployment's, empty while that does not exist.
    pub template: Arc<Template>,
    /// The Deployment that a Rollout takes its template from.
    pub template_from: Option<Arc<str>>,
    /// The Rollout that takes its template from this Deployment, and runs the pods in its place.
    pub template_for: Option<Arc<str>>,
}

impl WorkloadRow {
    /// The strictest other owner.
    pub fn owner(&self) -> Option<&Owner> {
        self.owners.first()
    }
}
