//! The start gates that the machine itself evaluates: earlier undos, the workload, its pods, and the measurement
//! before the change. In: a view and the time. Out: closed gates, together with those that the view already lists.
//!
//! They are checked here rather than with the gates of the surroundings, because the machine relies on them: no
//! rollout begins without one size to restore. A gate of the same name that is already closed says it better, and is
//! not listed twice.

use jiff::Timestamp;
use trimtab_api::{
    conditions::recommendation as reasons, delivery::DeliveryMode, gates::ClosedGate, resources::ContainerResources,
};
use trimtab_core::text::verb;
use trimtab_engine::{
    gate::{Blocked, Gate, Inputs, Reason, blocked},
    gates::{
        self,
        target::{NAME, NOT_FOUND, TERMINATING},
    },
};

use crate::{
    back_off,
    leftover::{self, LEFTOVER_SIZE},
    pods::live,
    sizes::{Has, has, same_names},
    text,
    view::{Target, View},
};

/// The input of these gates.
#[derive(Clone, Copy, Debug)]
pub struct Start<'a> {
    /// The Recommendation, its workload and its pods.
    pub view: &'a View,
    /// The time.
    pub now: Timestamp,
}

/// The chain of [`Start`].
#[derive(Debug)]
pub struct Starts;

impl Inputs for Starts {
    type Of<'a> = Start<'a>;
}

/// The workload's own rollout is in progress.
pub const WORKLOAD_ROLLING_OUT: Reason = Reason {
    word: "WorkloadRollingOut",
    when: "the workload's own controller has not yet created all of its pods from the newest template",
    opens: "the end of that rollout",
};

/// The gates that the machine checks before a rollout starts.
pub const START: &[Gate<Starts>] = &[
    Gate {
        name: gates::back_off::NAME,
        reasons: gates::back_off::REASONS,
        check: |start| {
            let view = start.view;
            back_off::closed(&view.digest, view.approval.as_ref(), view.rollout.as_ref(), view.past(), start.now)
        },
    },
    Gate { name: NAME, reasons: &[NOT_FOUND, TERMINATING], check: target },
    Gate { name: "Rollout", reasons: &[WORKLOAD_ROLLING_OUT], check: rollout },
    Gate {
        name: "Delivery",
        reasons: &[Reason {
            word: "NoResize",
            when: "the API server cannot resize pods in place, and the delivery does not reach running pods",
            opens: "`delivery.mode: Template`, or applying `status.patch` by hand",
        }],
        check: delivery,
    },
    Gate {
        name: "Pods",
        reasons: &[
            Reason {
                word: reasons::INVALID_PROPOSAL,
                when: "the proposal names a container twice, or none",
                opens: "a proposal that names each container once",
            },
            Reason {
                word: "ContainerMissing",
                when: "a pod, or the template of a CronJob, lacks a container that the proposal names",
                opens: "a proposal for the containers that exist",
            },
            Reason {
                word: reasons::NO_PODS,
                when: "the workload has no pods, so the change could not be tried on one",
                opens: "its first pod",
            },
            LEFTOVER_SIZE,
            Reason {
                word: reasons::PODS_DIFFER,
                when: "its pods have different sizes, so there is no single size to return to",
                opens: "pods of the same size",
            },
        ],
        check: |start| former(start.view).err(),
    },
];

/// The gate evaluated only if no other is closed: a workload is not measured before that.
pub const BASELINE: Gate<Starts> = Gate {
    name: "Baseline",
    reasons: &[Reason {
        word: "NoBaseline",
        when: "the workload cannot be measured before the change",
        opens: "what the message names",
    }],
    check: |start| {
        let why = start.view.baseline.as_ref().err()?;
        blocked("NoBaseline", format!("the workload cannot be measured before the change: {why}"))
    },
};

