//! Whether a workload is worse than before a change: one verdict for each check.
//!
//! In: the baseline, what is observed now, how far the rollout has come. Out: checks with before and now in numbers.
//! `Fail` undoes the change, `Inconclusive` pauses the rollout.

use trimtab_api::verification::{Baseline, Check, QueryBaseline, Verdict};

pub use self::pods::{PodCounts, count_pods};
use trimtab_core::text::{count, cut};

mod pods;
mod query;

/// How long after the beginning of a stage unready and pending pods are taken for a transition, in seconds.
pub const GRACE_S: i64 = 30;
/// The same while the workload's own rolling update is in progress: as long as a Deployment gives it by default.
pub const ROLLING_GRACE_S: i64 = 600;
/// Throttling that is never worse: 5 % of periods, in thousandths.
const HARMLESS_THROTTLING: i32 = 50;
/// More throttling than this over the baseline is worse: 10 points of percent, in thousandths.
const MUCH_THROTTLING: i32 = 100;
/// The longest message that the schema takes.
const MAX_MESSAGE: usize = 512;
/// The longest answer of a query that the schema takes.
const MAX_VALUE: usize = 32;

/// The workload as it is now.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observed {
    /// Pods that it wants.
    pub wanted_pods: u32,
    /// Its pods, counted.
    pub pods: PodCounts,
    /// Pods of others on the same nodes that run, ready or not, and are not being deleted.
    pub neighbours: u32,
    /// Of those: ready.
    pub ready_neighbours: u32,
    /// Share of CPU periods in which it was throttled, in thousandths; `None` where nothing is known of it.
    pub throttled_thousandths: Option<i32>,
    /// What its autoscaler wants; `None` where there is none.
    pub autoscaler: Option<Autoscaler>,
    /// What the policy's queries answer.
    pub queries: Vec<QueryAnswer>,
    /// Whether usage can be read at all, so that a check without data is a gap rather than a cluster without metrics.
    pub has_metrics: bool,
    /// Whether a rolling update of the workload itself is in progress.
    pub rolling: bool,
}

/// What an autoscaler wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Autoscaler {
    /// Replicas that it wants.
    pub replicas: u32,
    /// The most that it may want.
    pub max: u32,
}

/// The answer of one query.
#[derive(Clone, Debug, PartialEq)]
pub struct QueryAnswer {
    /// Its name in the policy.
    pub name: String,
    /// The answer; `None` where there was none, or more than one.
    pub value: Option<f64>,
    /// Why there was none, where more is known than that.
    pub unanswered: Option<String>,
    /// How much greater than before it may be, in percent.
    pub max_worse_percent: i32,
}

/// How far the rollout has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Pods that have been resized.
    pub pods_resized: u32,
    /// Containers in each of them that a resize restarts, by their `resizePolicy`.
    pub restarts_per_pod: u32,
    /// Seconds since the present stage began.
    pub stage_s: i64,
}

/// The workload before a change, to be kept in the status.
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
        queries: observed
            .queries
            .iter()
            .map(|q| QueryBaseline { name: q.name.clone(), value: q.value.and_then(decimal) })
            .collect(),
    }
}

/// A number as text that the schema takes; `None` for what is no number.
fn decimal(value: f64) -> Option<String> {
    let plain = value.to_string();
    value.is_finite().then(|| if plain.len() <= MAX_VALUE { plain } else { format!("{value:e}") })
}

/// Compares the workload with what it was, in the order in which checks are listed.
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
    checks.extend(now.queries.iter().map(|q| query::judge(before, q)));
    checks
}

fn many(n: u32, what: &str) -> String {
    count(usize::try_from(n).unwrap_or(usize::MAX), what)
}

fn check(name: impl Into<String>, verdict: Verdict, message: impl AsRef<str>) -> Check {
    Check { name: name.into(), verdict, message: cut(message.as_ref(), MAX_MESSAGE) }
}

