//! The input of a decision: one container as it is in the cluster, and its history.

use crate::history::ContainerHistory;

/// Requests and limits of a container; `None` where nothing is set. CPU in millicores, memory in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sizes {
    /// CPU request, millicores.
    pub cpu_request: Option<i64>,
    /// CPU limit, millicores.
    pub cpu_limit: Option<i64>,
    /// Memory request, bytes.
    pub memory_request: Option<i64>,
    /// Memory limit, bytes.
    pub memory_limit: Option<i64>,
}

/// How the workload runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum WorkloadClass {
    /// It runs indefinitely: Deployment, StatefulSet, DaemonSet.
    #[default]
    LongRunning,
    /// It runs to completion: Job, CronJob. Days without samples are days on which it did not run.
    RunToCompletion,
}

/// What is known about how much memory the process inside the container was configured to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum RuntimeHint {
    /// Nothing known.
    #[default]
    None,
    /// The runtime sizes its heap as a share of the memory limit: a JVM (`-XX:MaxRAMPercentage`, or the default of 25 %),
    /// .NET (75 %), Elasticsearch (50 %).
    HeapFromLimit {
        /// That share in percent, 1–100.
        percent: u32,
    },
    /// The process was configured with a fixed amount: `-Xmx`, `GOMEMLIMIT`, `--max-old-space-size`, `shared_buffers`,
    /// `maxmemory`, or an annotation.
    FixedMemory {
        /// The amount in bytes.
        bytes: i64,
    },
}

/// The largest node the workload can run on, by its `allocatable`; `None` where no node is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NodeRoom {
    /// CPU, millicores.
    pub cpu: Option<i64>,
    /// Memory, bytes.
    pub memory: Option<i64>,
}

/// The tightest bounds of the namespace's LimitRanges for containers; `None` where there is no bound.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct LimitRange {
    /// Least CPU request, millicores.
    pub cpu_min: Option<i64>,
    /// Greatest CPU limit, millicores.
    pub cpu_max: Option<i64>,
    /// Least memory request, bytes.
    pub memory_min: Option<i64>,
    /// Greatest memory limit, bytes.
    pub memory_max: Option<i64>,
    /// Greatest CPU limit over request.
    pub cpu_max_ratio: Option<f64>,
    /// Greatest memory limit over request.
    pub memory_max_ratio: Option<f64>,
}

/// One container to decide on.
#[derive(Debug, Clone, PartialEq)]
pub struct ContainerInput<'a> {
    /// What it used.
    pub history: &'a ContainerHistory,
    /// Its present sizes.
    pub current: Sizes,
    /// Its runtime, as far as known.
    pub runtime: RuntimeHint,
    /// Whether an HPA scales the workload on CPU utilisation.
    pub hpa_on_cpu: bool,
    /// Whether an HPA scales the workload on memory utilisation.
    pub hpa_on_memory: bool,
    /// How the workload runs.
    pub class: WorkloadClass,
    /// Whether this is an init container that ends before the others start.
    pub is_init: bool,
    /// Whether its pods are of QoS class Guaranteed: every limit equals its request. A Guaranteed pod stays Guaranteed,
    /// and whole cores stay whole, unless the policy says what happens to the limit.
    pub guaranteed: bool,
    /// Bounds of the namespace.
    pub limit_range: LimitRange,
    /// The largest node it can run on.
    pub node: NodeRoom,
}

impl<'a> ContainerInput<'a> {
    /// Whether it is long-running, so that hours without samples are hours in which it was not observed.
    #[must_use]
    pub fn runs_on(&self) -> bool {
        self.class == WorkloadClass::LongRunning && !self.is_init
    }

    /// A container of a long-running workload of which only the history is known.
    #[must_use]
    pub fn of(history: &'a ContainerHistory) -> Self {
        Self {
            history,
            current: Sizes::default(),
            runtime: RuntimeHint::None,
            hpa_on_cpu: false,
            hpa_on_memory: false,
            class: WorkloadClass::LongRunning,
            is_init: false,
            guaranteed: false,
            limit_range: LimitRange::default(),
            node: NodeRoom::default(),
        }
    }
}
