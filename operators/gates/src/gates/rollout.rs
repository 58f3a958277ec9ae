//! Whether the workload is at rest: no rollout of its own in progress, not paused, its pods ready.

use trimtab_core::{
    WorkloadKind::{CronJob, Deployment, Job, Rollout},
    text::{count, part, verb},
};
use trimtab_engine::gate::{Blocked, Gate, Reason, blocked};
use trimtab_rollout::start_gates::WORKLOAD_ROLLING_OUT;
use trimtab_world::row::WorkloadRow;

use crate::{
    input::{Input, Surroundings},
    sizes,
};

pub(super) const GATE: Gate<Surroundings> = Gate {
    name: "Rollout",
    reasons: &[
        WORKLOAD_ROLLING_OUT,
        Reason { word: "WorkloadPaused", when: "the Deployment is paused", opens: "`kubectl rollout resume`" },
        Reason {
            word: "WorkloadNotReady",
            when: "fewer of its pods are ready than it wants, and the change takes something away; one that only gives more \
                   may be the fix",
            opens: "its pods becoming ready",
        },
    ],
    check,
};

fn check(input: &Input<'_>) -> Option<Blocked> {
    let w = input.workload?;
    if matches!(w.id.kind, CronJob | Job) {
        return None;
    }
    let name = input.common.target_name();
    if let Some(why) = rolling(input, w) {
        return blocked(
            WORKLOAD_ROLLING_OUT.word,
            format!("a rollout of {name} is in progress: {why}; waiting for it to end"),
        );
    }
    if matches!(w.id.kind, Deployment | Rollout) && w.suspended {
        return blocked("WorkloadPaused", format!("{name} is paused: kubectl rollout resume"));
    }
    let shrinks = sizes::shapes(input).iter().flatten().any(sizes::Sized::shrinks);
    if w.ready < w.desired && shrinks {
        return blocked(
            "WorkloadNotReady",
            format!(
                "{} of {name} {} ready: nothing is reduced until all are",
                part(w.ready, w.desired, "pod"),
                verb(w.desired, "is", "are")
            ),
        );
    }
    None
}

fn rolling(input: &Input<'_>, w: &WorkloadRow) -> Option<String> {
    if w.observed_generation < w.generation {
        return Some(format!("its controller has seen generation {} of {}", w.observed_generation, w.generation));
    }
    if w.updated < w.desired {
        let pods = part(w.updated, w.desired, "pod");
        return Some(format!("{pods} {} from the newest template", verb(w.desired, "is", "are")));
    }
    let there = input.live().count();
    // A Deployment may have more pods than desired while the old ones terminate.
    let more = w.id.kind == Deployment && u32::try_from(there).unwrap_or(u32::MAX) > w.desired;
    more.then(|| {
        let (exist, are) = (verb(there, "exists", "exist"), verb(w.desired, "is", "are"));
        format!("{} {exist}, {} {are} wanted", count(there, "pod"), w.desired)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use trimtab_core::WorkloadKind::{self, StatefulSet};

    use super::*;
    use crate::testkit::{Scene, asked, size};

    #[test]
    fn closed_while_the_workload_is_not_at_rest() {
        type Change = fn(&mut Scene);
        let growth: Change = |s| {
            s.workload.ready = 0;
            s.proposal = vec![size("app", "600m/1", "512Mi/1Gi")];
        };
        let cases: [(&str, WorkloadKind, Change, Option<&str>); 12] = [
            ("at rest", Deployment, |_| {}, None),
            ("not seen", Deployment, |s| s.workload.generation = 8, Some("WorkloadRollingOut")),
            ("not updated", StatefulSet, |s| s.workload.updated = 2, Some("WorkloadRollingOut")),
            ("surge", Deployment, |s| s.workload.desired = 2, Some("WorkloadRollingOut")),
            ("surge of another kind", StatefulSet, |s| s.workload.desired = 2, None),
            ("paused", Deployment, |s| s.workload.suspended = true, Some("WorkloadPaused")),
            ("not ready", Deployment, |s| s.workload.ready = 2, Some("WorkloadNotReady")),
            ("not ready and grows", Deployment, growth, None),
            ("scaled to nothing", Deployment, |s| s.scale(0), None),
            ("a CronJob", CronJob, |s| s.workload.updated = 0, None),
            ("a suspended CronJob", CronJob, |s| s.workload.suspended = true, None),
            ("gone", Deployment, |s| s.gone = true, None),
        ];
        for (what, kind, change, expected) in cases {
            let mut scene = Scene::new().of_kind(kind);
            change(&mut scene);
            assert_eq!(asked(&GATE, &scene).map(|(reason, _)| reason).as_deref(), expected, "{what}");
        }
    }

    #[test]
    fn one_pod_is_singular() {
        type Change = fn(&mut WorkloadRow);
        let cases: [(Change, &str); 4] = [
            (|w| (w.desired, w.updated) = (1, 0), "0 of 1 pod is from the newest template"),
            (|w| (w.desired, w.updated) = (1, 1), "3 pods exist, 1 is wanted"),
            (|w| w.updated = 2, "2 of 3 pods are from the newest template"),
            (|w| w.ready = 2, "2 of 3 pods of "),
        ];
        for (change, expected) in cases {
            let mut scene = Scene::new();
            change(&mut scene.workload);
            let (_, said) = asked(&GATE, &scene).unwrap();
            assert!(said.contains(expected), "{expected}: {said}");
        }
    }
}
