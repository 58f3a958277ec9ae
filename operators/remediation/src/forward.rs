//! A run going forward, one step after the other. In: a view of a run under way that nothing speaks against. Out: the next
//! request, or a wait.

use jiff::Timestamp;
use trimtab_api::{
    conditions::remediation as reasons,
    remediation::{outcome::StepPhase, params::nodes::DrainNode, step},
};
use trimtab_core::text::{first_of, part};
use trimtab_engine::{
    standing::Standing,
    steps::{paused, soon, write},
    text::after,
};

use crate::{
    acting::{Key, Request, Session, Step},
    drain,
    effect::{Effect, EffectKey, Eviction},
    field::{Ahead, ahead},
    observed::{Look, Observed},
    outcome, planning,
    refusal::TARGET_UNREADABLE,
    run::Run,
    status, turn_back,
    view::View,
};

/// How many names a message has.
const NAMES: usize = 5;

/// The next step of a run that is neither being undone nor ended.
pub(crate) fn decide(view: &View, run: &Run, session: &Session, now: Timestamp) -> Step {
    let Some(at) = run.current() else { return verifying(view, run, now) };
    if run.steps[at].phase == StepPhase::Waiting {
        return next(view, run, at, now);
    }
    let observed = match view.look(at) {
        Look::Here(observed) => observed,
        Look::Unknown(why) => return unread(run, at, why, now),
        Look::Gone => return unread(run, at, "it is gone", now),
    };
    let Some(spec) = view.steps.get(at) else { return unread(run, at, "the spec has no such step", now) };
    if run.steps[at].phase == StepPhase::Running {
        if let Some(step) = fields(run, at, observed, session) {
            return step;
        }
        if spec.action == "DrainNode" {
            let params = spec.drain_node.clone().unwrap_or_default();
            if let Some(step) = evictions(view, run, at, &params, observed, session, now) {
                return step;
            }
        }
    }
    awaited(view, run, at, spec, observed, now)
}

fn unread(run: &Run, at: usize, why: &str, now: Timestamp) -> Step {
    let message = format!("{}: the target cannot be read: {why}", position(run, at));
    paused(TARGET_UNREADABLE, message, Some(soon(now)))
}

/// The step and how far the whole is, for messages.
pub(crate) fn position(run: &Run, at: usize) -> String {
    let name = run.steps.get(at).map_or("", |step| step.name.as_str());
    format!("step {} of {} ({name})", at + 1, run.steps.len())
}

/// The next step begins with the plan that was approved, and with no other.
fn next(view: &View, run: &Run, at: usize, now: Timestamp) -> Step {
    match planning::of_step(&view.input(), at, &[]) {
        Ok(plan) if run.steps[at].digest.as_ref() == Some(&plan.digest) => write(status::begun(run, at, &plan, now)),
        Ok(_) => {
            let message = format!(
                "{} is not what was approved any more, by more than what the earlier steps have set; it continues when it is",
                position(run, at)
            );
            paused(reasons::PLAN_CHANGED, message, Some(soon(now)))
        }
        Err(refusal) => {
            let message = format!("{} cannot begin: {}", position(run, at), refusal.message);
            paused(refusal.reason, message, Some(soon(now)))
        }
    }
}

/// The next change of a field; `None` if all have their new values.
fn fields(run: &Run, at: usize, observed: &Observed, session: &Session) -> Option<Step> {
    for kept in run.kept().filter(|(of, _)| *of == at).filter_map(|(_, kept)| kept.ok()) {
        let Some(live) = observed.field(&kept.stored.path) else { continue };
        let tried = turn_back::tried(&kept, session);
        match ahead(&kept, observed, live, tried) {
            Ahead::Applied => {}
            Ahead::Send => return Some(Step::Ask(Request::Effect(kept.patch(observed, live, false)))),
            Ahead::Announce => return Some(write(status::announced(run, at, &kept.stored.path, &observed.version))),
            Ahead::Theirs => return Some(write(status::theirs(run, at, &kept.stored.path, &live.writer.to_string()))),
            // The run is undone for these before it gets here.
            Ahead::Changed | Ahead::InDoubt => {}
        }
    }
    None
}

/// The next eviction, or a wait for pods that leave; `None` if none of the plan is left.
fn evictions(
    view: &View,
    run: &Run,
    at: usize,
    params: &DrainNode,
    observed: &Observed,
    session: &Session,
    now: Timestamp,
) -> Option<Step> {
    let Some(pods) = &run.steps[at].pods else {
        let node = observed.node()?;
        let elsewhere = run.steps.iter().flat_map(|step| step.pods.iter().flatten()).count();
        return Some(match drain::listed(params, node, elsewhere) {
            Ok(pods) => write(status::listed(run, at, pods)),
            Err(refusal) => write(status::undoing(view, run, reasons::EVICTION_BLOCKED, &refusal.message, now)),
        });
    };
    let left = drain::left(pods, observed);
    let key = |uid: &str| Key::Effect(EffectKey::Evict(uid.to_owned()));
    let mut staying = left.iter().filter(|pod| !pod.is_terminating).peekable();
    let first = staying.peek().copied();
    // A pod whose budget has no room now does not keep the others.
    if let Some(pod) = staying.find(|pod| session.held(&key(&pod.uid), now).is_none()).or(first) {
        return Some(Step::Ask(Request::Effect(Effect::Evict(Eviction {
            namespace: pod.namespace.clone(),
            name: pod.name.clone(),
            uid: pod.uid.clone(),
            node: observed.object.name.clone(),
            grace_period_seconds: params.grace_period_seconds,
        }))));
    }
    let names: Vec<String> = left.iter().map(|pod| pod.title()).collect();
    (!names.is_empty()).then(|| {
        let gone = part(pods.len() - names.len(), pods.len(), "pod");
        let message = format!("{}: {gone} are gone; waiting for {}", position(run, at), first_of(&names, NAMES));
        Step::Wait { until: Some(soon(now)), standing: Standing::RollingOut(message) }
    })
}

/// The end of the step, if its outcome holds.
fn awaited(view: &View, run: &Run, at: usize, spec: &step::Step, observed: &Observed, now: Timestamp) -> Step {
    match outcome::check(spec, observed) {
        Ok(()) => write(status::done(view, run, at, now)),
        Err(_) if run.steps[at].phase == StepPhase::Running => write(status::watching(view, run, at)),
        Err(lacks) => {
            let until = run.steps[at].started.as_ref().map(|started| after(started.0, view.settings.timeout_s));
            let until = until.map_or(soon(now), |end| end.min(soon(now)));
            let message = format!("{}: waiting for its outcome: {lacks}", position(run, at));
            Step::Wait { until: Some(until), standing: Standing::RollingOut(message) }
        }
    }
}

/// All steps are done: target and neighbours are watched.
fn verifying(view: &View, run: &Run, now: Timestamp) -> Step {
    let end = run.last_end().map_or(now, |end| after(end.0, view.settings.window_s));
    if now < end {
        let message = format!("all steps are done; target and neighbours are watched until {end}");
        return Step::Wait { until: Some(end.min(soon(now))), standing: Standing::Verifying(message) };
    }
    write(status::succeeded(view, run, now))
}
