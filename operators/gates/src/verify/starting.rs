//! Pods that may still be starting.
//!
//! In: the pods of a workload, and when the rollout and its present stage began. Out: the pods created since that are
//! not ready, and how many of them are young. Somebody may scale a workload up in the middle of a rollout, or a pod may
//! be replaced: new pods first wait for a node and then for their readiness probe, whatever their size. They count
//! against the change only once they are late. Until then the check is inconclusive and the rollout waits, because they
//! may fail due to the new size, too. A restart or an OOM kill in them counts at once.

use std::sync::Arc;

use jiff::Timestamp;
use trimtab_api::verification::Verdict;
use trimtab_core::text::count;
use trimtab_world::row::PodRow;

use super::{Observed, Progress, ROLLING_GRACE_S, pods};

/// A pod that was created since the rollout began and is not ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Starting {
    /// When it was created, in seconds after the present stage began; negative if before.
    pub created_s: i64,
    /// Whether it waits for a node.
    pub pending: bool,
}

/// The pods created since the rollout `began` that are not ready; `stage` is when its present stage began.
pub fn starting(pods: &[Arc<PodRow>], began: Timestamp, stage: Timestamp) -> Vec<Starting> {
    let unready = pods.iter().filter(|pod| pods::is_counted(pod) && !pod.ready);
    let since = |pod: &Arc<PodRow>| {
        let created = pod.created.filter(|created| *created >= began)?;
        Some(Starting { created_s: created.duration_since(stage).as_secs(), pending: pod.node.is_none() })
    };
    unready.filter_map(since).collect()
}

/// How many of them are no older than a Deployment by default lets its pods be until it calls its update late; with
/// `pending`, only of those that wait for a node.
pub(super) fn young(now: &Observed, progress: Progress, pending: bool) -> u32 {
    let young = now
        .starting
        .iter()
        .filter(|pod| progress.stage_s.saturating_sub(pod.created_s) < ROLLING_GRACE_S && (pod.pending || !pending));
    u32::try_from(young.count()).unwrap_or(u32::MAX)
}

/// The verdict where only `young` pods are missing.
pub(super) fn may_come(young: u32) -> (Verdict, String) {
    let new = count(young, "new pod");
    (Verdict::Inconclusive, format!("; {new} may still be starting, up to {ROLLING_GRACE_S} s after being created"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use trimtab_api::verification::Verdict::{Fail, Inconclusive, Pass};

    use super::*;
    use crate::{
        testkit::{Scene, ago},
        verify::{PodCounts, baseline, verify},
    };

    /// A workload that wants three pods, of which so many are ready and these are starting.
    fn three(ready: u32, starting: Vec<Starting>) -> Observed {
        let pending = u32::try_from(starting.iter().filter(|pod| pod.pending).count()).unwrap();
        Observed {
            wanted_pods: 3,
            pods: PodCounts { ready, pending, ..PodCounts::default() },
            starting,
            ..Observed::default()
        }
    }

    /// The verdicts of `Readiness` and `Pending`, so long after the stage began.
    fn verdicts(before: &Observed, now: &Observed, stage_s: i64) -> (Verdict, Verdict) {
        let checks = verify(&baseline(before), now, Progress { stage_s, ..Progress::default() });
        let of = |name: &str| checks.iter().find(|check| check.name == name).unwrap().verdict;
        (of("Readiness"), of("Pending"))
    }

    #[test]
    fn pods_of_a_workload_that_is_scaled_up_in_a_rollout_are_waited_for() {
        let created_s = 100;
        let (none, waiting) = (Observed::default(), three(0, vec![Starting { created_s, pending: true }; 3]));
        assert_eq!(verdicts(&none, &waiting, 105), (Pass, Inconclusive), "there were none before");
        assert_eq!(verdicts(&none, &waiting, created_s + ROLLING_GRACE_S), (Pass, Fail), "late");
        // It was scaled down and up again.
        let (all, placed) = (three(3, vec![]), three(0, vec![Starting { created_s, pending: false }; 3]));
        assert_eq!(verdicts(&all, &placed, 105), (Inconclusive, Pass));
        assert_eq!(verdicts(&all, &placed, created_s + ROLLING_GRACE_S), (Fail, Pass));
        // Whatever is not new counts as ever.
        let one_broke = three(1, vec![Starting { created_s, pending: false }]);
        assert_eq!(verdicts(&all, &one_broke, 105), (Fail, Pass));
        let mut one_waits = waiting.clone();
        one_waits.pods.pending = 4;
        assert_eq!(verdicts(&none, &one_waits, 105), (Pass, Fail));
    }

    #[test]
    fn unready_pods_created_since_the_rollout_began_are_starting() {
        let scene = Scene::new();
        let found = |change: &dyn Fn(&mut PodRow)| {
            let mut pod = (*scene.pods[0]).clone();
            (pod.ready, pod.created) = (false, Some(ago(60)));
            change(&mut pod);
            starting(&[Arc::new(pod)], ago(600), ago(100))
        };
        assert_eq!(found(&|_| {}), [Starting { created_s: 40, pending: false }]);
        assert_eq!(
            found(&|p| (p.node, p.created) = (None, Some(ago(600)))),
            [Starting { created_s: -500, pending: true }]
        );
        let others: [&dyn Fn(&mut PodRow); 4] =
            [&|p| p.ready = true, &|p| p.terminating = true, &|p| p.created = Some(ago(601)), &|p| p.created = None];
        for other in others {
            assert!(found(other).is_empty());
        }
    }
}
