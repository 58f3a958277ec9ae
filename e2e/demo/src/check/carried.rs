//! Whether approved changes were rolled out, and failed ones were undone. Pure.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Pod;
use trimtab_api::{
    Recommendation,
    approval::Approver,
    conditions::types,
    resources::ContainerResources,
    rollout::{RolloutResult, RolloutStatus},
    verification::Verdict,
};
use trimtab_core::quantity::{bytes, cpu_millis};

use crate::{
    drive::APPROVER,
    story::{Act, Gone, Story},
};

/// CPU request, memory request, memory limit: millicores and bytes.
type Size = [Option<u64>; 3];

/// The differences.
pub(super) fn differences(story: &Story) -> Vec<String> {
    let mut found = of_applied(&story.applied);
    found.extend(of_undone(&story.undone));
    found.extend(of_gone(&story.gone));
    let ours = [story.applied.subject.rec, story.undone.subject.rec];
    for rec in story.all.iter().filter(|r| r.metadata.name.as_deref().is_none_or(|n| !ours.contains(&n))) {
        if word(rec) != "PendingApproval" {
            let name = rec.metadata.name.as_deref().unwrap_or_default();
            found.push(format!("{name} was not approved, and is {}", word(rec)));
        }
    }
    found
}

fn of_gone(gone: &Gone) -> Vec<String> {
    let size_of = |pods: &[Pod]| pods.iter().map(size).collect::<Vec<_>>();
    let (before, halfway, after) = (size_of(&gone.before), size_of(&gone.halfway), size_of(&gone.after));
    let changed = halfway.iter().filter(|s| !before.contains(s)).count();
    let left: Vec<_> =
        gone.left.iter().map(|rec| (rec.metadata.name.as_deref().unwrap_or_default(), word(rec))).collect();
    let facts = [
        ("one pod had the new size when its policy went", changed == 1 && halfway.len() > 1),
        ("all pods have their former size", !after.is_empty() && after == before),
        ("the pods are the same", uids(&gone.before) == uids(&gone.after)),
        ("only what is in force is left", left == [("deploy-storefront", "Applied")]),
    ];
    let name = gone.subject.rec;
    facts
        .into_iter()
        .filter(|(_, holds)| !holds)
        .map(|(what, _)| format!("{name}, its policy deleted: not so: {what}"))
        .collect()
}

fn of_applied(act: &Act) -> Vec<String> {
    let status = act.rec.status.as_ref();
    let rollout = status.and_then(|s| s.rollout.as_ref());
    let proposed = act.proposed.spec.proposal.containers.as_slice();
    let saved = status.and_then(|s| s.realised_savings.as_ref());
    let has_new = |pods: &[Pod]| !pods.is_empty() && pods.iter().all(|p| size(p) == of_first(proposed));
    report(
        act,
        "Applied",
        &[
            ("--watch ended with 0", act.said.code == 0),
            ("--watch shows the steps", steps_shown(act, rollout)),
            ("--watch shows the verification", act.said.text.contains("verifying until")),
            ("Ready says Applied", word(&act.rec) == "Applied"),
            ("the rollout ended as Applied", rollout.is_some_and(|r| r.result == Some(RolloutResult::Applied))),
            ("it was approved by the approver", rollout.is_some_and(|r| r.approved_by == Approver::person(APPROVER))),
            ("all checks passed", rollout.is_some_and(|r| !r.checks.is_empty() && worst(r) == Some(Verdict::Pass))),
            ("the size is another than before", act.before.first().map(size) != Some(of_first(proposed))),
            ("the pods are the same", !act.before.is_empty() && uids(&act.before) == uids(&act.after)),
            ("all have the proposed size", has_new(&act.after)),
            ("none restarted", restarts(&act.after) == restarts(&act.before)),
            ("a new pod has the size too", has_new(&act.grown) && act.grown.len() > act.after.len()),
            ("the template is as it was", act.template.is_some() && act.template == act.template_after),
            ("new pods go on getting the size", act.lasts),
            (
                "it says what was really saved",
                saved.is_some_and(|s| s.monthly.parse::<f64>().is_ok_and(|m| m > 0.0) && s.pods > 0),
            ),
        ],
    )
}

