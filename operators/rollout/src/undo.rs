//! Restores exactly the former values. In: a view of a rollout that is being undone. Out: the removal of the delivery,
//! then one pod after the other, then the end.
//!
//! It needs no approval. Only the emergency stop blocks it, or not knowing which decision is honoured.

use jiff::Timestamp;
use trimtab_api::{
    conditions::recommendation as reasons,
    delivery::DeliveryMode,
    rollout::{RolloutResult, RolloutStatus},
};
use trimtab_core::text::{part, verb};
use trimtab_engine::{
    standing::Standing,
    steps::{paused, soon, write},
    text::{after, cut_before},
};

use crate::{
    effect::{Effect, EffectKey},
    known::{by_template, resizes, template_has},
    pods::live,
    sizes::{Has, has, same},
    sizing::{Key, Session, Step, ask},
    status::{covers, ended, refreshed, step},
    text,
    view::{Pod, Resize, Target, View},
};

/// The next step of a rollout that is being undone.
pub(crate) fn decide(view: &View, rollout: &RolloutStatus, target: &Target, session: &Session, now: Timestamp) -> Step {
    if let Some(step) = take_back(view, rollout, target, session) {
        return step;
    }
    let live = live(view);
    if resizes(view, target) {
        let left = live.iter().filter(|p| to_restore(p, rollout, target)).copied().collect();
        if let Some(step) = pods(view, rollout, left, session, &live, now) {
            return step;
        }
    } else if !target.runs_to_completion
        && let Some(step) = without_resize(rollout, target, &live, now)
    {
        return step;
    }
    let mut end = ended(view, rollout, RolloutResult::RolledBack, now);
    if let Some(undo) = &mut end.undo {
        let others = others(rollout, target, &live);
        undo.nothing_to_restore = others > 0 && others == live.len() && !any_has_new(rollout, &live);
        let exceptions = left_alone(others, live.len(), undo.nothing_to_restore) + &outstanding(rollout, &live);
        if !exceptions.is_empty() {
            undo.message = cut_before(&undo.message, &exceptions);
        }
    }
    write(end)
}

/// How many pods are left alone, because their size follows from a template that somebody else has changed. Those that
/// come and go by themselves are not restored at all.
fn others(rollout: &RolloutStatus, target: &Target, live: &[&Pod]) -> usize {
    if target.runs_to_completion {
        return 0;
    }
    live.iter().filter(|p| has(&p.spec, &rollout.former) != Has::Yes).count()
}

fn any_has_new(rollout: &RolloutStatus, live: &[&Pod]) -> bool {
    live.iter().any(|p| has(&p.spec, &rollout.desired) == Has::Yes)
}

/// What the end says of pods that were left alone: nothing is reported as restored that is not.
fn left_alone(others: usize, live: usize, nothing_to_restore: bool) -> String {
    if others == 0 {
        return String::new();
    }
    let none = if nothing_to_restore { "no pod had the new size any more: " } else { "" };
    let pods = part(others, live, "pod");
    let have = verb(live, "has", "have");
    format!("; {none}{pods} {have} other resources, because the workload's template was changed")
}

/// The pods that were reset but whose nodes have not restored the former size.
fn outstanding(rollout: &RolloutStatus, live: &[&Pod]) -> String {
    let outstanding: Vec<&Pod> = live
        .iter()
        .filter(|p| has(&p.spec, &rollout.former) == Has::Yes && p.resize != Resize::Settled)
        .copied()
        .collect();
    if outstanding.is_empty() {
        return String::new();
    }
    let (was, node, them) =
        if outstanding.len() == 1 { ("was", "its node has", "it") } else { ("were", "their nodes have", "them") };
    format!("; {} {was} reset, but {node} not resized {them} to the former size yet", text::pods(outstanding))
}

