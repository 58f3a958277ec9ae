//! The standing of a rollout. In: a rollout, and its view. Out: its standing, in words.

use trimtab_api::{
    conditions::recommendation as reasons,
    delivery::DeliveryMode,
    resources::ContainerResources,
    rollout::{RolloutResult, RolloutStatus, Stage},
};
use trimtab_core::text::{part, verb};
use trimtab_engine::standing::Standing;

use crate::{
    known::{own_target, template_has},
    pods::Sorted,
    text, undone,
    view::{NotGiven, Target, View},
};

/// How messages say that the size is in no pod.
const NONE: &str = "no pod has it";

/// The standing of a rollout by its status alone, for the conditions that are written together with it.
pub fn of(rollout: &RolloutStatus) -> Standing {
    let has = text::progress_has(&rollout.progress);
    let step = format!("step {} of {}, {has} the new size", rollout.step, rollout.steps);
    let undone = || rollout.undo.as_ref().map_or_else(String::new, |u| u.message.clone());
    match rollout.stage {
        Stage::Resizing | Stage::Delivering => Standing::RollingOut(step),
        Stage::Watching | Stage::Verifying => Standing::Verifying(step),
        Stage::Undoing => Standing::Undoing(undone()),
        Stage::Ended => ended(rollout).unwrap_or_else(|| Standing::Superseded(undone())),
    }
}

/// The standing of a rollout that has ended, as far as `view` shows what became of it: what admission delivers stays
/// delivered only as long as its entry is there and applies.
pub(crate) fn at_rest(view: &View, rollout: &RolloutStatus) -> Option<Standing> {
    let Some(target) = own_target(view, rollout).filter(|_| rollout.result == Some(RolloutResult::Applied)) else {
        return ended(rollout);
    };
    Some(if rollout.is_admitted() {
        admitted(view, rollout, target)
    } else {
        applied_now(view, rollout, target, rollout.delivery)
    })
}

/// The standing of a size that was applied to `target` and delivered by admission.
fn admitted(view: &View, rollout: &RolloutStatus, target: &Target) -> Standing {
    if template_has(target, rollout, true) {
        return applied_now(view, rollout, target, DeliveryMode::Template);
    }
    let why = match &view.sizes_given {
        Ok(()) if view.sizes_entry => return applied_now(view, rollout, target, DeliveryMode::Admission),
        Err(NotGiven::PolicyNotInForce(why)) if view.sizes_entry => return without_policy(view, rollout, why),
        _ => undelivered(view, rollout, target),
    };
    let pods = Sorted::of(view, rollout);
    let left = match pods.new.len() {
        0 => {
            format!("{NONE} any more; reject it (kubectl trimtab undo) to settle it, or put the size into the template")
        }
        new => format!(
            "{} the new size; reject it (kubectl trimtab undo) to restore the former size there, or put the size into the \
             template",
            still(new, pods.live.len())
        ),
    };
    Standing::NotDelivered(format!(
        "applied {}, but new pods get the size of the template, because {why}: {left}",
        when(rollout)
    ))
}

/// Why new pods do not get a size whose admission policy is in force.
fn undelivered(view: &View, rollout: &RolloutStatus, target: &Target) -> String {
    let gone = |c: &&ContainerResources| target.template_sizes.iter().all(|t| t.name != c.name);
    let gone: Vec<&str> = rollout.desired.iter().filter(gone).map(|c| c.name.as_str()).collect();
    if !gone.is_empty() {
        let (word, are) = if gone.len() == 1 { ("container", "is") } else { ("containers", "are") };
        return format!("{word} {} {are} gone from the template", gone.join(", "));
    }
    let why = if view.sizes_entry {
        "its entry in AppliedSizes is for other resources than new pods have (the template's resources were changed, \
         or a LimitRange gives them other defaults)"
    } else {
        "its entry in AppliedSizes is gone (the template's resources were changed, the entry was deleted, or it no \
         longer fits)"
    };
    why.to_owned()
}