fn of_undone(act: &Act) -> Vec<String> {
    let rollout = act.rec.status.as_ref().and_then(|s| s.rollout.as_ref());
    let proposed = act.proposed.spec.proposal.containers.as_slice();
    let undo = rollout.and_then(|r| r.undo.as_ref());
    let failed = |r: &RolloutStatus| r.checks.iter().any(|c| c.name == "OOMKills" && c.verdict == Verdict::Fail);
    let mut touched = uids(&act.after);
    touched.retain(|uid, n| uids(&act.before).get(uid) != Some(n));
    // The size it was killed with, and the next proposal.
    let (limit, next) = (of_first(proposed)[2], act.next.as_ref().and_then(|p| of_first(&p.containers)[2]));
    report(
        act,
        "RolledBack",
        &[
            ("kubectl get --watch saw it RolledBack", act.seen.contains("RolledBack")),
            ("more memory is proposed next", limit.is_some() && next > limit),
            ("--watch ended with 1", act.said.code == 1),
            ("--watch shows the undo", act.said.text.contains("undoing") && act.said.text.contains("RolledBack after")),
            ("the rollout ended as RolledBack", rollout.is_some_and(|r| r.result == Some(RolloutResult::RolledBack))),
            ("for checks that failed", undo.is_some_and(|u| u.reason == "ChecksFailed")),
            ("the check OOMKills failed", rollout.is_some_and(failed)),
            ("one rollback is counted", rollout.is_some_and(|r| r.rollbacks == 1)),
            ("the size was to be another", act.before.first().map(size) != Some(of_first(proposed))),
            ("the pods are the same", !act.before.is_empty() && touched.is_empty()),
            ("all have the former size", sizes(&act.after) == sizes(&act.before)),
            ("exactly one pod was killed", killed(act) == 1),
            ("the template is as it was", act.template.is_some() && act.template == act.template_after),
            ("new pods get no size of their own", !act.lasts),
        ],
    )
}

/// The facts that do not hold, and whether the event exists.
fn report(act: &Act, expected: &str, facts: &[(&str, bool)]) -> Vec<String> {
    let name = format!("{}/{}", act.subject.namespace, act.subject.rec);
    let mut found = Vec::new();
    if !act.events.iter().any(|e| e == expected) {
        found.push(format!("{name}: no event {expected}, but {:?}", act.events));
    }
    found.extend(facts.iter().filter(|(_, holds)| !holds).map(|(what, _)| format!("{name}: not so: {what}")));
    found
}

/// The reason of `Ready`.
fn word(rec: &Recommendation) -> &str {
    let ready = rec.status.iter().flat_map(|s| &s.conditions).find(|c| c.type_ == types::READY);
    ready.map_or("without a status", |c| c.reason.as_str())
}

/// Whether each step was shown as being applied.
fn steps_shown(act: &Act, rollout: Option<&RolloutStatus>) -> bool {
    rollout
        .is_some_and(|r| r.steps > 1 && (1..=r.steps).all(|n| act.said.text.contains(&format!("step {n}/{}", r.steps))))
}

fn worst(rollout: &RolloutStatus) -> Option<Verdict> {
    let rank = |v: &Verdict| match v {
        Verdict::Pass => 0,
        Verdict::Inconclusive | Verdict::NotRun => 1,
        Verdict::Fail => 2,
    };
    rollout.checks.iter().map(|c| c.verdict).max_by_key(rank)
}

/// Each pod by its uid.
fn uids(pods: &[Pod]) -> BTreeMap<String, String> {
    let name = |p: &Pod| p.metadata.name.clone().unwrap_or_default();
    pods.iter().filter_map(|p| Some((p.metadata.uid.clone()?, name(p)))).collect()
}

fn restarts(pods: &[Pod]) -> Vec<i32> {
    let of =
        |p: &Pod| p.status.iter().flat_map(|s| s.container_statuses.iter().flatten()).map(|c| c.restart_count).sum();
    pods.iter().map(of).collect()
}

/// How many pods restarted.
fn killed(act: &Act) -> usize {
    restarts(&act.after).iter().zip(restarts(&act.before)).filter(|(after, before)| **after > *before).count()
}

fn sizes(pods: &[Pod]) -> Vec<Size> {
    pods.iter().map(size).collect()
}

/// The size of a pod's first container.
fn size(pod: &Pod) -> Size {
    let resources = pod.spec.as_ref().and_then(|s| s.containers.first()).and_then(|c| c.resources.as_ref());
    let requests = resources.and_then(|r| r.requests.as_ref());
    let limits = resources.and_then(|r| r.limits.as_ref());
    [
        requests.and_then(|r| r.get("cpu")).and_then(|q| cpu_millis(&q.0).ok()),
        requests.and_then(|r| r.get("memory")).and_then(|q| bytes(&q.0).ok()),
        limits.and_then(|l| l.get("memory")).and_then(|q| bytes(&q.0).ok()),
    ]
}

fn of_first(containers: &[ContainerResources]) -> Size {
    let Some(first) = containers.first() else { return [None; 3] };
    [
        first.requests.cpu.as_ref().and_then(|q| cpu_millis(&q.0).ok()),
        first.requests.memory.as_ref().and_then(|q| bytes(&q.0).ok()),
        first.limits.memory.as_ref().and_then(|q| bytes(&q.0).ok()),
    ]
}

#[cfg(test)]
#[path = "carried_tests.rs"]
mod tests;
