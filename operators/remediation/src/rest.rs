//! An action with nothing under way: before its start, or after its end. In: a view. Out: a start, an end without a start, an undo that
//! is due or asked for, or a wait with its standing.

use jiff::Timestamp;
use trimtab_api::{
    approval::Decision,
    conditions::{recommendation, remediation as reasons},
    gates::ClosedGate,
    remediation::{outcome::ActionResult, spec::ActionMode},
};
use trimtab_engine::{
    gate::closed,
    standing::Standing,
    steps::{blocked, paused, soon, unreadable, write},
    text::{after, gates},
};

use crate::{
    acting::{Request, Step},
    refusal::{GATE, Refusal},
    run::Run,
    standing, status, turn_back,
    view::View,
};

/// How often closed gates are evaluated again, in seconds.
const GATES_S: i64 = 60;

/// The gate that is closed before `spec.notBefore`.
pub const NOT_BEFORE: &str = "NotBefore";

/// The next step while nothing is under way.
pub(crate) fn decide(view: &View, now: Timestamp) -> Step {
    match &view.run {
        None => before_start(view, now),
        Some(run) => after_end(view, run, now),
    }
}

fn before_start(view: &View, now: Timestamp) -> Step {
    let settings = &view.settings;
    let never = |result, message: &str| write(status::never(view, result, message, now));
    if settings.cancel || settings.undo_now {
        return never(ActionResult::Cancelled, "it was cancelled before it changed anything");
    }
    if now >= settings.start_by {
        let message = format!("it did not start by {} (spec.startDeadline): {}", settings.start_by, waited(view));
        return never(ActionResult::Expired, &message);
    }
    let wait = after(now, GATES_S).min(settings.start_by);
    let plan = match &view.plan {
        Ok(plan) => plan,
        Err(refusals) if refusals.iter().any(|refusal| refusal.is_final) => {
            return never(ActionResult::Refused, &gates(&closed_by(refusals)));
        }
        Err(refusals) => return blocked(closed_by(refusals), wait),
    };
    if settings.mode == ActionMode::DryRun {
        return never(ActionResult::Planned, "dry run: the plan is in status.plan");
    }
    if let Err(gate) = &view.approval_known {
        return paused(&gate.reason, gate.message.clone(), Some(soon(now).min(settings.start_by)));
    }
    let header = view.header();
    if header.decided(Decision::Rejected) {
        let by = view.approval.as_ref().map_or_else(String::new, |approval| approval.by.to_string());
        return never(ActionResult::Refused, &format!("{by} rejected it"));
    }
    let Some(approval) = view.approval.as_ref().filter(|_| header.decided(Decision::Approved)) else {
        return Step::Wait { until: Some(settings.start_by), standing: Standing::Pending };
    };
    if let Some(time) = settings.not_before.filter(|time| now < *time) {
        let gate = closed(NOT_BEFORE, NOT_BEFORE, &format!("it does not start before {time} (spec.notBefore)"));
        return blocked(vec![gate], time);
    }
    if !view.start_gates.is_empty() {
        return blocked(view.start_gates.clone(), wait);
    }
    if !view.is_protected {
        return Step::Ask(Request::Protect);
    }
    write(status::started(view, plan, &approval.by, now))
}

fn closed_by(refusals: &[Refusal]) -> Vec<ClosedGate> {
    let several = refusals.iter().map(Refusal::gate).collect::<Vec<_>>();
    if several.is_empty() { vec![closed(GATE, "NoPlan", "there is no plan yet")] } else { several }
}

/// What an action that did not start in time waited for.
fn waited(view: &View) -> String {
    match (&view.plan, &view.approval) {
        (Err(refusals), _) => gates(&closed_by(refusals)),
        (Ok(_), None) => "nobody approved it".to_owned(),
        (Ok(_), Some(_)) if !view.start_gates.is_empty() => gates(&view.start_gates),
        (Ok(_), Some(_)) => "nobody was there to start it".to_owned(),
    }
}

fn after_end(view: &View, run: &Run, now: Timestamp) -> Step {
    if let Some(fault) = run.fault() {
        return unreadable(&fault);
    }
    let standing = standing::at_rest(run);
    let can_undo = run.is_undoable();
    if !can_undo {
        return settled(view, standing, None);
    }
    let undo = |reason, message: &str| {
        // A deletion waits for it from here on.
        if view.is_protected {
            write(status::undoing(view, run, reason, message, now))
        } else {
            Step::Ask(Request::Protect)
        }
    };
    if let Some((reason, message)) = turn_back::due(run, now) {
        return undo(reason, &message);
    }
    let expires = run.undo.expires_at.as_ref().map(|time| time.0);
    let is_open = expires.is_none_or(|expires| now < expires);
    if is_open && view.settings.undo_now {
        return undo(reasons::UNDO_REQUESTED, "spec.undo.now was set");
    }
    if is_open && view.approval_known.is_ok() && view.header().decided(Decision::Rejected) {
        let by = view.approval.as_ref().map_or_else(String::new, |approval| approval.by.to_string());
        return undo(recommendation::REJECTED, &format!("{by} rejected it after it was done"));
    }
    let due = run.undo.due_at.as_ref().map(|time| time.0);
    let next = due.or(expires.filter(|_| is_open));
    match due {
        // A deletion has to wait for what comes back by itself.
        Some(_) if !view.is_protected => Step::Ask(Request::Protect),
        Some(_) => Step::Wait { until: next, standing },
        None => settled(view, late(view, standing, is_open), next),
    }
}

/// What is said of an undo that is asked for too late.
fn late(view: &View, standing: Standing, is_open: bool) -> Standing {
    match standing {
        Standing::Over { reason, message, is_well } if view.settings.undo_now && !is_open => {
            let message =
                format!("{message}; it cannot be undone any more: spec.undo.now was set after status.undo.expiresAt");
            Standing::Over { reason, message, is_well }
        }
        other => other,
    }
}

/// Nothing has to wait for the object any more.
fn settled(view: &View, standing: Standing, until: Option<Timestamp>) -> Step {
    if view.is_protected { Step::Ask(Request::Release) } else { Step::Wait { until, standing } }
}
