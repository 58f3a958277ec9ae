//! Workload identity: kind, namespace and name, as one cheap value.
//!
//! In: strings from objects. Out: [`WorkloadId`], the key shared by the world, usage histories and decisions.

use std::{fmt, str::FromStr, sync::Arc};

use crate::custom::CustomKind;

/// The workload kinds that Trimtab sizes: those whose controller creates pods from a template.
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
    /// A custom resource kind that Trimtab is configured to size. Its template is never patched.
    Custom(CustomKind),
}

impl WorkloadKind {
    /// The kinds that are always sized, in display order.
    pub const ALL: [Self; 6] =
        [Self::Deployment, Self::StatefulSet, Self::DaemonSet, Self::CronJob, Self::Job, Self::Rollout];

    /// Every kind: those that are always sized, and the configured custom resources.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().chain(CustomKind::all().map(Self::Custom))
    }

    /// The kind that `KIND.VERSION.GROUP` names. A custom resource is registered by this.
    ///
    /// # Errors
    /// If it is malformed, is a kind of Kubernetes itself, or cannot be told from one registered before.
    pub fn named(text: &str) -> Result<Self, String> {
        let of = |kind: Self| {
            let (group, version) = kind.api_version().split_once('/').unwrap_or_default();
            format!("{}.{version}.{group}", kind.as_str())
        };
        if let Some(known) = Self::ALL.into_iter().find(|kind| of(*kind) == text) {
            return Ok(known);
        }
        CustomKind::named(text, |kind| Self::ALL.iter().any(|k| k.as_str() == kind)).map(Self::Custom)
    }

    /// The kind `kind` of `api_version`; the version is ignored, since it is the author's choice.
    pub fn of(api_version: &str, kind: &str) -> Option<Self> {
        Self::of_group(api_version.split_once('/').map_or("", |(group, _)| group), kind)
    }

    /// The kind `kind` of an API group. The group tells a Deployment from a namesake.
    pub fn of_group(group: &str, kind: &str) -> Option<Self> {
        let known = Self::ALL.into_iter().find(|k| k.as_str() == kind && k.group() == group);
        known.or_else(|| CustomKind::find(group, kind).map(Self::Custom))
    }

    /// The API group.
    pub fn group(self) -> &'static str {
        self.api_version().split_once('/').map_or("", |(group, _)| group)
    }

    /// Its unique name: the kind as Kubernetes spells it, with the group if needed.
    pub fn label(self) -> &'static str {
        match self {
            Self::Custom(kind) => kind.label(),
            kind => kind.as_str(),
        }
    }

    /// Whether its template is left to people: patching it starts another controller's steps or has unknown effects.
    pub fn leaves_template(self) -> bool {
        matches!(self, Self::Rollout | Self::Custom(_))
    }

    /// The kind as Kubernetes spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deployment => "Deployment",
            Self::StatefulSet => "StatefulSet",
            Self::DaemonSet => "DaemonSet",
            Self::CronJob => "CronJob",
            Self::Job => "Job",
            Self::Rollout => "Rollout",
            Self::Custom(kind) => kind.as_str(),
        }
    }

    /// The API group and version of the kind.
    pub fn api_version(self) -> &'static str {
        match self {
            Self::Deployment | Self::StatefulSet | Self::DaemonSet => "apps/v1",
            Self::CronJob | Self::Job => "batch/v1",
            Self::Rollout => "argoproj.io/v1alpha1",
            Self::Custom(kind) => kind.api_version(),
        }
    }

    /// Whether its pods belong, or may belong, to ReplicaSets that it creates.
    pub fn makes_replica_sets(self) -> bool {
        matches!(self, Self::Deployment | Self::Rollout | Self::Custom(_))
    }

    /// Whether its pods run to completion.
    pub fn runs_to_completion(self) -> bool {
        matches!(self, Self::CronJob | Self::Job)
    }

    /// Whether it keeps pods of one template running side by side, any of which may take any part of the work.
    pub fn has_replicas(self) -> bool {
        matches!(self, Self::Deployment | Self::StatefulSet | Self::Rollout)
    }

    /// Whether its pods have roles of their own, such as a database's leader: then one request for all of them must fit
    /// the busiest, whereas pods that share their work are one distribution. For a custom resource this is unknown, so
    /// the request must fit all of them.
    pub fn pods_have_roles(self) -> bool {
        matches!(self, Self::StatefulSet | Self::Custom(_))
    }

    /// Whether the controller of a workload `workload` of this kind could have generated the pod name `pod`. For pods
    /// known only by name: a metrics server remembers pods that the API server no longer has.
    pub fn gives_name(self, workload: &str, pod: &str) -> bool {
        let Some(rest) = pod.strip_prefix(workload).and_then(|rest| rest.strip_prefix('-')) else { return false };
        let random = |s: &str| s.len() == 5 && is_generated(s);
        let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
        let hash = |s: &str| (6..=10).contains(&s.len()) && is_generated(s);
        match (self, rest.split('-').collect::<Vec<_>>().as_slice()) {
            (Self::Deployment | Self::Rollout | Self::Custom(_), [set, pod]) => hash(set) && random(pod),
            (Self::Custom(_), [pod]) => random(pod) || digits(pod),
            (Self::StatefulSet, [ordinal]) => digits(ordinal),
            (Self::DaemonSet | Self::Job, [pod]) => random(pod),
            (Self::CronJob, [time, pod]) => digits(time) && random(pod),
            _ => false,
        }
    }
}

