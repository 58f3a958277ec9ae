//! The start of a rollout. In: a view with an approved proposal. Out: the status that announces it, written before anything
//! is touched, or the gates that keep it from starting.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use trimtab_api::{
    applied_sizes::UndoneChange,
    conditions::recommendation as reasons,
    policy_rollout::DeliveryMode,
    recommendation::ContainerResources,
    recommendation_rollout::{Approver, Baseline, ClosedGate, RolloutResult, RolloutStatus, Stage},
};
use trimtab_core::conditions::whole_seconds;

use crate::{
    ask::{Request, Step},
    machine::{blocked, write},
    pods::live,
    sizes::{Has, has, same, same_names},
    status::steps,
    text::{self, after},
    view::{Target, View},
};

/// How soon to look again at closed gates, in seconds. Most of them open with a change that a watch tells of.
const GATES_S: i64 = 60;

/// The first back-off after a rollback, in seconds.
const BACK_OFF_S: i64 = 24 * 3600;

/// The longest back-off, in seconds.
const LONGEST_BACK_OFF_S: i64 = 30 * 24 * 3600;

/// Begins, or says what keeps it from beginning.
pub(crate) fn decide(view: &View, now: Timestamp) -> Step {
    match first_status(view, now) {
        Ok(_) if !view.protected => Step::Ask(Request::Protect),
        Ok(status) => write(status),
        Err(gates) => blocked(gates, after(now, GATES_S)),
    }
}

/// How long a workload is left alone after so many rollbacks in a row, in seconds: a day, and twice as long after each
/// further one, at most thirty days.
pub fn back_off_s(rollbacks: u32) -> i64 {
    match rollbacks {
        0 => 0,
        // Five doublings are beyond the most.
        n => LONGEST_BACK_OFF_S.min(BACK_OFF_S << (n - 1).min(5)),
    }
}

/// The gate that stays closed for a while after a rollback.
pub fn back_off(last: &RolloutStatus, now: Timestamp) -> Option<ClosedGate> {
    if last.result != Some(RolloutResult::RolledBack) {
        return None;
    }
    let why = last.undo.as_ref().map_or("no reason is known", |u| u.message.as_str());
    backing_off(last.rollbacks, last.ended.as_ref().unwrap_or(&last.stage_since).0, why, now)
}

/// The gate that stays closed after a rollback that an earlier Recommendation left: for the same proposal for good.
fn back_off_of(undone: &UndoneChange, digest: &str, now: Timestamp) -> Option<ClosedGate> {
    if undone.proposal_digest == digest {
        let message = format!(
            "this very proposal was undone at {} ({}), when it belonged to a Recommendation that is gone; another proposal can be \
             carried out",
            undone.ended.0, undone.message
        );
        return Some(gate("BackOff", "RolledBackBefore", &message));
    }
    backing_off(undone.rollbacks, undone.ended.0, &undone.message, now)
}

fn backing_off(rollbacks: i32, ended: Timestamp, why: &str, now: Timestamp) -> Option<ClosedGate> {
    let rollbacks = rollbacks.max(1);
    let end = after(ended, back_off_s(u32::try_from(rollbacks).unwrap_or(1)));
    (now < end).then(|| {
        let message = format!(
            "the last change of this workload was undone ({why}), {rollbacks} in a row; another may start at {end}"
        );
        gate("BackOff", "BackingOff", &message)
    })
}

fn gate(name: &str, reason: &str, message: &str) -> ClosedGate {
    ClosedGate { gate: name.to_owned(), reason: reason.to_owned(), message: text::cut(message) }
}

