//! The standing of an action that is under way or has ended. In: a run. Out: its standing, in words.

use trimtab_api::{
    conditions::remediation as reasons,
    remediation::{
        outcome::{ActionResult, StepPhase},
        undo::UndoField,
    },
};
use trimtab_engine::{parts::Phase, standing::Standing, text::cut};

use crate::{forward::position, run::Run};

/// The standing of `run` by its status alone.
pub(crate) fn of(run: &Run) -> Standing {
    let cause = || run.undo.cause.as_ref().map_or_else(String::new, |cause| cause.message.clone());
    let at = run.current().unwrap_or(0);
    let progress = run.steps.get(at).and_then(|step| step.progress.as_deref());
    let position = progress.map_or_else(|| position(run, at), |progress| format!("{}: {progress}", position(run, at)));
    match run.phase() {
        Phase::Changing => Standing::RollingOut(position),
        Phase::Watched if run.current().is_some() => {
            Standing::RollingOut(format!("{position}: waiting for its outcome"))
        }
        Phase::Watched => Standing::Verifying("all steps are done; target and neighbours are watched".to_owned()),
        Phase::Undoing => Standing::Undoing(cause()),
        Phase::Ended => at_rest(run),
    }
}

/// The standing of a run that has ended.
pub(crate) fn at_rest(run: &Run) -> Standing {
    let over = |reason, message: String, is_well| Standing::Over { reason, message: cut(&message), is_well };
    let steps = || format!("{} of {} steps are done", done(run), run.steps.len());
    match run.result {
        Some(ActionResult::Planned) => over(reasons::PLANNED, "dry run: the plan is in status.plan".to_owned(), None),
        Some(ActionResult::Succeeded) => over(reasons::SUCCEEDED, succeeded(run), Some(true)),
        Some(ActionResult::Undone) => {
            // What was to end by itself has done all that was asked of it.
            let is_well = run.undo.cause.as_ref().is_some_and(|cause| cause.reason == reasons::UNDO_DUE);
            over(reasons::UNDONE, format!("undone: {}{}", cause(run), nothing(run)), Some(is_well))
        }
        Some(ActionResult::UndoRefused) => over(reasons::UNDO_REFUSED, refused(run), Some(false)),
        Some(ActionResult::Failed) => over(
            reasons::FAILED,
            format!("{}; {}, and stay: spec.onFailure is Stop", run.message(), steps()),
            Some(false),
        ),
        Some(ActionResult::Refused) => over(reasons::REFUSED, run.message().to_owned(), Some(false)),
        Some(ActionResult::Cancelled) => over(reasons::CANCELLED, run.message().to_owned(), Some(false)),
        Some(ActionResult::Expired) => over(reasons::EXPIRED, run.message().to_owned(), Some(false)),
        None => over(reasons::FAILED, "it has ended without a result".to_owned(), Some(false)),
    }
}

fn done(run: &Run) -> usize {
    run.steps.iter().filter(|step| step.phase == StepPhase::Done).count()
}

fn cause(run: &Run) -> &str {
    run.undo.cause.as_ref().map_or("", |cause| cause.message.as_str())
}

fn nothing(run: &Run) -> &'static str {
    let is_nothing = run.undo.cause.as_ref().is_some_and(|cause| cause.nothing_to_restore);
    if is_nothing { "; there was nothing to restore" } else { "" }
}

fn succeeded(run: &Run) -> String {
    let notes: Vec<&str> = run.steps.iter().filter_map(|step| step.message.as_deref()).collect();
    let notes = if notes.is_empty() { String::new() } else { format!("; {}", notes.join("; ")) };
    let due = run.undo.due_at.as_ref().filter(|_| run.is_undoable());
    let due = due.map_or_else(String::new, |due| format!("; it is undone at {}", due.0));
    format!("all steps are done{notes}{due}")
}

fn refused(run: &Run) -> String {
    let why = |field: &UndoField| Some(format!("{} {}: {}", field.object, field.path, field.refused.as_ref()?));
    let fields: Vec<String> = run.undo.fields.iter().filter_map(why).collect();
    format!("it was to be undone ({}), and this was left alone: {}", cause(run), fields.join("; "))
}
