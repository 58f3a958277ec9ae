//! A RemediationAction in one line: what a decision is about, and how far it is.
//!
//! In: an object. Out: a line, or a [`Course`]. Pure.

use trimtab_api::{
    Approvable,
    remediation::{
        outcome::{ActionResult, StepPhase, StepStatus},
        spec::RemediationAction,
        status::RemediationActionStatus,
    },
};

use crate::{
    course::{Course, End},
    decided_on::DecidedOn,
    pending::pending,
    words,
};

/// What a decision is about.
pub fn line(action: &RemediationAction) -> String {
    let steps = action.spec.steps.iter().map(|step| {
        let target = &step.target;
        format!("{} {}/{}", step.action, target.kind, target.name)
    });
    let mut parts = vec![words::full_name(action), steps.collect::<Vec<_>>().join(", ")];
    parts.extend(action.spec.undo.after.as_ref().map(|after| format!("for {after}")));
    parts.extend(action.risk().map(|risk| format!("risk {}", risk.level.as_str())));
    parts.extend(action.shown_digest().map(|digest| words::short(digest).to_owned()));
    parts.join("  ")
}

/// How far it is.
pub fn course(action: &RemediationAction, digest: Option<&str>) -> Course {
    let Some(status) = action.status.as_ref().filter(|s| s.started.is_some() || s.result.is_some()) else {
        return pending(action, digest);
    };
    match status.result {
        Some(result) => Course::Ended(ended(action, status, result), Some(end(result))),
        None => Course::Going(under_way(status)),
    }
}

/// The course for somebody who waits for an undo: what is done has not reached that end yet.
pub fn of_undo(course: Course) -> Course {
    match course {
        Course::Ended(_, Some(End::Applied)) => Course::Waiting("waiting for Trimtab to begin the undo".to_owned()),
        other => other,
    }
}

fn end(result: ActionResult) -> End {
    match result {
        ActionResult::Succeeded => End::Applied,
        ActionResult::Undone => End::Undone,
        _ => End::Otherwise,
    }
}

fn ended(action: &RemediationAction, status: &RemediationActionStatus, result: ActionResult) -> String {
    let times = status.started.as_ref().zip(status.ended.as_ref());
    let took = times.map(|(start, end)| format!(" after {}", words::since(start.0, end.0))).unwrap_or_default();
    let said = words::ready(action).map(|(_, message)| format!(": {message}")).unwrap_or_default();
    format!("{result:?}{took}{said}")
}

fn under_way(status: &RemediationActionStatus) -> String {
    let is_open = |step: &&StepStatus| !matches!(step.phase, StepPhase::Done | StepPhase::Undone | StepPhase::Skipped);
    let at = status.steps.iter().position(|step| is_open(&step)).unwrap_or(status.steps.len());
    let mut line = format!("step {}/{}", (at + 1).min(status.steps.len()), status.steps.len());
    if let Some(step) = status.steps.get(at) {
        line.push_str(&format!(", {}: {:?}", step.name, step.phase));
        let parts = [step.progress.as_ref(), step.message.as_ref()];
        parts.into_iter().flatten().for_each(|part| line.push_str(&format!(", {part}")));
    }
    if let Some(cause) = status.undo.as_ref().and_then(|undo| undo.cause.as_ref()) {
        line.push_str(&format!("; {}: {}", cause.reason, cause.message));
    }
    for gate in &status.gates {
        line.push_str(&format!("; held by {}: {}", gate.gate, gate.message));
    }
    line
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::testkit::{DIGEST, action};

    #[test]
    fn one_line_says_what_is_agreed_to() {
        let text = line(&action(json!({"spec": {"undo": {"after": "1h"}}})));
        assert_eq!(text, "shop/drain  CordonNode Node/n1, DrainNode Node/n1  for 1h  risk High  sha256:6e1bd4c0");
    }

    #[test]
    fn how_far_it_is_has_its_line_and_its_end() {
        let started = "2026-11-21T11:40:00Z";
        let steps = json!([{"name": "cordon", "phase": "Done"}, {"name": "drain", "phase": "Running", "progress": "3/10", "message": "budget web has no room"}]);
        let approved = json!({"decision": "Approved", "approver": "bob", "proposalDigest": DIGEST});
        let ended =
            |result: &str| json!({"status": {"started": started, "ended": "2026-11-21T12:00:00Z", "result": result}});
        for (change, expected) in [
            (Value::Null, Course::Ended("nobody has approved it: there is no action to follow".to_owned(), None)),
            (
                json!({"spec": {"approval": approved}}),
                Course::Waiting("approved, waiting for Trimtab to begin the action".to_owned()),
            ),
            // Below High nobody has to approve it.
            (
                json!({"status": {"conditions": null}}),
                Course::Waiting("waiting for Trimtab to begin the action".to_owned()),
            ),
            (
                json!({"status": {"started": started, "steps": steps}}),
                Course::Going("step 2/2, drain: Running, 3/10, budget web has no room".to_owned()),
            ),
            (
                ended("Succeeded"),
                Course::Ended(
                    "Succeeded after 20m: it waits for somebody to approve it".to_owned(),
                    Some(End::Applied),
                ),
            ),
            (
                ended("Failed"),
                Course::Ended("Failed after 20m: it waits for somebody to approve it".to_owned(), Some(End::Otherwise)),
            ),
        ] {
            assert_eq!(course(&action(change.clone()), Some(DIGEST)), expected, "{change}");
        }
        let done = course(&action(ended("Succeeded")), Some(DIGEST));
        assert!(matches!(of_undo(done), Course::Waiting(_)), "what is done is not undone");
    }
}
