//! The workload of a deleted pod, resolved from its name alone.
//!
//! Usage history covers pods that no longer exist, by name only. Controllers build those names by rules:
//! - a ReplicaSet's pod is `REPLICASET-xxxxx`, and the ReplicaSet of a Deployment is `DEPLOYMENT-hash`;
//! - a DaemonSet's pod is `DAEMONSET-xxxxx`, a Job's `JOB-xxxxx` (indexed: `JOB-INDEX-xxxxx`), and a CronJob's Job is
//!   `CRONJOB-minutes`;
//! - a StatefulSet's pod is `STATEFULSET-ordinal`;
//! - those of a custom resource may be named by any of these rules except that of a CronJob.
//!
//! `xxxxx` and the hash use the letters that cannot form words. A name longer than 63 characters with its five letters
//! is cut at 58 before they are added. Rules are tried against existing owners, and where they match more than one
//! workload the result is none: history is lost rather than attributed to the wrong workload. What cannot be detected
//! is a deleted owner whose name another one now has.
//!
//! Rules: `SimpleNameGenerator` in `k8s.io/apiserver/pkg/storage/names`.

use std::{collections::BTreeSet, sync::Arc};

use trimtab_core::{CustomKind, WorkloadId, WorkloadKind, is_generated};

use super::{Space, Tables};
use crate::row::{Controller, ControllerKind};

/// Number of letters at the end of a generated name.
const ENDING: usize = 5;
/// Maximum length of the name before they are added.
const LONGEST_BASE: usize = 58;
/// Minimum and maximum length of a pod template hash.
const HASH: std::ops::RangeInclusive<usize> = 8..=10;
/// Minimum and maximum length of the time in a Job's name: minutes since 1970 now, seconds before Kubernetes 1.21.
const SCHEDULED: std::ops::RangeInclusive<usize> = 8..=10;

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'))
}

/// Kinds whose controllers name pods by unknown rules.
fn custom() -> impl Iterator<Item = WorkloadKind> {
    CustomKind::all().map(WorkloadKind::Custom)
}

/// A pod's name without its generated ending.
enum Base<'a> {
    /// The full name of the owner.
    Whole(&'a str),
    /// The first characters of the owner's name and dash.
    Cut(&'a str),
}

fn base(pod: &str) -> Option<Base<'_>> {
    let at = pod.len().checked_sub(ENDING)?;
    let (front, ending) = (pod.get(..at)?, pod.get(at..)?);
    if !is_generated(ending) {
        return None;
    }
    match front.strip_suffix('-') {
        // The cut may fall right after a dash in the owner's own name.
        Some(maker) if front.len() < LONGEST_BASE => Some(Base::Whole(maker)),
        _ if front.len() == LONGEST_BASE => Some(Base::Cut(front)),
        _ => None,
    }
}

impl Space {
    fn past_owners(&self, pod: &str) -> BTreeSet<WorkloadId> {
        let mut found = BTreeSet::new();
        if let Some((name, _)) = pod.rsplit_once('-').filter(|(_, ordinal)| is_number(ordinal)) {
            let name: Arc<str> = Arc::from(name);
            for kind in custom().chain([WorkloadKind::StatefulSet]) {
                found.extend(self.existing(kind, &name));
            }
        }
        match base(pod) {
            Some(Base::Whole(maker)) => self.made_by(maker, &mut found),
            Some(Base::Cut(prefix)) => self.made_by_cut(prefix, &mut found),
            None => {}
        }
        // A Deployment that handed its pods over to a Rollout of the same name: earlier pods are the Rollout's past.
        let lent = |id: &WorkloadId| self.workloads.get(&(id.kind, id.name.clone()))?.template_for.clone();
        let borrowed: Vec<WorkloadId> = found
            .iter()
            .filter(|id| {
                lent(id).is_some_and(|name| found.iter().any(|o| o.kind == WorkloadKind::Rollout && o.name == name))
            })
            .cloned()
            .collect();
        found.retain(|id| !borrowed.contains(id));
        found
    }

    /// Owners of pods whose direct owner has exactly the name `maker`.
    fn made_by(&self, maker: &str, found: &mut BTreeSet<WorkloadId>) {
        let name: Arc<str> = Arc::from(maker);
        let direct = custom().chain([WorkloadKind::DaemonSet, WorkloadKind::Job]).map(ControllerKind::Workload);
        for kind in direct.chain([ControllerKind::ReplicaSet]) {
            found.extend(self.workload_above(&Controller { kind, name: name.clone() }));
        }
        if let Some((above, ending)) = maker.rsplit_once('-') {
            let above: Arc<str> = Arc::from(above);
            // An existing ReplicaSet has been resolved already: it need not be this Deployment's.
            if HASH.contains(&ending.len()) && is_generated(ending) && !self.replica_sets.contains_key(maker) {
                for kind in custom().chain([WorkloadKind::Deployment, WorkloadKind::Rollout]) {
                    found.extend(self.existing(kind, &above));
                }
            }
            if SCHEDULED.contains(&ending.len()) && is_number(ending) && !self.runs.contains_key(maker) {
                found.extend(self.existing(WorkloadKind::CronJob, &above));
            }
            if is_number(ending) {
                let job = Controller { kind: ControllerKind::Workload(WorkloadKind::Job), name: above };
                found.extend(self.workload_above(&job));
            }
        }
    }

    /// Owners of pods whose direct owner's name and dash begin with `prefix`.
    fn made_by_cut(&self, prefix: &str, found: &mut BTreeSet<WorkloadId>) {
        let fits = |maker: &str| format!("{maker}-").starts_with(prefix);
        let makers = self
            .replica_sets
            .keys()
            .map(|n| (ControllerKind::ReplicaSet, n))
            .chain(self.runs.keys().map(|n| (ControllerKind::Workload(WorkloadKind::Job), n)));
        for (kind, name) in makers.filter(|(_, name)| fits(name)) {
            found.extend(self.workload_above(&Controller { kind, name: name.clone() }));
        }
        for ((kind, name), row) in &self.workloads {
            let rest = || prefix.strip_prefix(&**name).and_then(|r| r.strip_prefix('-'));
            let fits = match kind {
                WorkloadKind::DaemonSet | WorkloadKind::Job => fits(name),
                // The Deployment's own name may be longer than the cut, or a part of the hash may be left.
                WorkloadKind::Deployment | WorkloadKind::Rollout | WorkloadKind::Custom(_) => {
                    fits(name)
                        || rest().is_some_and(|r| {
                            r.trim_end_matches('-').len() <= *HASH.end() && is_generated(r.trim_end_matches('-'))
                        })
                }
                WorkloadKind::CronJob => {
                    fits(name)
                        || rest().is_some_and(|r| {
                            r.trim_end_matches('-').len() <= *SCHEDULED.end() && is_number(r.trim_end_matches('-'))
                        })
                }
                WorkloadKind::StatefulSet => false,
            };
            if fits {
                found.insert(row.id.clone());
            }
        }
    }
}

impl Tables {
    /// The workload of a deleted pod, by the naming rules of controllers; `None` where they are ambiguous.
    pub fn workload_of_past_pod(&self, namespace: &str, name: &str) -> Option<WorkloadId> {
        let mut found = self.spaces.get(namespace)?.past_owners(name).into_iter();
        let first = found.next()?;
        found.next().is_none().then_some(first)
    }
}
