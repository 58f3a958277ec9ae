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
    /// `argoproj.io/v1alpha1` Rollout of Argo Rollouts, where the cluster has it. Its template is never patched.
    Rollout,
}

impl WorkloadKind {
    /// Every kind, in the order in which they are listed to people.
    pub const ALL: [Self; 6] =
        [Self::Deployment, Self::StatefulSet, Self::DaemonSet, Self::CronJob, Self::Job, Self::Rollout];

    /// The kind as Kubernetes spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deployment => "Deployment",
            Self::StatefulSet => "StatefulSet",
            Self::DaemonSet => "DaemonSet",
            Self::CronJob => "CronJob",
            Self::Job => "Job",
            Self::Rollout => "Rollout",
        }
    }

    /// The API group and version of the kind.
    pub fn api_version(self) -> &'static str {
        match self {
            Self::Deployment | Self::StatefulSet | Self::DaemonSet => "apps/v1",
            Self::CronJob | Self::Job => "batch/v1",
            Self::Rollout => "argoproj.io/v1alpha1",
        }
    }

    /// Whether its pods belong to ReplicaSets that it makes.
    pub fn makes_replica_sets(self) -> bool {
        matches!(self, Self::Deployment | Self::Rollout)
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

    /// Whether `pod` is a name that the controller of a workload `workload` of this kind gives. For pods that are only known by
    /// name: a server of metrics remembers those that the API server does not know any more.
    pub fn gives_name(self, workload: &str, pod: &str) -> bool {
        let Some(rest) = pod.strip_prefix(workload).and_then(|rest| rest.strip_prefix('-')) else { return false };
        let random = |s: &str| s.len() == 5 && is_generated(s);
        let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
        let hash = |s: &str| (6..=10).contains(&s.len()) && is_generated(s);
        match (self, rest.split('-').collect::<Vec<_>>().as_slice()) {
            (Self::Deployment | Self::Rollout, [set, pod]) => hash(set) && random(pod),
            (Self::StatefulSet, [ordinal]) => digits(ordinal),
            (Self::DaemonSet | Self::Job, [pod]) => random(pod),
            (Self::CronJob, [time, pod]) => digits(time) && random(pod),
            _ => false,
        }
    }
}

/// Whether `text` consists of the letters that generated endings of names are made of: those that cannot form words. See
/// `SafeEncodeString` in `k8s.io/apimachinery/pkg/util/rand`.
pub fn is_generated(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b"bcdfghjklmnpqrstvwxz2456789".contains(&b))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pods_are_told_by_the_names_that_their_controllers_give() {
        use WorkloadKind::{CronJob, DaemonSet, Deployment, Job, Rollout, StatefulSet};
        for (kind, workload, pod, expected) in [
            (Deployment, "web", "web-7d9f8c6b5-x2x9z", true),
            (Deployment, "web", "web-front-7d9f8c6b5-x2x9z", false),
            (Deployment, "web", "web-front-shop1", false),
            (Deployment, "web", "web-0", false),
            (Rollout, "web", "web-7d9f8c6b5-x2x9z", true),
            (StatefulSet, "db", "db-12", true),
            (StatefulSet, "db", "db-x2x9z", false),
            (CronJob, "report", "report-28374650-bc2df", true),
            (DaemonSet, "agent", "agent-8x8x7", true),
            (DaemonSet, "agent", "agents-8x8x7", false),
            (Job, "import", "import", false),
        ] {
            assert_eq!(kind.gives_name(workload, pod), expected, "{kind} {workload} {pod}");
        }
    }
}