/// The gates that block the start of a rollout, except its measurement.
pub fn closed(view: &View, now: Timestamp) -> Vec<ClosedGate> {
    let mut closed = view.start_gates.clone();
    // What blocks a rollout under way also blocks its start.
    closed.extend(view.forward_gates.iter().filter(|g| !view.start_gates.contains(g)).cloned());
    for gate in START {
        if !closed.iter().any(|g| g.gate == gate.name) {
            closed.extend(gate.ask(&Start { view, now }));
        }
    }
    closed
}

fn target(start: &Start<'_>) -> Option<Blocked> {
    match &start.view.target {
        None => blocked(NOT_FOUND.word, "the workload does not exist"),
        Some(target) if target.terminating => blocked(TERMINATING.word, "the workload is being deleted"),
        Some(_) => None,
    }
}

fn rollout(start: &Start<'_>) -> Option<Blocked> {
    let rolling = start.view.target.as_ref().is_some_and(|t| t.rolling && !t.terminating);
    let message = "the workload's own rollout is in progress; it starts when that ends";
    rolling.then_some(message).and_then(|message| blocked(WORKLOAD_ROLLING_OUT.word, message))
}

fn delivery(start: &Start<'_>) -> Option<Blocked> {
    let settings = &start.view.settings;
    let target = at_rest(start.view)?;
    if settings.in_place || target.runs_to_completion || settings.delivery == DeliveryMode::Template {
        return None;
    }
    blocked(
        "NoResize",
        format!(
            "the API server has no pods/resize, and delivery {:?} does not reach the existing pods: set \
             spec.delivery.mode of the policy to Template, or apply status.patch by hand",
            settings.delivery
        ),
    )
}

/// The workload, if neither it nor its pods are being changed.
fn at_rest(view: &View) -> Option<&Target> {
    view.target.as_ref().filter(|t| !t.terminating && !t.rolling)
}

/// The present size of every pod; `None` if the workload does not exist or is not at rest. For pods that come and go
/// by themselves, the size in the template.
///
/// # Errors
/// Why there is no single size to restore.
pub(crate) fn former(view: &View) -> Result<Option<Vec<ContainerResources>>, Blocked> {
    let Some(target) = at_rest(view) else { return Ok(None) };
    let no = |reason, message: String| Err(Blocked { reason, message });
    if !same_names(&view.proposal, &view.proposal) || view.proposal.is_empty() {
        return no(reasons::INVALID_PROPOSAL, "the proposal names a container twice, or none".to_owned());
    }
    if target.runs_to_completion {
        let message = "the workload's template lacks a container that the proposal names";
        return whole(&target.template_sizes, view)
            .map_or_else(|| no("ContainerMissing", message.to_owned()), |f| Ok(Some(f)));
    }
    let pods = live(view);
    let Some(first) = pods.first() else {
        let message = "the workload has no pods, so the change could not be tried on one; it starts once it has some";
        return no(reasons::NO_PODS, message.to_owned());
    };
    let Some(former) = whole(&first.spec, view) else {
        return no("ContainerMissing", format!("pod {} lacks a container that the proposal names", first.name));
    };
    if let Some(leftover) = leftover::closed(view, target) {
        return Err(leftover);
    }
    let differing: Vec<_> = pods.iter().filter(|p| has(&p.spec, &former) != Has::Yes).copied().collect();
    if differing.is_empty() {
        return Ok(Some(former));
    }
    let message = format!(
        "{} of {} {} other requests or limits than {}, so there is no single size to return to; it starts once they \
         are the same",
        text::pods(differing.iter().copied()),
        text::count(pods.len()),
        verb(differing.len(), "has", "have"),
        first.name
    );
    no(reasons::PODS_DIFFER, message)
}

/// The containers of the proposal with their sizes from `sizes`, in the proposal's order, if all are there.
fn whole(sizes: &[ContainerResources], view: &View) -> Option<Vec<ContainerResources>> {
    view.proposal.iter().map(|wanted| sizes.iter().find(|c| c.name == wanted.name).cloned()).collect()
}
