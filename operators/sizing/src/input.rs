//! What a decision looks at: one container as the cluster has it, and its history.

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
    /// It runs on: Deployment, StatefulSet, DaemonSet.
    #[default]
    LongRunning,
    /// It runs and ends: Job, CronJob. Days without samples are days on which it did not run.
    RunToCompletion,
}

/// What is known of the memory that the process inside the container was told it may use.
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
    /// The process was told a fixed amount: `-Xmx`, `GOMEMLIMIT`, `--max-old-space-size`, `shared_buffers`, `maxmemory`, or an
    /// annotation.
    FixedMemory {
        /// The amount in bytes.
        bytes: i64,
    },
}

/// The largest node that the workload can run on, by what it lets pods have (`allocatable`); `None` where no node is known.
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
    /// What it asks for now.
    pub current: Sizes,
    /// What it runs, as far as known.
    pub runtime: RuntimeHint,
    /// Whether an HPA scales the workload on CPU utilisation.
    pub hpa_on_cpu: bool,
    /// Whether an HPA scales the workload on memory utilisation.
    pub hpa_on_memory: bool,
    /// How the workload runs.
    pub class: WorkloadClass,
    /// Whether this is an init container that ends before the others start.
    pub is_init: bool,
    /// Whether its pods are of the class Guaranteed: every limit equals its request. A Guaranteed pod stays one, and whole
    /// cores stay whole, unless the policy says what happens to the limit.
    pub guaranteed: bool,
    /// Bounds of the namespace.
    pub limit_range: LimitRange,
    /// The largest node that it can run on.
    pub node: NodeRoom,
}

impl<'a> ContainerInput<'a> {
    /// Whether it runs on, so that hours without samples are hours in which it was not seen.
    #[must_use]
    pub fn runs_on(&self) -> bool {
        self.class == WorkloadClass::LongRunning && !self.is_init
    }

    /// A container of a long-running workload of which nothing but its history is known.
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
