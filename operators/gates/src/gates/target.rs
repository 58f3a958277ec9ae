//! Whether the workload is still the very one that the recommendation is for.

use trimtab_core::WorkloadKind;

use crate::{
    facts::Facts,
    gate::{Closing, Gate, Reason, closing},
};

pub(super) const GATE: Gate = Gate {
    name: "Target",
    forward: false,
    reasons: &[
        Reason {
            word: "TargetNotFound",
            when: "the workload or its namespace does not exist",
            opens: "nothing: the recommendation is withdrawn, or its author deletes it",
        },
        Reason {
            word: "TargetReplaced",
            when: "a workload of that name exists with another uid",
            opens: "a recommendation for the new one",
        },
        Reason {
            word: "TargetTerminating",
            when: "the workload or its namespace is being deleted",
            opens: "nothing: it goes away",
        },
        Reason {
            word: "KindNotSupported",
            when: "the target is a Job (its pods cannot be changed once it exists), or of a kind that is not known",
            opens: "changing what makes the Job",
        },
    ],
    question: ask,
};

fn ask(facts: &Facts<'_>) -> Option<Closing> {
    let name = facts.target_name();
    match WorkloadKind::of(&facts.target.api_version, &facts.target.kind) {
        Some(WorkloadKind::Job) => {
            let why = "the pods of a Job cannot be changed once it exists: change what makes it";
            return closing("KindNotSupported", format!("{name} is not changed: {why}"));
        }
        Some(_) => {}
        None => {
            return closing(
                "KindNotSupported",
                format!(
                    "{name} of {} is not changed: only Deployment, StatefulSet, DaemonSet, CronJob, Rollout and the kinds that \
                     --workload-kinds names are",
                    facts.target.api_version
                ),
            );
        }
    }
    let (Some(workload), Some(namespace)) = (facts.workload, facts.namespace) else {
        return closing(
            "TargetNotFound",
            format!("{name} does not exist in this namespace: nothing is left to change"),
        );
    };
    let uid = workload.uid.to_string();
    if let Some(meant) = facts.target.uid.as_ref().filter(|meant| **meant != uid) {
        return closing(
            "TargetReplaced",
            format!("{name} was made anew: this is for the one with uid {meant}, the present one has {uid}"),
        );
    }
    let message = if workload.terminating {
        format!("{name} is being deleted")
    } else if namespace.terminating {
        format!("namespace {} is being deleted, and {name} with it", namespace.name)
    } else {
        return None;
    };
    closing("TargetTerminating", message)
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