/// Whether `text` consists of the letters used in generated name suffixes: those that cannot form words. See
/// `SafeEncodeString` in `k8s.io/apimachinery/pkg/util/rand`.
pub fn is_generated(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b"bcdfghjklmnpqrstvwxz2456789".contains(&b))
}

impl fmt::Display for WorkloadKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

impl FromStr for WorkloadKind {
    type Err = ();

    fn from_str(s: &str) -> Result<Self, ()> {
        Self::all().find(|k| k.label() == s).ok_or(())
    }
}

/// One workload of the cluster. A clone costs two reference counts.
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
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_custom_resource_is_sized_once_it_is_named() {
        assert_eq!(WorkloadKind::of("example.com/v1", "Fleet"), None);
        let fleet = WorkloadKind::named("Fleet.v1.example.com").unwrap();
        assert_eq!(WorkloadKind::named("Fleet.v1.example.com"), Ok(fleet));
        assert_eq!((fleet.to_string().as_str(), fleet.api_version()), ("Fleet", "example.com/v1"));
        assert_eq!("Fleet".parse(), Ok(fleet));
        for (api_version, kind, expected) in [
            ("example.com/v1", "Fleet", Some(fleet)),
            ("example.com/v2beta1", "Fleet", Some(fleet)),
            ("example.org/v1", "Fleet", None),
            ("apps/v1", "Deployment", Some(WorkloadKind::Deployment)),
            ("example.com/v1", "Deployment", None),
            ("v1", "Pod", None),
        ] {
            assert_eq!(WorkloadKind::of(api_version, kind), expected, "{api_version} {kind}");
        }
        assert!(fleet.leaves_template() && WorkloadKind::all().any(|k| k == fleet));
        assert!(fleet.gives_name("web", "web-x2x9z") && fleet.gives_name("web", "web-7d9f8c6b5-x2x9z"));
    }

    #[test]
    fn a_namesake_of_a_known_kind_keeps_its_group() {
        let set = WorkloadKind::named("StatefulSet.v1beta1.apps.example.com").unwrap();
        assert_eq!(set.to_string(), "StatefulSet.apps.example.com");
        assert_eq!(set.as_str(), "StatefulSet");
        assert_eq!("StatefulSet".parse(), Ok(WorkloadKind::StatefulSet));
        assert_eq!(WorkloadKind::of("apps/v1", "StatefulSet"), Some(WorkloadKind::StatefulSet));
        assert_eq!(WorkloadKind::named("Rollout.v1alpha1.argoproj.io"), Ok(WorkloadKind::Rollout));
        WorkloadKind::named("Ring.v1.example.com").unwrap();
        for wrong in [
            "Ring.v2.example.com",
            "Ring.v1.example.org",
            "rings.v1.example.com",
            "Ring",
            "Ring.v1",
            "Ring.example.com",
            "ReplicaSet.v1.apps",
            "Ring.v1.",
            "",
            "Ri ng.v1.example.com",
        ] {
            assert!(WorkloadKind::named(wrong).is_err(), "{wrong}");
        }
    }

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