/// What something that may pass by itself counts as: a pause at first, a failure once it lasts.
fn transient(now: &Observed, progress: Progress) -> (Verdict, String) {
    let grace = if now.rolling { ROLLING_GRACE_S } else { GRACE_S };
    if progress.stage_s < grace {
        (
            Verdict::Inconclusive,
            format!("; {} s after the beginning of this stage that may pass, until {grace} s", progress.stage_s),
        )
    } else {
        (Verdict::Fail, String::new())
    }
}

fn readiness(before: &Baseline, now: &Observed, progress: Progress) -> Check {
    let (ready, wanted) = (i64::from(now.pods.ready), i64::from(now.wanted_pods));
    let seen = format!("{ready} of {wanted} pods are ready, {} before", before.ready_pods);
    // A workload that was scaled down meanwhile has fewer pods and is none the worse for it.
    if ready >= wanted.min(i64::from(before.ready_pods)) {
        return check("Readiness", Verdict::Pass, seen);
    }
    let (verdict, why) = transient(now, progress);
    check("Readiness", verdict, seen + &why)
}

fn restarts(now: &Observed, progress: Progress) -> Check {
    let expected = progress.pods_resized.saturating_mul(progress.restarts_per_pod);
    let seen = format!(
        "{} with the new size restarted, {expected} expected by resizePolicy",
        many(now.pods.new_restarts, "container")
    );
    let verdict = if now.pods.new_restarts > expected { Verdict::Fail } else { Verdict::Pass };
    check("Restarts", verdict, seen)
}

fn oom_kills(now: &Observed) -> Check {
    let verdict = if now.pods.new_oom_kills > 0 { Verdict::Fail } else { Verdict::Pass };
    check("OOMKills", verdict, format!("{} with the new size OOM-killed", many(now.pods.new_oom_kills, "container")))
}

fn pending(before: &Baseline, now: &Observed, progress: Progress) -> Check {
    let seen = format!("{} without a node, {} before", many(now.pods.pending, "pod"), before.pending_pods);
    if i64::from(now.pods.pending) <= i64::from(before.pending_pods) {
        return check("Pending", Verdict::Pass, seen);
    }
    let (verdict, why) = transient(now, progress);
    check("Pending", verdict, seen + &why)
}

fn neighbours(before: &Baseline, now: &Observed, progress: Progress) -> Check {
    let (ready, all) = (i64::from(now.ready_neighbours), i64::from(now.neighbours));
    let seen = format!("{ready} of {all} other pods on the same nodes are ready, {} before", before.ready_neighbours);
    // Those that have ended or gone elsewhere are no worse; only those that are there and not ready count.
    if ready >= all.min(i64::from(before.ready_neighbours)) {
        return check("Neighbours", Verdict::Pass, seen);
    }
    let (verdict, why) = transient(now, progress);
    check("Neighbours", verdict, seen + &why)
}

fn throttling(before: &Baseline, now: &Observed) -> Check {
    let percent = |t: i32| format!("{}.{} %", t / 10, (t % 10).abs());
    let (verdict, seen) = match (before.throttled_thousandths, now.throttled_thousandths) {
        (_, None) if now.has_metrics => (Verdict::Inconclusive, "throttling cannot be read at present".to_owned()),
        (_, None) => (Verdict::Pass, "nothing is known of throttling: there are no metrics of it".to_owned()),
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
        (None, Some(a)) => {
            (Verdict::Pass, format!("an autoscaler that was not there before wants {} replicas", a.replicas))
        }
        (Some(b), Some(a)) => {
            let grew = i64::from(a.replicas) > i64::from(b);
            let seen = format!("the autoscaler wants {} replicas of at most {}, {b} before", a.replicas, a.max);
            (if grew && a.replicas >= a.max { Verdict::Fail } else { Verdict::Pass }, seen)
        }
    };
    check("Autoscaler", verdict, seen)
}

#[cfg(test)]
mod tests;
