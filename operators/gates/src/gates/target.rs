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
            when: "a workload of that name exists with another uid than the one that `targetRef` names or, where it names none, that a person's approval was given for",
            opens: "a recommendation for the new one; where `targetRef` has no `uid`, giving the approval again with `kubectl trimtab approve`",
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
    if let Some(meant) = input.approved_for.filter(|meant| input.target.uid.is_none() && *meant != uid) {
        let when = if meant.is_empty() {
            "when no workload had this name".to_owned()
        } else {
            format!("for the one with uid {meant}, which is gone")
        };
        return blocked(
            "TargetReplaced",
            format!(
                "{name} is not what was approved: the approval was given {when}, and the current one has uid {uid}; if \
                 it is to get this size too, withdraw the approval and give it again: kubectl trimtab approve"
            ),
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

    #[test]
    fn what_was_approved_for_another_workload_of_the_name_is_not_done_to_this_one() {
        let uid = Scene::new().workload.uid.to_string();
        let mut scene = Scene::new();
        scene.approved_for = Some("another");
        assert_eq!(asked(&GATE, &scene), None, "the recommendation itself names the workload");
        scene.target.uid = None;
        for (approved_for, expected) in [
            (None, None),
            (Some(&*uid), None),
            (Some("another"), Some("for the one with uid another, which is gone")),
            (Some(""), Some("when no workload had this name")),
        ] {
            scene.approved_for = approved_for;
            let found = asked(&GATE, &scene);
            assert_eq!(found.as_ref().map(|(reason, _)| &**reason), expected.map(|_| "TargetReplaced"));
            let message = found.map(|(_, message)| message).unwrap_or_default();
            assert!(message.contains(expected.unwrap_or_default()), "{message}");
            assert!(expected.is_none() || message.contains("kubectl trimtab approve"), "{message}");
        }
    }
}