/// Reverts the delivery, so that no more pods are created with the new size.
fn take_back(view: &View, rollout: &RolloutStatus, target: &Target, session: &Session) -> Option<Step> {
    match rollout.delivery {
        DeliveryMode::Admission => {
            let here = session.memory.taken_back.as_ref() == Some(&rollout.proposal_digest);
            if view.sizes_entry || (rollout.delivered && !here) {
                // A deletion undoes all changes: no entry of an earlier one is written in between.
                let before = entry_before(rollout, target);
                return Some(ask(if view.deletion.is_some() { Effect::DropSizes } else { before }));
            }
            rollout.delivered.then(|| write(RolloutStatus { delivered: false, ..refreshed(view, rollout) }))
        }
        DeliveryMode::Template => {
            let patched = template_has(target, rollout, true) && !same(&rollout.former, &rollout.desired);
            patched.then(|| ask(Effect::PatchTemplate { uid: target.uid.clone(), containers: rollout.former.clone() }))
        }
        // Somebody may have applied the patch by hand; then it is theirs.
        DeliveryMode::Auto | DeliveryMode::Git | DeliveryMode::Manual => None,
    }
}

/// The request that restores the earlier state of AppliedSizes: the size of an earlier change still in force, which
/// new pods keep getting while the template is unchanged since the start; else there was no entry. That pods differed
/// from the template does not prove one: somebody may have resized them, or they were created with an entry of a
/// previous workload.
fn entry_before(rollout: &RolloutStatus, target: &Target) -> Effect {
    let complete = has(&target.template_sizes, &rollout.former) != Has::Missing;
    let earlier = !rollout.original.is_empty();
    if earlier && target.template == rollout.template && complete && !template_has(target, rollout, false) {
        Effect::PutSizes { uid: target.uid.clone(), from: target.template_sizes.clone(), to: rollout.former.clone() }
    } else {
        Effect::DropSizes
    }
}

/// Whether this rollout has to restore the size of `pod`. Once somebody else has changed the template, it only
/// restores the pods that still have the size that it set.
fn to_restore(pod: &Pod, rollout: &RolloutStatus, target: &Target) -> bool {
    if has(&pod.spec, &rollout.former) == Has::Yes {
        return false;
    }
    let has_new = template_has(target, rollout, true);
    let known = target.template == rollout.template
        || template_has(target, rollout, false)
        || (by_template(rollout) && has_new);
    known || (!has_new && has(&pod.spec, &rollout.desired) == Has::Yes)
}

/// The next step for the pods in `left`, which outlived the workload of a rollout that is being undone; `None` if they
/// are restored.
pub(crate) fn outlived(
    view: &View,
    rollout: &RolloutStatus,
    left: Vec<&Pod>,
    session: &Session,
    now: Timestamp,
) -> Option<Step> {
    view.settings.in_place.then(|| pods(view, rollout, left, session, &live(view), now)).flatten()
}

