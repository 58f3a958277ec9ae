//! Whether a workload is worse than before a change: one verdict for each check.
//!
//! In: the baseline, the present observation, the progress of the rollout. Out: checks with numbers before and now.
//! `Fail` undoes the change, `Inconclusive` pauses the rollout, `NotRun` holds nothing up.

use trimtab_api::verification::{Baseline, Check, Verdict};

pub use self::{
    pods::{PodCounts, count_pods},
    starting::{Starting, starting},
};
use trimtab_core::text::{count, part, verb};
use trimtab_engine::{
    checks::{self, check},
    query::{self, QueryAnswer},
};

mod pods;
mod starting;

/// How long after the beginning of a stage unready and pending pods count as a transition, in seconds.
pub const GRACE_S: i64 = 30;
/// The same while the workload's own rolling update is in progress: as long as a Deployment gives it by default.
pub const ROLLING_GRACE_S: i64 = 600;
/// Throttling up to this is never a regression: 5 % of periods, in thousandths.
const HARMLESS_THROTTLING: i32 = 50;
/// More throttling than this above the baseline is a regression: 10 percentage points, in thousandths.
const MUCH_THROTTLING: i32 = 100;

/// The workload as observed now.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observed {
    /// Its desired number of pods.
    pub wanted_pods: u32,
    /// Its pods, counted.
    pub pods: PodCounts,
    /// Those of them that are not ready and were created since the rollout began.
    pub starting: Vec<Starting>,
    /// Running pods of other workloads on the same nodes, ready or not, that are not being deleted.
    pub neighbours: u32,
    /// Of those: ready.
    pub ready_neighbours: u32,
    /// Share of CPU periods in which it was throttled, in thousandths; `None` if unknown.
    pub throttled_thousandths: Option<i32>,
    /// The state of its autoscaler; `None` if there is none.
    pub autoscaler: Option<Autoscaler>,
    /// The results of the policy's queries.
    pub queries: Vec<QueryAnswer>,
    /// Whether usage can be read at all, so that a check without data is a gap rather than a cluster without metrics.
    pub has_metrics: bool,
    /// Whether a rolling update of the workload itself is in progress.
    pub rolling: bool,
    /// Whether its pods run to completion: that none is ready says nothing.
    pub runs_to_completion: bool,
}

/// The state of an autoscaler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Autoscaler {
    /// Its desired replicas.
    pub replicas: u32,
    /// Its maximum replicas.
    pub max: u32,
}

/// The progress of the rollout.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Pods that have been resized.
    pub pods_resized: u32,
    /// Containers in each of them that a resize restarts, according to their `resizePolicy`.
    pub restarts_per_pod: u32,
    /// Seconds since the present stage began.
    pub stage_s: i64,
}

/// The baseline of a workload before a change, to be kept in the status.
pub fn baseline(observed: &Observed) -> Baseline {
    let small = |n: u32| i32::try_from(n).unwrap_or(i32::MAX);
    Baseline {
        ready_pods: small(observed.pods.ready),
        restarts: i64::from(observed.pods.restarts),
        oom_kills: i64::from(observed.pods.oom_kills),
        pending_pods: small(observed.pods.pending),
        ready_neighbours: small(observed.ready_neighbours),
        throttled_thousandths: observed.throttled_thousandths,
        autoscaler_replicas: observed.autoscaler.map(|a| small(a.replicas)),
        queries: query::baseline(&observed.queries),
    }
}

/// Compares the workload with its baseline. The checks are in the order in which they are listed.
pub fn verify(before: &Baseline, now: &Observed, progress: Progress) -> Vec<Check> {
    let mut checks = vec![
        readiness(before, now, progress),
        restarts(now, progress),
        oom_kills(now),
        pending(before, now, progress),
        neighbours(before, now, progress),
        throttling(before, now),
        autoscaler(before, now),
    ];
    checks.extend(now.queries.iter().map(|q| query::judge(&before.queries, q)));
    checks
}

/// The verdict on something that may pass by itself: inconclusive at first, a failure once it lasts.
fn transient(now: &Observed, progress: Progress) -> (Verdict, String) {
    checks::transient(if now.rolling { ROLLING_GRACE_S } else { GRACE_S }, progress.stage_s)
}

