//! Which workload is meant: kind, namespace and name, as one cheap value.
//!
//! In: strings from objects. Out: [`WorkloadId`], the key by which the world, usage histories and decisions meet.

use std::{fmt, str::FromStr, sync::Arc};

/// The kinds of workload that Trimtab sizes: those whose controller makes pods from a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum WorkloadKind {
    /// `apps/v1` Deployment.
    Deployment,
    /// `apps/v1` StatefulSet.
    StatefulSet,
    /// `apps/v1` DaemonSet.
    DaemonSet,
    /// `batch/v1` CronJob; its Jobs count as its runs.
    CronJob,
    /// `batch/v1` Job that no CronJob owns.
    Job,
}

impl WorkloadKind {
    /// Every kind, in the order in which they are listed to people.
    pub const ALL: [Self; 5] = [Self::Deployment, Self::StatefulSet, Self::DaemonSet, Self::CronJob, Self::Job];

    /// The kind as Kubernetes spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deployment => "Deployment",
            Self::StatefulSet => "StatefulSet",
            Self::DaemonSet => "DaemonSet",
            Self::CronJob => "CronJob",
            Self::Job => "Job",
        }
    }

    /// The API group and version of the kind.
    pub fn api_version(self) -> &'static str {
        match self {
            Self::Deployment | Self::StatefulSet | Self::DaemonSet => "apps/v1",
            Self::CronJob | Self::Job => "batch/v1",
        }
    }

    /// Whether its pods end by themselves.
    pub fn runs_to_completion(self) -> bool {
        matches!(self, Self::CronJob | Self::Job)
    }

    /// Whether its pods have roles of their own, as a database's leader has: then one request for all of them must fit
    /// the busiest, whereas pods that share their work are one distribution.
    pub fn pods_have_roles(self) -> bool {
        self == Self::StatefulSet
    }
}

impl fmt::Display for WorkloadKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for WorkloadKind {
    type Err = ();

    fn from_str(s: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|k| k.as_str() == s).ok_or(())
    }
}

/// One workload of the cluster. Cloning is two reference counts.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WorkloadId {
    /// Its namespace.
    pub namespace: Arc<str>,
    /// Its kind.
    pub kind: WorkloadKind,
    /// Its name.
    pub name: Arc<str>,
}

impl WorkloadId {
    /// The id of `kind` `namespace/name`.
    pub fn new(kind: WorkloadKind, namespace: impl Into<Arc<str>>, name: impl Into<Arc<str>>) -> Self {
        Self { namespace: namespace.into(), kind, name: name.into() }
    }
}

impl fmt::Display for WorkloadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}/{}", self.kind, self.namespace, self.name)
    }
}
