//! From the steps of a spec and what is seen of their targets to a plan.
//!
//! In: the steps, a look at the target of each, the settings. Out: the plan, or every reason why there is none. A later step is
//! planned as if the earlier ones had set their fields already.

use trimtab_actions::{
    action::{Action, Scope, Targets},
    registry,
};
use trimtab_api::remediation::step::Step;

use crate::{
    cordon, drain,
    field::FieldChange,
    observed::{Look, Observed},
    plan::{ActionPlan, Draft, StepPlan},
    refusal::{
        KIND_NOT_ACCEPTED, NO_PARAMETERS, NOT_ACCEPTED, RISK_TOO_HIGH, Refusal, TARGET_NOT_FOUND, TARGET_REPLACED,
        TARGET_TERMINATING, TARGET_UNREADABLE, UNKNOWN_ACTION, WRONG_NAMESPACE,
    },
    risk::{self, Raise},
    scale,
    settings::Settings,
    writer::Writer,
};

/// What a plan is made from.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// The steps of the spec.
    pub steps: &'a [Step],
    /// A look at the target of each.
    pub world: &'a [Look],
    /// What the spec says about time and failure.
    pub settings: &'a Settings,
    /// Whether the action was created in Trimtab's own namespace.
    pub in_own_namespace: bool,
}

/// What this version can do, by the name of the action.
fn draft(step: &Step, observed: &Observed) -> Result<Draft, Refusal> {
    match (step.action.as_str(), &step.scale_workload) {
        ("ScaleWorkload", Some(params)) => scale::plan(params, observed),
        ("ScaleWorkload", None) => Err(Refusal::for_good(NO_PARAMETERS, "scaleWorkload is not set")),
        ("CordonNode", _) => cordon::plan(observed),
        ("DrainNode", _) => drain::plan(&step.drain_node.clone().unwrap_or_default(), observed),
        (other, _) => Err(Refusal::for_good(UNKNOWN_ACTION, format!("this version of Trimtab cannot do {other}"))),
    }
}

/// The plan of a whole action.
///
/// # Errors
/// Every step that is refused, and why.
pub fn plan(input: &Input<'_>) -> Result<ActionPlan, Vec<Refusal>> {
    let (mut steps, mut refusals, mut earlier, mut pods) = (Vec::new(), Vec::new(), Vec::new(), 0);
    for (at, step) in input.steps.iter().enumerate() {
        match of_step(input, at, &earlier) {
            Ok(plan) => {
                earlier.extend(plan.changes.clone());
                pods += plan.evictions.len();
                refusals.extend(drain::few_enough(pods).err().map(|refusal| refusal.of(&step.name)));
                steps.push(plan);
            }
            Err(refusal) => refusals.push(refusal.of(&step.name)),
        }
    }
    if !refusals.is_empty() {
        return Err(refusals);
    }
    let plan = ActionPlan::new(steps, input.settings.undo_after_s);
    let Some(most) = input.settings.max_risk.filter(|most| plan.risk.level > *most) else { return Ok(plan) };
    let riskiest = plan.steps.iter().max_by_key(|step| step.risk.level).map_or("", |step| step.name.as_str());
    let message = format!("its risk is {}, and spec.maxRiskLevel is {}", plan.risk.level.as_str(), most.as_str());
    Err(vec![Refusal::for_good(RISK_TOO_HIGH, message).of(riskiest)])
}