fn readiness(before: &Baseline, now: &Observed, progress: Progress) -> Check {
    if now.runs_to_completion {
        return match progress.pods_resized {
            0 => check("Readiness", Verdict::NotRun, "not checked: there was no run with the new size yet"),
            ran => check("Readiness", Verdict::Pass, format!("{} with the new size so far", count(ran, "pod"))),
        };
    }
    let (ready, wanted) = (i64::from(now.pods.ready), i64::from(now.wanted_pods));
    let are = verb(wanted, "is", "are");
    let seen = format!("{} {are} ready, {} before", part(ready, wanted, "pod"), before.ready_pods);
    // A workload that was scaled down meanwhile has fewer pods, which is no regression.
    let needed = wanted.min(i64::from(before.ready_pods));
    if ready >= needed {
        return check("Readiness", Verdict::Pass, seen);
    }
    let young = starting::young(now, progress, false);
    let (verdict, why) =
        if ready + i64::from(young) >= needed { starting::may_come(young) } else { transient(now, progress) };
    check("Readiness", verdict, seen + &why)
}

fn restarts(now: &Observed, progress: Progress) -> Check {
    let expected = progress.pods_resized.saturating_mul(progress.restarts_per_pod);
    let seen = format!(
        "{} with the new size restarted, {expected} expected by resizePolicy",
        count(now.pods.new_restarts, "container")
    );
    let verdict = if now.pods.new_restarts > expected { Verdict::Fail } else { Verdict::Pass };
    check("Restarts", verdict, seen)
}

fn oom_kills(now: &Observed) -> Check {
    let verdict = if now.pods.new_oom_kills > 0 { Verdict::Fail } else { Verdict::Pass };
    check("OOMKills", verdict, format!("{} with the new size OOM-killed", count(now.pods.new_oom_kills, "container")))
}

fn pending(before: &Baseline, now: &Observed, progress: Progress) -> Check {
    let (pending, former) = (i64::from(now.pods.pending), i64::from(before.pending_pods));
    let seen = format!("{} without a node, {former} before", count(now.pods.pending, "pod"));
    if pending <= former {
        return check("Pending", Verdict::Pass, seen);
    }
    let young = starting::young(now, progress, true);
    let (verdict, why) =
        if pending - i64::from(young) <= former { starting::may_come(young) } else { transient(now, progress) };
    check("Pending", verdict, seen + &why)
}

fn neighbours(before: &Baseline, now: &Observed, progress: Progress) -> Check {
    let (ready, all) = (i64::from(now.ready_neighbours), i64::from(now.neighbours));
    let (pods, are) = (part(ready, all, "other pod"), verb(all, "is", "are"));
    let seen = format!("{pods} on the same nodes {are} ready, {} before", before.ready_neighbours);
    // Pods that have ended or moved elsewhere are no regression; only those that are present and not ready count.
    if ready >= all.min(i64::from(before.ready_neighbours)) {
        return check("Neighbours", Verdict::Pass, seen);
    }
    let (verdict, why) = transient(now, progress);
    check("Neighbours", verdict, seen + &why)
}

fn throttling(before: &Baseline, now: &Observed) -> Check {
    let percent = |t: i32| format!("{}.{} %", t / 10, (t % 10).abs());
    let (verdict, seen) = match (before.throttled_thousandths, now.throttled_thousandths) {
        (_, None) if now.has_metrics => (Verdict::Inconclusive, "throttling cannot be read now".to_owned()),
        (_, None) => (Verdict::Pass, "not checked: there are no metrics of throttling".to_owned()),
        (None, Some(t)) => {
            let seen = format!("throttled in {} of periods, unknown before", percent(t));
            (if t > MUCH_THROTTLING { Verdict::Inconclusive } else { Verdict::Pass }, seen)
        }
        (Some(b), Some(t)) => {
            let much = t > b.saturating_add(MUCH_THROTTLING);
            let doubled = t > HARMLESS_THROTTLING && t > b.saturating_mul(2);
            let seen = format!("throttled in {} of periods, {} before", percent(t), percent(b));
            (if much || doubled { Verdict::Fail } else { Verdict::Pass }, seen)
        }
    };
    check("Throttling", verdict, seen)
}

fn autoscaler(before: &Baseline, now: &Observed) -> Check {
    let (verdict, seen) = match (before.autoscaler_replicas, now.autoscaler) {
        (_, None) => (Verdict::Pass, "no autoscaler scales it".to_owned()),
        (None, Some(a)) => (Verdict::Pass, format!("a new autoscaler wants {}", count(a.replicas, "replica"))),
        (Some(b), Some(a)) => {
            let grew = i64::from(a.replicas) > i64::from(b);
            let wanted = count(a.replicas, "replica");
            let seen = format!("the autoscaler wants {wanted} of at most {}, {b} before", a.max);
            (if grew && a.replicas >= a.max { Verdict::Fail } else { Verdict::Pass }, seen)
        }
    };
    check("Autoscaler", verdict, seen)
}

#[cfg(test)]
mod tests;