fn first_status(view: &View, now: Timestamp) -> Result<RolloutStatus, Vec<ClosedGate>> {
    let mut closed = view.start_gates.clone();
    // What holds a rollout under way holds its start even more.
    closed.extend(view.forward_gates.iter().filter(|g| !view.start_gates.contains(g)).cloned());
    let mut add = |gate: ClosedGate| {
        if !closed.iter().any(|g| g.gate == gate.gate) {
            closed.push(gate);
        }
    };
    // Once it has a past of its own, that says how long to wait; what was undone before is not tried again for all that.
    let remembered = view.history.as_ref().and_then(|history| history.undone.as_ref());
    let remembered = remembered.filter(|undone| view.rollout.is_none() || undone.proposal_digest == view.digest);
    let before = view.rollout.as_ref().and_then(|last| back_off(last, now));
    if let Some(gate) = before.or_else(|| remembered.and_then(|undone| back_off_of(undone, &view.digest, now))) {
        add(gate);
    }
    let former = match &view.target {
        Some(target) => target_gate(view, target).and_then(|()| former(view, target)).map_err(&mut add),
        None => {
            add(gate("Target", reasons::TARGET_NOT_FOUND, "the workload does not exist"));
            Err(())
        }
    };
    let (Some(target), Some(approval), Ok(former), true) = (&view.target, &view.approval, former, closed.is_empty())
    else {
        return Err(closed);
    };
    // The workload is measured when nothing else keeps the rollout from starting: that it is not measured before is no reason.
    let baseline = view.baseline.clone().map_err(|why| {
        let message = format!("the workload cannot be measured before the change: {why}");
        vec![gate("Baseline", "NoBaseline", &message)]
    })?;
    Ok(status(view, target, &approval.by, baseline, former, now))
}

/// What is to be carried out for `proposal`: its containers, and those beside it that an earlier change is in force for on this
/// workload (`target_uid`). They keep the size that they have, and remain what can be undone.
pub fn wanted(
    proposal: &[ContainerResources],
    last: Option<&RolloutStatus>,
    target_uid: Option<&str>,
) -> Vec<ContainerResources> {
    let in_force = last.filter(|r| r.is_in_force() && Some(r.target_uid.as_str()) == target_uid).map(in_force);
    let beside = in_force.into_iter().flatten().filter(|c| proposal.iter().all(|p| p.name != c.name));
    proposal.iter().cloned().chain(beside.cloned()).map(with_requests).collect()
}

/// The container with the requests that the API server fills in: where only a limit is set, the request is the same.
fn with_requests(mut container: ContainerResources) -> ContainerResources {
    let (requests, limits) = (&mut container.requests, &container.limits);
    requests.cpu = requests.cpu.take().or_else(|| limits.cpu.clone());
    requests.memory = requests.memory.take().or_else(|| limits.memory.clone());
    container
}

/// The size that is in force after `last`.
fn in_force(last: &RolloutStatus) -> &[ContainerResources] {
    if last.result == Some(RolloutResult::RolledBack) { &last.former } else { &last.desired }
}

/// What the containers of `former` had before the first change that is still in force; empty where that is `former` itself.
fn original(view: &View, target: &Target, former: &[ContainerResources]) -> Vec<ContainerResources> {
    let Some(last) = view.rollout.as_ref().filter(|r| r.is_in_force() && r.target_uid == target.uid) else {
        return Vec::new();
    };
    let before = if last.original.is_empty() { &last.former } else { &last.original };
    // A container that somebody gave something else since, or whose template says by now what the change brought, is theirs.
    let ours = |c: &ContainerResources| {
        let c = std::slice::from_ref(c);
        let brought = in_force(last).iter().any(|f| has(c, std::slice::from_ref(f)) == Has::Yes);
        brought && !(last.delivery == DeliveryMode::Admission && has(&target.template_sizes, c) == Has::Yes)
    };
    let of = |c: &ContainerResources| before.iter().find(|b| b.name == c.name && ours(c)).unwrap_or(c).clone();
    let original: Vec<ContainerResources> = former.iter().map(of).collect();
    if same(&original, former) { Vec::new() } else { original }
}

