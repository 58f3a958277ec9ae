//! Whether the workload is still the one that the recommendation was made for, and of a kind that can be sized.

use trimtab_core::WorkloadKind;
use trimtab_engine::{
    gate::{Blocked, Gate, Reason, blocked},
    gates::target::{self, NAME, NOT_FOUND, REPLACED, TERMINATING},
};

use crate::input::{Input, Surroundings};

pub(super) const GATE: Gate<Surroundings> = Gate {
    name: NAME,
    reasons: &[
        NOT_FOUND,
        REPLACED,
        TERMINATING,
        Reason {
            word: "KindNotSupported",
            when: "the target is a Job (its pods cannot be changed once it exists), or of a kind that is not known",
            opens: "changing what creates the Job",
        },
    ],
    check,
};

fn check(input: &Input<'_>) -> Option<Blocked> {
    let name = input.common.target_name();
    match WorkloadKind::of(&input.common.target.api_version, &input.common.target.kind) {
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
                    input.common.target.api_version
                ),
            );
        }
    }
    target::check(&input.common, "to get this size")
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