fn pods(
    view: &View,
    rollout: &RolloutStatus,
    left: Vec<&Pod>,
    session: &Session,
    live: &[&Pod],
    now: Timestamp,
) -> Option<Step> {
    let since = rollout.undo.as_ref().map_or(&rollout.stage_since, |u| &u.since).0;
    let patience = after(since, view.settings.deferred_timeout_s.max(0));
    let lacking: Vec<&Pod> = left.iter().filter(|p| has(&p.spec, &rollout.former) == Has::Missing).copied().collect();
    let able: Vec<&Pod> = left.iter().filter(|p| p.bound && !lacking.iter().any(|l| l.uid == p.uid)).copied().collect();
    let on_the_way: Vec<&Pod> = live
        .iter()
        .filter(|p| has(&p.spec, &rollout.former) == Has::Yes)
        // A node that failed tries again: memory in use cannot be reclaimed, but can be once it is free.
        .filter(|p| matches!(p.resize, Resize::InProgress | Resize::Deferred { .. } | Resize::Failed { .. }))
        .copied()
        .collect();
    let are = verb(live.len(), "is", "are");
    let progress = format!("{} {are} still to be restored", part(left.len(), live.len(), "pod"));
    let running = on_the_way.iter().filter(|p| p.resize == Resize::InProgress).count();
    if !able.is_empty() && running >= at_once(view, rollout, live.len()) && now < patience {
        let message = format!("{progress}; waiting until {patience} for {}", text::pods(on_the_way));
        return Some(waiting(rollout, &message, patience.min(soon(now))));
    }
    // A pod whose resize just failed does not block the others.
    let held = |pod: &Pod| {
        let key = EffectKey::Resize(pod.uid.clone(), rollout.former.clone());
        session.held(&Key::Effect(key), now).is_some()
    };
    let next = able.iter().find(|p| !held(p)).or(able.first());
    if let Some(pod) = next {
        return Some(ask(Effect::Resize {
            pod: pod.name.clone(),
            uid: pod.uid.clone(),
            resource_version: pod.resource_version.clone(),
            containers: rollout.former.clone(),
        }));
    }
    if !lacking.is_empty() {
        let (lack, them) = if lacking.len() == 1 { ("lacks", "it") } else { ("lack", "them") };
        let message = format!(
            "{} {lack} a container whose former values are known, so it is unknown whether they are restored; delete \
             {them}, or reset {them} by hand",
            text::pods(lacking)
        );
        return Some(paused(reasons::UNDO_BLOCKED, message, Some(soon(now))));
    }
    if !left.is_empty() {
        let run = verb(left.len(), "runs", "run");
        let message = format!("{progress}; waiting until {} {run} on a node and can be resized", text::pods(left));
        return Some(waiting(rollout, &message, soon(now)));
    }
    if !on_the_way.is_empty() && now < patience {
        let failed = on_the_way.iter().find_map(|p| match &p.resize {
            Resize::Failed { message, .. } => {
                Some(format!("; the node of pod {} failed to resize it: {message}", p.name))
            }
            _ => None,
        });
        let waited_for = text::pods(on_the_way);
        let failed = failed.unwrap_or_default();
        let message = format!("all pods were reset; waiting until {patience} for {waited_for}{failed}");
        return Some(waiting(rollout, &message, patience.min(soon(now))));
    }
    None
}

/// If the API server cannot resize pods, only replacement pods get the former size.
fn without_resize(rollout: &RolloutStatus, target: &Target, live: &[&Pod], now: Timestamp) -> Option<Step> {
    let left: Vec<&Pod> = live.iter().filter(|p| to_restore(p, rollout, target)).copied().collect();
    if left.is_empty() {
        return None;
    }
    if target.rolling || rollout.delivery == DeliveryMode::Template {
        let message = format!("waiting for the workload's own rollout to replace {}", text::pods(left));
        return Some(waiting(rollout, &message, soon(now)));
    }
    let (keep, them) = if left.len() == 1 { ("keeps", "it") } else { ("keep", "them") };
    let message = format!(
        "the API server has no pods/resize, so {} {keep} the new size: replace {them} by hand",
        text::pods(left)
    );
    Some(paused(reasons::UNDO_BLOCKED, message, Some(soon(now))))
}

/// How many pods are restored at the same time: as many as the present step added to the previous one. A resize may
/// restart containers, and the undo must not restart more of them at once than the rollout did.
fn at_once(view: &View, rollout: &RolloutStatus, pods: usize) -> usize {
    let present = step(&view.settings, rollout);
    let before = if present > 1 { covers(view, present - 1, pods) } else { 0 };
    covers(view, present, pods).saturating_sub(before).max(1)
}

fn waiting(rollout: &RolloutStatus, message: &str, until: Timestamp) -> Step {
    let why = rollout.undo.as_ref().map_or("", |u| u.message.as_str());
    Step::Wait { until: Some(until), standing: Standing::Undoing(format!("{why}; {message}")) }
}