/// The standing while the admission policy that gives new pods their sizes is not in force.
fn without_policy(view: &View, rollout: &RolloutStatus, why: &str) -> Standing {
    let pods = Sorted::of(view, rollout);
    let left = match (pods.new.len(), pods.live.len()) {
        (0, _) => format!("{NONE} now"),
        (new, live) => format!("{} it", still(new, live)),
    };
    Standing::NotDelivered(format!(
        "applied {}, but the admission policy that gives it to new pods is not in force ({why}); {left}",
        when(rollout)
    ))
}

/// The standing of a size that was applied to `target`, with the pods that have it now, where some do not: they were
/// created while nobody gave it to them, or somebody resized them.
fn applied_now(view: &View, rollout: &RolloutStatus, target: &Target, delivery: DeliveryMode) -> Standing {
    let (when, to) = (when(rollout), text::delivery(delivery));
    if target.runs_to_completion {
        let none = if view.ran { "" } else { "; no run is known to have had it yet" };
        return Standing::Applied(format!("applied {when}{none}; {to}"));
    }
    let pods = Sorted::of(view, rollout);
    let now = match (pods.new.len(), pods.live.len()) {
        (new, live) if new == live || view.seen.is_err() => String::new(),
        (0, _) => format!(", {NONE} now"),
        (new, live) => format!(", {} {} it now", part(new, live, "pod"), verb(live, "has", "have")),
    };
    Standing::Applied(format!("applied {when} to {}{now}; {to}", text::progress(&rollout.progress)))
}

fn applied(rollout: &RolloutStatus, delivery: DeliveryMode) -> Standing {
    let pods = text::progress(&rollout.progress);
    Standing::Applied(format!("applied {} to {pods}; {}", when(rollout), text::delivery(delivery)))
}

/// `2 of 3 pods still have`.
fn still(new: usize, pods: usize) -> String {
    format!("{} still {}", part(new, pods, "pod"), verb(pods, "has", "have"))
}

fn when(rollout: &RolloutStatus) -> String {
    rollout.ended.as_ref().map_or_else(|| "some time ago".to_owned(), |t| format!("at {}", t.0))
}

/// The standing of a rollout that has ended, by its status alone. What was rolled out once, with whatever result, is
/// not rolled out again, unless a person rejected it and a person approves it again ([`undone::is_approved_again`]).
pub(crate) fn ended(rollout: &RolloutStatus) -> Option<Standing> {
    let ended = when(rollout);
    Some(match rollout.result? {
        RolloutResult::Applied => applied(rollout, rollout.delivery),
        RolloutResult::RolledBack => {
            let undo = rollout.undo.as_ref();
            let (reason, why) = undo.map_or(("", ""), |u| (u.reason.as_str(), u.message.as_str()));
            // A deletion says nothing against the change, and is not recorded for the next Recommendation.
            let next = if [reasons::DELETED, reasons::POLICY_DELETED].contains(&reason) {
                "this Recommendation does not apply it again, but a policy may propose it again in a new one".to_owned()
            } else if undone::rejected(rollout).is_some() {
                format!("{}; it or another one can start after the back-off", undone::WHAT_APPLIES_AGAIN)
            } else {
                "this proposal is not applied again; another one can start after the back-off".to_owned()
            };
            let nothing = undo.is_some_and(|u| u.nothing_to_restore);
            let what = if nothing { "it was undone" } else { "the former values were restored" };
            Standing::RolledBack(format!("{what} {ended}: {why}; {next}"))
        }
        RolloutResult::Superseded => {
            let restored = rollout.undo.as_ref().filter(|undo| undo.reason == reasons::SUPERSEDED);
            let restored = restored
                .map_or_else(String::new, |undo| format!("; the former values were restored: {}", undo.message));
            Standing::Superseded(format!(
                "the workload was deleted or recreated (found {ended}){restored}; this proposal is not applied again"
            ))
        }
    })
}