/// The plan of the step at this place. `earlier`: what the steps before it set, and the look does not show yet.
///
/// # Errors
/// Why it is refused.
pub fn of_step(input: &Input<'_>, at: usize, earlier: &[FieldChange]) -> Result<StepPlan, Refusal> {
    let (Some(step), Some(look)) = (input.steps.get(at), input.world.get(at)) else {
        return Err(Refusal::now(TARGET_UNREADABLE, "its target was not looked at"));
    };
    let Some(action) = registry::named(&step.action) else {
        return Err(Refusal::for_good(UNKNOWN_ACTION, format!("there is no action {}", step.action)));
    };
    if action.scope == Scope::Cluster && !input.in_own_namespace {
        let message = format!("{} is only accepted in Trimtab's own namespace", action.name);
        return Err(Refusal::for_good(WRONG_NAMESPACE, message));
    }
    if action.must_be_accepted() && !input.settings.accept_irreversible {
        let message = format!("{} cannot be undone: set acceptIrreversible", action.name);
        return Err(Refusal::for_good(NOT_ACCEPTED, message));
    }
    let observed = overlaid(resolved(step, action, look)?, earlier);
    let draft = draft(step, &observed)?;
    let raises = if draft.changes.is_empty() && draft.evictions.is_empty() { Vec::new() } else { common(&observed) };
    let raises: Vec<Raise> = raises.into_iter().chain(draft.raises.clone()).collect();
    let risk = risk::of_step(action, &draft.cases, &raises);
    Ok(StepPlan::new(step, action, observed.object.clone(), risk, draft))
}

/// What raises the risk, whatever the action is.
fn common(observed: &Observed) -> Vec<Raise> {
    let title = observed.object.title();
    let production = observed.in_production.then(|| Raise::new("Production", format!("{title} is part of production")));
    let undone = || Raise::new("UndoneBefore", format!("an action on {title} was undone within the last 24 hours"));
    production.into_iter().chain(observed.was_undone.then(undone)).collect()
}

/// The target of `step`, if it is what the step names.
fn resolved<'a>(step: &Step, action: &Action, look: &'a Look) -> Result<&'a Observed, Refusal> {
    let target = &step.target;
    let name = format!("{} {}", target.kind, target.name);
    let observed = match look {
        Look::Here(observed) => observed,
        Look::Gone => {
            let message = format!("{name} does not exist in this namespace: create it, or name another target");
            return Err(Refusal::now(TARGET_NOT_FOUND, message));
        }
        Look::Unknown(why) => return Err(Refusal::now(TARGET_UNREADABLE, format!("{name} cannot be read: {why}"))),
    };
    let object = &observed.object;
    let group = target.api_version.rsplit_once('/').map_or("", |(group, _)| group);
    let is_listed = action.targets.kinds().iter().any(|kind| kind.group == group && kind.kind == target.kind);
    let may_be_chosen = matches!(action.targets, Targets::Scalable(_) | Targets::Chosen) && observed.is_chosen;
    if object.group != group || object.kind != target.kind || !(is_listed || may_be_chosen) {
        let kinds: Vec<&str> = action.targets.kinds().iter().map(|kind| kind.kind).collect();
        let message = format!(
            "{} is not for {} of group {group:?}, but for {}",
            action.name,
            target.kind,
            if kinds.is_empty() { "kinds that the installer names".to_owned() } else { kinds.join(", ") }
        );
        return Err(Refusal::for_good(KIND_NOT_ACCEPTED, message));
    }
    if let Some(uid) = target.uid.as_ref().filter(|uid| **uid != object.uid) {
        let message = format!("{name} was created again: this is for the one with uid {uid}, there is {}", object.uid);
        return Err(Refusal::for_good(TARGET_REPLACED, message));
    }
    if observed.is_terminating {
        return Err(Refusal::now(TARGET_TERMINATING, format!("{name} is being deleted")));
    }
    Ok(observed)
}

/// `observed` as it is once the `earlier` changes are made.
fn overlaid(observed: &Observed, earlier: &[FieldChange]) -> Observed {
    let mut observed = observed.clone();
    for change in earlier.iter().filter(|change| change.object.uid == observed.object.uid) {
        for field in observed.fields.iter_mut().filter(|field| field.path == change.path) {
            (field.value, field.writer) = (change.written.clone(), Writer::ThisAction);
        }
    }
    observed
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
