//! The run from one stage to the next. In: the present run, the view, the time. Out: the run to be written. Nothing here decides
//! whether it may be written.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use trimtab_api::{
    approval::Approver,
    conditions::remediation as reasons,
    remediation::{
        outcome::{ActionResult, StepPhase, StepPod, StepStatus},
        spec::OnFailure,
        step::Step,
        undo::{ActionUndo, UndoField},
    },
    undo::Undo,
};
use trimtab_core::{conditions::whole_seconds, text};
use trimtab_engine::{
    checks,
    text::{after, cut},
};

use crate::{
    field::FieldChange,
    outcome,
    plan::{ActionPlan, StepPlan},
    planning,
    run::{Run, nobody},
    settings::Settings,
    verdict,
    view::View,
};

/// How many fields a status lists.
const FIELDS: usize = 256;
/// The longest text about a field that is not restored.
const REFUSED: usize = 512;

/// Why an action is undone that says something against a step: `onFailure` decides what becomes of it.
const FAILURES: [&str; 8] = [
    reasons::TIMED_OUT,
    reasons::REQUEST_REFUSED,
    reasons::EVICTION_BLOCKED,
    reasons::PLAN_CHANGED,
    reasons::FIELD_CHANGED,
    reasons::TARGET_GONE,
    reasons::OUTCOME_UNKNOWN,
    reasons::UNCORDONED,
];

fn time(now: Timestamp) -> Time {
    Time(whole_seconds(now))
}

fn waiting(plan: &StepPlan) -> StepStatus {
    StepStatus {
        target_uid: Some(plan.object.uid.clone()),
        action_version: Some(i32::from(plan.action.version)),
        digest: Some(plan.digest.clone()),
        ..named(&plan.name)
    }
}

fn named(name: &str) -> StepStatus {
    StepStatus {
        name: name.to_owned(),
        phase: StepPhase::Waiting,
        message: None,
        target_uid: None,
        action_version: None,
        digest: None,
        pods: None,
        progress: None,
        started: None,
        ended: None,
        snapshot: Vec::new(),
        before: Vec::new(),
        checks: Vec::new(),
        side_effects: Vec::new(),
    }
}

/// An action that ends before it has changed anything.
pub(crate) fn never(view: &View, result: ActionResult, message: &str, now: Timestamp) -> Run {
    let skipped =
        |step: &Step| StepStatus { phase: StepPhase::Skipped, message: Some(cut(message)), ..named(&step.name) };
    Run {
        digest: view.digest().to_owned(),
        approved_by: nobody(),
        started: None,
        ended: Some(time(now)),
        steps: view.steps.iter().map(skipped).collect(),
        undo: ActionUndo::default(),
        result: Some(result),
        verdict: None,
        effectiveness: None,
    }
}

/// The action as it starts: its first step has begun, and its undo is known.
pub(crate) fn started(view: &View, plan: &ActionPlan, by: &Approver, now: Timestamp) -> Run {
    let (due, expires) = view.settings.undo_times(plan.steps.len(), whole_seconds(now));
    let run = Run {
        digest: plan.digest.clone(),
        approved_by: by.clone(),
        started: Some(time(now)),
        ended: None,
        steps: plan.steps.iter().map(waiting).collect(),
        undo: ActionUndo { due_at: due.map(Time), expires_at: Some(Time(expires)), ..ActionUndo::default() },
        result: None,
        verdict: None,
        effectiveness: None,
    };
    match plan.steps.first() {
        Some(first) => begun(&run, 0, first, now),
        None => run,
    }
}

/// The step at this place, begun with `plan`.
pub(crate) fn begun(run: &Run, at: usize, plan: &StepPlan, now: Timestamp) -> Run {
    with_fields(with(run, at, |step| {
        (step.phase, step.started, step.message) = (StepPhase::Running, Some(time(now)), None);
        step.snapshot = plan.changes.iter().map(FieldChange::kept).collect();
    }))
}

fn with(run: &Run, at: usize, change: impl FnOnce(&mut StepStatus)) -> Run {
    let mut run = run.clone();
    if let Some(step) = run.steps.get_mut(at) {
        change(step);
    }
    run
}

/// The run with the fields that its undo restores.
fn with_fields(mut run: Run) -> Run {
    let fields = run.steps.iter().flat_map(|step| {
        step.snapshot.iter().map(|field| UndoField {
            step: step.name.clone(),
            object: field.object.clone(),
            path: field.path.clone(),
            refused: None,
        })
    });
    run.undo.fields = fields.take(FIELDS).collect();
    run
}

/// The run without the field at `path` in the step: somebody else has set it to the same value.
pub(crate) fn theirs(run: &Run, at: usize, path: &str, who: &str) -> Run {
    with_fields(with(run, at, |step| {
        step.snapshot.retain(|field| field.path != path);
        step.message = Some(cut(&format!("{path}: {who} has set it to the same value, so it is not undone")));
    }))
}

/// The run with the version to which the change of `path` is sent.
pub(crate) fn announced(run: &Run, at: usize, path: &str, version: &str) -> Run {
    with(run, at, |step| {
        for field in step.snapshot.iter_mut().filter(|field| field.path == path) {
            field.version = Some(version.to_owned());
        }
    })
}