fn target_gate(view: &View, target: &Target) -> Result<(), ClosedGate> {
    if target.terminating {
        return Err(gate("Target", "Terminating", "the workload is being deleted"));
    }
    if target.rolling {
        let message = "the workload's own rollout is in progress; it starts once that is over";
        return Err(gate("Target", "Rolling", message));
    }
    let resizes = view.settings.in_place || target.runs_to_completion;
    if !resizes && view.settings.delivery != DeliveryMode::Template {
        let message = format!(
            "the API server has no pods/resize, and delivery {:?} does not reach the pods there are: set \
             spec.delivery.mode of the policy to Template, or apply status.patch by hand",
            view.settings.delivery
        );
        return Err(gate("Delivery", "NoResize", &message));
    }
    Ok(())
}

/// What every pod has now. Where pods come and go by themselves it is what the template says.
fn former(view: &View, target: &Target) -> Result<Vec<ContainerResources>, ClosedGate> {
    if !same_names(&view.proposal, &view.proposal) || view.proposal.is_empty() {
        return Err(gate("Pods", reasons::INVALID_PROPOSAL, "the proposal names a container twice, or none"));
    }
    if target.runs_to_completion {
        return whole(&target.template_sizes, view).ok_or_else(|| {
            gate("Pods", "ContainerMissing", "the workload's template lacks a container that the proposal names")
        });
    }
    let pods = live(view);
    let Some(first) = pods.first() else {
        let message = "the workload has no pods, so the change could not be tried on one; it starts once it has some";
        return Err(gate("Pods", reasons::NO_PODS, message));
    };
    let Some(former) = whole(&first.spec, view) else {
        let message = format!("pod {} lacks a container that the proposal names", first.name);
        return Err(gate("Pods", "ContainerMissing", &message));
    };
    let differing: Vec<_> = pods.iter().filter(|p| has(&p.spec, &former) != Has::Yes).copied().collect();
    if differing.is_empty() {
        return Ok(former);
    }
    let message = format!(
        "{} of {} have other requests or limits than {}, so there is no one size to come back to; it starts once they are \
         the same",
        text::pods(differing.iter().copied()),
        text::count(pods.len()),
        first.name
    );
    Err(gate("Pods", reasons::PODS_DIFFER, &message))
}

/// The containers of the proposal as `sizes` has them, in the proposal's order, where it has them all.
fn whole(sizes: &[ContainerResources], view: &View) -> Option<Vec<ContainerResources>> {
    view.proposal.iter().map(|wanted| sizes.iter().find(|c| c.name == wanted.name).cloned()).collect()
}

fn status(
    view: &View,
    target: &Target,
    by: &Approver,
    baseline: Baseline,
    former: Vec<ContainerResources>,
    now: Timestamp,
) -> RolloutStatus {
    let pods = live(view).len();
    let there_already = same(&former, &view.proposal);
    let no_steps = there_already || target.runs_to_completion || !view.settings.in_place;
    let now = Time(whole_seconds(now));
    let rollbacks = match (&view.rollout, &view.history) {
        (Some(last), _) => last.rollbacks,
        (None, Some(history)) => history.undone.as_ref().map_or(0, |undone| undone.rollbacks),
        (None, None) => 0,
    };
    RolloutStatus {
        proposal_digest: view.digest.clone(),
        approved_by: by.clone(),
        target_uid: target.uid.clone(),
        template: target.template.clone(),
        stage: if no_steps { Stage::Delivering } else { Stage::Resizing },
        step: if no_steps { steps(&view.settings) } else { 1 },
        steps: steps(&view.settings),
        progress: format!("{}/{pods}", if there_already { pods } else { 0 }),
        started: now.clone(),
        stage_since: now,
        original: original(view, target, &former),
        former,
        desired: view.proposal.clone(),
        delivery: view.settings.delivery,
        delivered: false,
        baseline,
        checks: Vec::new(),
        undo: None,
        result: None,
        ended: None,
        rollbacks,
    }
}
