//! What a run cannot go on with. In: a view of a run going forward. Out: the reason of its undo and a message, if any.

use jiff::Timestamp;
use trimtab_api::{conditions::remediation as reasons, remediation::outcome::StepPhase};
use trimtab_engine::text::after;

use crate::{
    acting::Session,
    cordon,
    effect::EffectKey,
    field::{Ahead, Kept, Tried, ahead, said},
    observed::Look,
    outcome,
    run::Run,
    view::View,
};

/// What people asked for since.
pub(crate) fn asked(view: &View) -> Option<(&'static str, String)> {
    if view.settings.cancel {
        return Some((reasons::CANCELLED, "spec.cancel was set".to_owned()));
    }
    view.settings.undo_now.then(|| (reasons::UNDO_REQUESTED, "spec.undo.now was set".to_owned()))
}

/// Whether the time of the action is over.
pub(crate) fn due(run: &Run, now: Timestamp) -> Option<(&'static str, String)> {
    let due = run.undo.due_at.as_ref().filter(|due| due.0 <= now)?;
    Some((reasons::UNDO_DUE, format!("its time was over at {}", due.0)))
}

/// Why the run cannot get further.
pub(crate) fn stuck(view: &View, run: &Run, session: &Session, now: Timestamp) -> Option<(&'static str, String)> {
    let at = run.current()?;
    target(view, run, at).or_else(|| fields(view, run, at, session)).or_else(|| late(view, run, at, now))
}

/// Whether the target of the step is gone, or somebody lets pods onto a node that is being drained.
fn target(view: &View, run: &Run, at: usize) -> Option<(&'static str, String)> {
    let step = &run.steps[at];
    let uid = step.target_uid.as_deref().filter(|_| run.has_begun(at))?;
    match view.look(at) {
        Look::Unknown(_) => None,
        Look::Gone => Some((reasons::TARGET_GONE, format!("the target of step {} was deleted", step.name))),
        Look::Here(observed) if observed.object.uid != uid => {
            Some((reasons::TARGET_GONE, format!("{} was created again", observed.object.title())))
        }
        Look::Here(observed) if is_cordoned_for(view, run, at) && !cordon::is_cordoned(observed) => {
            Some((reasons::UNCORDONED, format!("somebody has uncordoned {}", observed.object.title())))
        }
        Look::Here(_) => None,
    }
}

/// Whether the step drains a node that was cordoned already, by it or by somebody else.
fn is_cordoned_for(view: &View, run: &Run, at: usize) -> bool {
    let step = &run.steps[at];
    let drains = view.steps.get(at).is_some_and(|spec| spec.action == "DrainNode");
    drains && (step.pods.is_some() || step.snapshot.is_empty())
}

/// Whether somebody else has changed a field that the steps have set, or are about to set.
fn fields(view: &View, run: &Run, at: usize, session: &Session) -> Option<(&'static str, String)> {
    let kept: Vec<(usize, Kept<'_>)> =
        run.kept().filter(|(of, _)| run.has_begun(*of)).filter_map(|(of, kept)| Some((of, kept.ok()?))).collect();
    let same = |a: &Kept<'_>, b: &Kept<'_>| a.uid == b.uid && a.stored.path == b.stored.path;
    for (place, (of, field)) in kept.iter().enumerate() {
        // A later step may have set it anew.
        if kept[place + 1..].iter().any(|(_, later)| same(field, later)) {
            continue;
        }
        let step = &run.steps[*of];
        let is_sent = *of < at || step.phase == StepPhase::Watching || step.pods.is_some();
        let Some(observed) = view.look(*of).of(field.uid) else { continue };
        let Some(live) = observed.field(&field.stored.path) else { continue };
        let tried = tried(field, session);
        match ahead(field, observed, live, tried) {
            Ahead::Applied => {}
            _ if is_sent => return Some((reasons::FIELD_CHANGED, said(field, live))),
            Ahead::Changed => return Some((reasons::FIELD_CHANGED, said(field, live))),
            Ahead::InDoubt => {
                let what = format!("{} {}", field.stored.object, field.stored.path);
                let message =
                    format!("{what}: it is not known whether the change took effect and was taken back since");
                return Some((reasons::OUTCOME_UNKNOWN, message));
            }
            Ahead::Send | Ahead::Announce | Ahead::Theirs => {}
        }
    }
    None
}

/// What is known of the attempts to change a field.
pub(crate) fn tried(field: &Kept<'_>, session: &Session) -> Option<Tried> {
    let key = EffectKey::Field {
        step: field.step.to_owned(),
        uid: field.uid.to_owned(),
        path: field.stored.path.clone(),
        is_undo: false,
    };
    session.memory.of(&key, field.stored.version.as_ref())
}

/// Whether the step takes longer than it may.
fn late(view: &View, run: &Run, at: usize, now: Timestamp) -> Option<(&'static str, String)> {
    let step = &run.steps[at];
    let since = step.started.as_ref().or_else(|| run.last_end())?;
    let end = after(since.0, view.settings.timeout_s);
    if now < end {
        return None;
    }
    if step.started.is_none() {
        let message = format!("step {} could not begin by {end}: its plan is not the one that was approved", step.name);
        return Some((reasons::PLAN_CHANGED, message));
    }
    let lacks = view.steps.get(at).zip(view.look(at).here()).and_then(|(step, seen)| outcome::check(step, seen).err());
    let lacks = lacks.unwrap_or_else(|| "its target was not seen".to_owned());
    Some((reasons::TIMED_OUT, format!("step {} did not come to its outcome by {end}: {lacks}", step.name)))
}
