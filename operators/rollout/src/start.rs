//! The start of a rollout. In: a view with an approved proposal. Out: the status that announces it, written before
//! anything is changed, or the gates that block it.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use trimtab_api::{
    approval::Approver,
    delivery::DeliveryMode,
    gates::ClosedGate,
    resources::ContainerResources,
    rollout::{RolloutResult, RolloutStatus, Stage},
    verification::Baseline,
};
use trimtab_core::conditions::whole_seconds;
use trimtab_engine::{
    gate::closed_gates,
    steps::{blocked, write},
    text::after,
};

use crate::{
    back_off::in_a_row,
    pods::live,
    sizes::{Has, has, same},
    sizing::{Request, Step},
    start_gates::{self, BASELINE, Start},
    status::steps,
    view::{Target, View},
};

/// How often closed gates are re-evaluated, in seconds. Most of them open with a change that a watch reports.
const GATES_S: i64 = 60;

/// Starts the rollout, or reports what blocks it.
pub(crate) fn decide(view: &View, now: Timestamp) -> Step {
    match first_status(view, now) {
        Ok(_) if !view.protected => Step::Ask(Request::Protect),
        Ok(status) => write(status),
        Err(gates) => blocked(gates, after(now, GATES_S)),
    }
}

fn first_status(view: &View, now: Timestamp) -> Result<RolloutStatus, Vec<ClosedGate>> {
    let closed = start_gates::closed(view, now);
    if !closed.is_empty() {
        return Err(closed);
    }
    let (Some(target), Some(approval), Ok(Some(former))) = (&view.target, &view.approval, start_gates::former(view))
    else {
        return Err(closed);
    };
    match &view.baseline {
        Ok(baseline) => Ok(status(view, target, &approval.by, baseline.clone(), former, now)),
        Err(_) => Err(closed_gates(&[BASELINE], &Start { view, now })),
    }
}

/// The sizes to apply for `proposal`: its containers, and those others on this workload (`target_uid`) that an earlier
/// change is in force for. The latter keep their present size, and can still be undone.
pub fn wanted(
    proposal: &[ContainerResources],
    last: Option<&RolloutStatus>,
    target_uid: Option<&str>,
) -> Vec<ContainerResources> {
    let in_force = last.filter(|r| r.is_in_force() && Some(r.target_uid.as_str()) == target_uid).map(in_force);
    let beside = in_force.into_iter().flatten().filter(|c| proposal.iter().all(|p| p.name != c.name));
    proposal.iter().cloned().chain(beside.cloned()).map(with_requests).collect()
}

/// The container with the API server's default requests: if only a limit is set, the request equals it.
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

/// The sizes of the containers of `former` before the first change that is still in force; empty if equal to `former`.
fn original(view: &View, target: &Target, former: &[ContainerResources]) -> Vec<ContainerResources> {
    let Some(last) = view.rollout.as_ref().filter(|r| r.is_in_force() && r.target_uid == target.uid) else {
        return Vec::new();
    };
    let before = if last.original.is_empty() { &last.former } else { &last.original };
    // If somebody has resized a container since, or put the changed size into the template, it is theirs.
    let ours = |c: &ContainerResources| {
        let c = std::slice::from_ref(c);
        let brought = in_force(last).iter().any(|f| has(c, std::slice::from_ref(f)) == Has::Yes);
        brought && !(last.delivery == DeliveryMode::Admission && has(&target.template_sizes, c) == Has::Yes)
    };
    let of = |c: &ContainerResources| before.iter().find(|b| b.name == c.name && ours(c)).unwrap_or(c).clone();
    let original: Vec<ContainerResources> = former.iter().map(of).collect();
    if same(&original, former) { Vec::new() } else { original }
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
        rollbacks: in_a_row(view),
    }
}
