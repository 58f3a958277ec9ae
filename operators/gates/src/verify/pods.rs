//! The pods of a workload, counted for checks.

use std::sync::Arc;

use jiff::Timestamp;
use trimtab_world::row::{ContainerKind, PodContainer, PodPhase, PodRow};

/// Pod counts of a workload. Pods that have ended or are being deleted are skipped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PodCounts {
    /// Ready pods.
    pub ready: u32,
    /// Pods that wait for a node.
    pub pending: u32,
    /// Restarts of all their containers.
    pub restarts: u32,
    /// Containers whose last termination was an OOM kill.
    pub oom_kills: u32,
    /// Containers of changed pods that restarted since the rollout began.
    pub new_restarts: u32,
    /// Of those: OOM-killed.
    pub new_oom_kills: u32,
}

/// Counts pods. `since` is when the rollout under way began (`None`: there is none, and nothing is new); `changed`
/// tells whether a pod has the new size. Only what happens to changed pods counts against the change: a workload that
/// gets more memory because it is OOM-killed keeps being killed in the pods that are not changed yet.
///
/// A container that terminated since counts once, however often it did: the pod only reports the last termination.
pub fn count_pods(pods: &[Arc<PodRow>], since: Option<Timestamp>, changed: impl Fn(&PodRow) -> bool) -> PodCounts {
    let mut counts = PodCounts::default();
    for pod in pods.iter().filter(|pod| is_counted(pod)) {
        counts.ready += u32::from(pod.ready);
        counts.pending += u32::from(pod.node.is_none());
        let changed = since.filter(|_| changed(pod));
        for c in pod.containers.iter().filter(|c| c.kind != ContainerKind::Init) {
            let killed = c.last_termination.as_ref().is_some_and(|t| t.is_oom_kill());
            counts.restarts = counts.restarts.saturating_add(c.restart_count);
            counts.oom_kills += u32::from(killed);
            if changed.is_some_and(|since| ended_since(pod, c, since)) {
                counts.new_restarts += 1;
                counts.new_oom_kills += u32::from(killed);
            }
        }
    }
    counts
}

/// Whether a pod counts at all: it has not ended and is not being deleted.
pub(super) fn is_counted(pod: &PodRow) -> bool {
    !pod.terminating && !matches!(pod.phase, PodPhase::Succeeded | PodPhase::Failed)
}

/// Whether a container terminated since. A termination without a time counts as one; if the pod no longer reports the
/// termination, a restart counts in pods created since.
fn ended_since(pod: &PodRow, container: &PodContainer, since: Timestamp) -> bool {
    match &container.last_termination {
        Some(last) => last.finished_at.is_none_or(|at| at >= since),
        None => container.restart_count > 0 && pod.created.is_some_and(|made| made >= since),
    }
}
