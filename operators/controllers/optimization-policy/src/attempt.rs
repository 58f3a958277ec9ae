//! What the last rollout of a workload shows about memory: which sizes were in force when, and which one failed.
//!
//! In: the rollout of a Recommendation. Out: the sizes in force at a kill, and memory whose change was undone because of
//! one. Pods do not show this: after a resize in place they have only their present sizes. This record survives a
//! restart.

use trimtab_api::{
    quantity::Quantity,
    resources::ContainerResources,
    rollout::{RolloutResult, RolloutStatus},
    verification::Verdict,
};
use trimtab_sizing::{Kill, Sizes};

use crate::amount;

/// Series report a kill up to an hour after it happened.
const LATE_S: i64 = 3600;
/// The check that finds containers OOM-killed with the new size.
const OOM_CHECK: &str = "OOMKills";

/// A rollout, under way or ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The time from which pods may have had the new size, in seconds since the epoch.
    from_s: i64,
    /// The time until which reports may concern it.
    until_s: i64,
    /// Its containers.
    containers: Vec<Tried>,
    /// Whether it was undone because containers were OOM-killed.
    failed: bool,
}

/// The sizes of a container in an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Tried {
    name: String,
    /// The former size; `None` if it is not recorded.
    before: Option<Sizes>,
    new: Sizes,
}

/// A memory limit at which a container was killed, causing an undo; the request if there was no limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedMemory {
    /// The container.
    pub container: String,
    /// The insufficient number of bytes.
    pub bytes: i64,
}

impl Attempt {
    /// The attempt that `rollout` records.
    pub fn of(rollout: &RolloutStatus) -> Self {
        let containers = rollout.desired.iter().map(|new| {
            let before = rollout.former.iter().find(|former| former.name == new.name);
            Tried { name: new.name.clone(), before: before.map(sizes), new: sizes(new) }
        });
        Self {
            from_s: rollout.started.0.as_second(),
            until_s: rollout.ended.as_ref().map_or(i64::MAX, |t| t.0.as_second().saturating_add(LATE_S)),
            containers: containers.collect(),
            failed: failed(rollout),
        }
    }

    /// `kill` of `container` with the sizes in force then; `None` if it was outside the time of the attempt. While the
    /// attempt lasts some pods have the old size and others the new one: the smaller of the two is the more likely
    /// cause.
    pub fn known(&self, container: &str, kill: &Kill) -> Option<Kill> {
        let tried = self.containers.iter().find(|tried| tried.name == container)?;
        let before = tried.before.unwrap_or_default();
        (self.from_s..=self.until_s).contains(&kill.time).then(|| Kill {
            time: kill.time,
            request: smaller(before.memory_request, tried.new.memory_request),
            limit: smaller(before.memory_limit, tried.new.memory_limit),
        })
    }

    /// Whether the attempt explains these sizes of a container: those before or after it.
    pub fn explains(&self, container: &str, has: Sizes) -> bool {
        let of = |tried: &Tried| tried.name == container && (tried.new == has || tried.before == Some(has));
        self.containers.iter().any(of)
    }

    /// The memory that was too little, if that caused the undo.
    pub fn failed_memory(&self) -> Vec<FailedMemory> {
        let tried = self.containers.iter().filter(|t| self.failed && is_below(t.new, t.before.unwrap_or_default()));
        let bound = |sizes: Sizes| sizes.memory_limit.or(sizes.memory_request);
        tried.filter_map(|t| Some(FailedMemory { container: t.name.clone(), bytes: bound(t.new)? })).collect()
    }
}

/// Whether its memory is lower, or set where it was unset before.
fn is_below(new: Sizes, before: Sizes) -> bool {
    let lower = |new: Option<i64>, before: Option<i64>| new.is_some_and(|n| before.is_none_or(|b| n < b));
    lower(new.memory_limit, before.memory_limit) || lower(new.memory_request, before.memory_request)
}

fn sizes(container: &ContainerResources) -> Sizes {
    let cpu = |amount: &Option<Quantity>| amount.as_ref().and_then(|q| amount::millicores(&q.0));
    let memory = |amount: &Option<Quantity>| amount.as_ref().and_then(|q| amount::bytes(&q.0));
    Sizes {
        cpu_request: cpu(&container.requests.cpu),
        cpu_limit: cpu(&container.limits.cpu),
        memory_request: memory(&container.requests.memory),
        memory_limit: memory(&container.limits.memory),
    }
}

fn smaller(one: Option<i64>, other: Option<i64>) -> Option<i64> {
    one.into_iter().chain(other).min()
}

fn failed(rollout: &RolloutStatus) -> bool {
    let by_check = rollout.checks.iter().any(|c| c.name == OOM_CHECK && c.verdict == Verdict::Fail);
    // Checks may have run again since; the reason of the undo stays.
    let by_words = rollout.undo.as_ref().is_some_and(|undo| undo.message.contains(OOM_CHECK));
    rollout.result == Some(RolloutResult::RolledBack) && (by_check || by_words)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::testkit::an_attempt;

    const MIB: i64 = 1 << 20;
    /// 2026-01-01T00:00:00Z.
    const START: i64 = 1_767_225_600;

    #[test]
    fn a_kill_within_an_attempt_was_under_its_sizes() {
        let ended = Some("2026-01-01T01:00:00Z");
        for (what, from, to, ended, after_s, expected) in [
            ("during it", "1536Mi", "510Mi", ended, 300, Some(510)),
            ("told up to an hour late", "1536Mi", "510Mi", ended, 7200, Some(510)),
            ("before it", "1536Mi", "510Mi", ended, -1, None),
            ("long after it", "1536Mi", "510Mi", ended, 7201, None),
            ("it goes on", "1536Mi", "510Mi", None, 100_000, Some(510)),
            ("a raise: some pods still have the old size", "512Mi", "1Gi", ended, 300, Some(512)),
        ] {
            let kill = Kill { time: START + after_s, request: None, limit: Some(1536 * MIB) };
            let found = an_attempt(from, to, ended, "").known("app", &kill);
            let expected = expected.map(|mib: i64| mib * MIB);
            assert_eq!(found, expected.map(|b| Kill { request: Some(b), limit: Some(b), ..kill }), "{what}");
        }
        let kill = Kill { time: START + 1, request: None, limit: None };
        assert_eq!(an_attempt("1Gi", "510Mi", None, "").known("other", &kill), None);
    }

    #[test]
    fn memory_failed_where_lowering_it_was_undone_because_of_kills() {
        let ended = Some("2026-01-01T01:00:00Z");
        let killed = "worse than before: OOMKills: 1 container with the new size OOM-killed";
        for (from, to, ended, why, expected) in [
            ("1536Mi", "510Mi", ended, killed, Some(510 * MIB)),
            ("1536Mi", "510Mi", ended, "worse than before: Readiness: 1 pod", None),
            ("1536Mi", "510Mi", None, killed, None),
            ("512Mi", "1Gi", ended, killed, None),
        ] {
            let failed = an_attempt(from, to, ended, why).failed_memory();
            assert_eq!(failed.first().map(|f| f.bytes), expected, "{from} {to} {why}");
        }
    }
}