/// The run with the pods that its step evicts.
pub(crate) fn listed(run: &Run, at: usize, pods: Vec<StepPod>) -> Run {
    with(run, at, |step| {
        step.progress = Some(format!("0/{}", pods.len()));
        step.pods = Some(pods);
    })
}

/// The run with the step awaiting its outcome.
pub(crate) fn watching(view: &View, run: &Run, at: usize) -> Run {
    with(&refreshed(view, run), at, |step| step.phase = StepPhase::Watching)
}

/// The run with the step done; the next one begins if its plan is the one that was approved.
pub(crate) fn done(view: &View, run: &Run, at: usize, now: Timestamp) -> Run {
    let mut run = with(&refreshed(view, run), at, |step| (step.phase, step.ended) = (StepPhase::Done, Some(time(now))));
    let next = at + 1;
    if next < run.steps.len() {
        return match planning::of_step(&view.input(), next, &[]) {
            Ok(plan) if run.steps[next].digest.as_ref() == Some(&plan.digest) => begun(&run, next, &plan, now),
            _ => run,
        };
    }
    // From here on the times count; those written at the start were for the slowest run.
    let slowest = run.started.as_ref().map(|started| slowest_end(&view.settings, run.steps.len(), started.0));
    if let Some(spared) = slowest.map(|end| end.duration_since(whole_seconds(now))).filter(SignedDuration::is_positive)
    {
        for at in [&mut run.undo.due_at, &mut run.undo.expires_at].into_iter().flatten() {
            at.0 = at.0.checked_sub(spared).unwrap_or(at.0);
        }
    }
    run
}

fn slowest_end(settings: &Settings, steps: usize, started: Timestamp) -> Timestamp {
    after(started, i64::try_from(steps).unwrap_or(i64::MAX).saturating_mul(settings.timeout_s))
}

/// The run with what the view shows of its present step.
pub fn refreshed(view: &View, run: &Run) -> Run {
    let Some(at) = run.current() else { return run.clone() };
    let seen = view.steps.get(at).zip(view.look(at).here());
    let progress = seen.and_then(|(step, observed)| outcome::progress(step, &run.steps[at], observed));
    with(run, at, |step| step.progress = progress.or_else(|| step.progress.take()))
}

/// All steps are done, and the watch is over.
pub(crate) fn succeeded(view: &View, run: &Run, now: Timestamp) -> Run {
    ended(view, run, ActionResult::Succeeded, true, now)
}

fn ended(view: &View, run: &Run, result: ActionResult, held: bool, now: Timestamp) -> Run {
    let mut run = run.clone();
    if let Some(last) = run.steps.iter_mut().rfind(|step| step.started.is_some()) {
        last.checks = checks::kept(&view.checks);
    }
    let (verdict, effectiveness) = verdict::judged(held, &verdict::worse(&view.checks), &view.symptom);
    (run.verdict, run.effectiveness) = (Some(verdict), Some(effectiveness));
    (run.result, run.ended) = (Some(result), Some(time(now)));
    run
}

/// The run as it is undone for `reason`; or as it ends with what was done, if a step failed and that is asked for.
pub(crate) fn undoing(view: &View, run: &Run, reason: &str, message: &str, now: Timestamp) -> Run {
    let failed = FAILURES.contains(&reason);
    let stays = failed && view.settings.on_failure == OnFailure::Stop;
    let mut run = run.clone();
    let current = if run.ended.is_none() { run.current() } else { None };
    for (at, step) in run.steps.iter_mut().enumerate() {
        let is_current = current == Some(at);
        if is_current && failed {
            (step.message, step.ended) = (Some(cut(message)), Some(time(now)));
        }
        step.phase = match step.phase {
            StepPhase::Waiting | StepPhase::Skipped => StepPhase::Skipped,
            _ if !stays && !step.snapshot.is_empty() => StepPhase::Undoing,
            _ if is_current => StepPhase::Failed,
            phase => phase,
        };
    }
    if stays {
        return ended(view, &run, ActionResult::Failed, false, now);
    }
    let (reason, message) = (reason.to_owned(), cut(message));
    run.undo.cause = Some(Undo { reason, message, since: time(now), nothing_to_restore: false });
    run
}

/// The run once its undo is over. `refused`: the fields that were not restored, each with the object, the path and why.
pub(crate) fn undone(run: &Run, refused: &[(String, String, String)], nothing: bool, now: Timestamp) -> Run {
    let mut run = run.clone();
    let why = |object: &str, path: &str| refused.iter().find(|(o, p, _)| o == object && p == path).map(|(.., why)| why);
    for field in &mut run.undo.fields {
        field.refused = why(&field.object, &field.path).map(|why| text::cut(why, REFUSED));
    }
    for step in run.steps.iter_mut().filter(|step| step.phase == StepPhase::Undoing) {
        let left = step.snapshot.iter().find_map(|field| why(&field.object, &field.path));
        step.phase = if left.is_some() { StepPhase::UndoRefused } else { StepPhase::Undone };
        step.message = left.map(|why| cut(why)).or_else(|| step.message.take());
        step.ended = Some(time(now));
    }
    if let Some(cause) = &mut run.undo.cause {
        cause.nothing_to_restore = nothing;
    }
    run.undo.ended = Some(time(now));
    run.ended = run.ended.or_else(|| Some(time(now)));
    run.result = Some(if refused.is_empty() { ActionResult::Undone } else { ActionResult::UndoRefused });
    run.effectiveness = Some(verdict::undone());
    run
}
