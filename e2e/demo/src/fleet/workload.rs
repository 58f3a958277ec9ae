//! The definition of one workload, and a builder for it.

use super::{Change, Expect, Shows};
use crate::model::{Cpu, Load, Memory, Schedule, Source};

/// Which nodes a workload runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pool {
    /// On-demand nodes of AWS.
    Aws,
    /// Spot nodes of AWS.
    AwsSpot,
    /// On-demand nodes of Google Cloud.
    Gcp,
    /// Spot nodes of Google Cloud.
    GcpSpot,
    /// On-premises.
    Rack,
    /// All nodes.
    Everywhere,
}

/// The kind of a workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A Deployment with this many replicas.
    Deployment(u32),
    /// A StatefulSet with this many replicas.
    StatefulSet(u32),
    /// One pod on each node.
    DaemonSet,
    /// Runs on a schedule.
    CronJob(Schedule),
}

impl Kind {
    /// As Kubernetes spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deployment(_) => "Deployment",
            Self::StatefulSet(_) => "StatefulSet",
            Self::DaemonSet => "DaemonSet",
            Self::CronJob(_) => "CronJob",
        }
    }
}

/// An HPA on CPU utilisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Autoscaler {
    /// Maximum replicas; the minimum is the Deployment's.
    pub most: u32,
    /// Target utilisation in percent of the request.
    pub percent: u32,
}

/// One container. CPU in millicores, memory in MiB.
#[derive(Clone, Debug)]
pub struct Container {
    /// Its name.
    pub name: String,
    /// Its image.
    pub image: String,
    /// Requested CPU and memory.
    pub requests: (u32, u32),
    /// CPU limit.
    pub cpu_limit: Option<u32>,
    /// Memory limit.
    pub memory_limit: Option<u32>,
    /// Environment variables.
    pub env: Vec<(&'static str, &'static str)>,
    /// Its load.
    pub source: Source,
}

impl Container {
    /// A container with these requests, no limits, and almost no load.
    pub fn new(name: &str, image: &str, requests: (u32, u32)) -> Self {
        let cpu = Cpu { base: 0.001, swing: 0.0, weekend: 1.0, noise: 0.1, burst: None, limit: None };
        let source = Source::Simulated(Load { cpu, memory: Memory::Level { base: 20.0, swing: 0.0, noise: 0.01 } });
        Self {
            name: name.to_owned(),
            image: image.to_owned(),
            requests,
            cpu_limit: None,
            memory_limit: None,
            env: Vec::new(),
            source,
        }
    }

    /// Sets limits.
    pub fn limits(mut self, cpu: Option<u32>, memory: Option<u32>) -> Self {
        (self.cpu_limit, self.memory_limit) = (cpu, memory);
        self
    }

    /// Sets an environment variable.
    pub fn env(mut self, name: &'static str, value: &'static str) -> Self {
        self.env.push((name, value));
        self
    }

    /// Sets its load. Its CPU limit applies.
    pub fn uses(mut self, cpu: Cpu, memory: Memory) -> Self {
        let limit = self.cpu_limit.map(|m| f64::from(m) / 1_000.0);
        self.source = Source::Simulated(Load { cpu: Cpu { limit, ..cpu }, memory });
        self
    }
}

/// Demand that follows the hours of the day: from `base` to `base + swing` cores, less at weekends.
pub fn daily(base: f64, swing: f64, noise: f64) -> Cpu {
    Cpu { base, swing, weekend: 0.45, noise, burst: None, limit: None }
}

/// Memory in MiB that follows the load.
pub fn level(base: f64, swing: f64) -> Memory {
    Memory::Level { base, swing, noise: 0.012 }
}

/// One workload.
#[derive(Clone, Debug)]
pub struct Workload {
    /// Its namespace.
    pub namespace: &'static str,
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: Kind,
    /// Where it runs.
    pub pool: Pool,
    /// Its containers; expectations are about the first.
    pub containers: Vec<Container>,
    /// A container that completes before the others start.
    pub init: Option<Container>,
    /// Annotations of the workload.
    pub annotations: Vec<(&'static str, String)>,
    /// How the simulated node disturbs its pods (`oom-once`), if at all.
    pub behaviour: Option<&'static str>,
    /// How much memory its pods really need, in MiB, where that is more than their usage ever showed: the simulated
    /// node kills them below it.
    pub needs_memory: Option<u32>,
    /// An HPA.
    pub autoscaler: Option<Autoscaler>,
    /// The minimum number of pods that a PodDisruptionBudget keeps up.
    pub min_available: Option<u32>,
    /// How long ago its usage begins, in hours.
    pub history_hours: i64,
    /// How many days ago its pods were replaced by the present ones, if they were.
    pub rolled_out_days_ago: Option<i64>,
    /// The expected outcome.
    pub expect: Expect,
    /// What its evidence must show.
    pub shows: Option<Shows>,
}

impl Workload {
    /// A workload with two weeks of history.
    pub fn new(namespace: &'static str, name: &str, kind: Kind, pool: Pool) -> Self {
        Self {
            namespace,
            name: name.to_owned(),
            kind,
            pool,
            containers: Vec::new(),
            init: None,
            annotations: Vec::new(),
            behaviour: None,
            needs_memory: None,
            autoscaler: None,
            min_available: None,
            history_hours: 14 * 24,
            rolled_out_days_ago: None,
            expect: Expect::Anything,
            shows: None,
        }
    }

    /// Adds a container.
    pub fn with(mut self, container: Container) -> Self {
        self.containers.push(container);
        self
    }

    /// Declares that a recommendation is expected, and its direction.
    pub fn recommended(mut self, cpu: Change, memory: Change) -> Self {
        self.expect = Expect::Recommended { cpu, memory };
        self
    }

    /// Declares what the evidence of its recommendation must show.
    pub fn showing(mut self, shows: Shows) -> Self {
        self.shows = Some(shows);
        self
    }

    /// `Kind namespace/name`, as policies list it.
    pub fn id(&self) -> String {
        format!("{} {}/{}", self.kind.as_str(), self.namespace, self.name)
    }
}
