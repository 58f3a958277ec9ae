//! Whether the workload is still the one that the recommendation was made for.

use trimtab_core::WorkloadKind;

use trimtab_rollout::{
    gate::{Blocked, Gate, Reason, blocked},
    start_gates::{TARGET_NOT_FOUND, TARGET_TERMINATING},
};

use crate::input::{Input, Surroundings};

pub(super) const GATE: Gate<Surroundings> = Gate {
    name: "Target",
    reasons: &[
        TARGET_NOT_FOUND,
        Reason {
            word: "TargetReplaced",
            when: "a workload of that name exists with another uid",
            opens: "a recommendation for the new one",
        },
        TARGET_TERMINATING,
        Reason {
            word: "KindNotSupported",
            when: "the target is a Job (its pods cannot be changed once it exists), or of a kind that is not known",
            opens: "changing what creates the Job",
        },
    ],
    check,
};

fn check(input: &Input<'_>) -> Option<Blocked> {
    let name = input.target_name();
    match WorkloadKind::of(&input.target.api_version, &input.target.kind) {
        Some(WorkloadKind::Job) => {
            let why = "the pods of a Job cannot be changed once it exists: change what creates it";
            return blocked("KindNotSupported", format!("{name} is not changed: {why}"));
        }
        Some(_) => {}
        None => {
            return blocked(
                "KindNotSupported",
                format!(
                    "{name} of {} is not changed: only Deployment, StatefulSet, DaemonSet, CronJob, Rollout and the kinds that \
                     --workload-kinds names are",
                    input.target.api_version
                ),
            );
        }
    }
    let (Some(workload), Some(namespace)) = (input.workload, input.namespace) else {
        return blocked(
            TARGET_NOT_FOUND.word,
            format!("{name} does not exist in this namespace: nothing is left to change"),
        );
    };
    let uid = workload.uid.to_string();
    if let Some(meant) = input.target.uid.as_ref().filter(|meant| **meant != uid) {
        return blocked(
            "TargetReplaced",
            format!("{name} was recreated: this is for the one with uid {meant}, the current one has {uid}"),
        );
    }
    let message = if workload.terminating {
        format!("{name} is being deleted")
    } else if namespace.terminating {
        format!("namespace {} is being deleted, and {name} with it", namespace.name)
    } else {
        return None;
    };
    blocked(TARGET_TERMINATING.word, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::{Scene, asked};

    #[test]
    fn closed_for_every_other_target() {
        type Change = fn(&mut Scene);
        let cases: [(&str, Change, Option<&str>); 10] = [
            ("as it was", |_| {}, None),
            ("no uid named", |s| s.target.uid = None, None),
            ("gone", |s| s.gone = true, Some("TargetNotFound")),
            ("namespace gone", |s| s.namespace_gone = true, Some("TargetNotFound")),
            ("another uid", |s| s.workload.uid = "6f1e2d3c-0a1b-4c2d-8e9f-00112233ffff".into(), Some("TargetReplaced")),
            ("terminating", |s| s.workload.terminating = true, Some("TargetTerminating")),
            ("namespace terminating", |s| s.namespace.terminating = true, Some("TargetTerminating")),
            (
                "a Job",
                |s| {
                    (s.target.kind, s.target.api_version) = ("Job".to_owned(), "batch/v1".to_owned());
                },
                Some("KindNotSupported"),
            ),
            (
                "a Deployment of another group",
                |s| s.target.api_version = "example.com/v1".to_owned(),
                Some("KindNotSupported"),
            ),
            ("another kind", |s| s.target.kind = "Workflow".to_owned(), Some("KindNotSupported")),
        ];
        for (what, change, expected) in cases {
            let mut scene = Scene::new();
            change(&mut scene);
            assert_eq!(asked(&GATE, &scene).map(|(reason, _)| reason).as_deref(), expected, "{what}");
        }
    }
}
