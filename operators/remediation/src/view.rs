//! What one evaluation of an action sees. In: the object, its targets, decisions, gates and checks, gathered anew each time.
//! Out: plain data, the machine's whole input.

use std::sync::Arc;

use trimtab_api::{approval::HonouredApproval, gates::ClosedGate, remediation::step::Step, verification::Check};
use trimtab_engine::header::{Header, Place};

use crate::{
    observed::Look,
    plan::ActionPlan,
    planning::{self, Input},
    refusal::Refusal,
    run::Run,
    settings::Settings,
};

/// Whether the symptom that the action was to end is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Symptom {
    /// It is gone, by an alert or a query.
    Gone,
    /// It is still there.
    Still,
    /// It cannot be told, for this reason.
    Unknown(String),
}

/// The machine's whole input.
#[derive(Clone, Debug)]
pub struct View {
    /// What the spec says about time and failure.
    pub settings: Settings,
    /// Its steps.
    pub steps: Arc<[Step]>,
    /// Whether the object is in Trimtab's own namespace.
    pub in_own_namespace: bool,
    /// A look at the target of each step.
    pub world: Vec<Look>,
    /// The plan as of now, or why there is none. Read only before a run begins.
    pub plan: Result<Arc<ActionPlan>, Vec<Refusal>>,
    /// The run in the status.
    pub run: Option<Run>,
    /// The decision that is honoured now, for what the header calls the digest. `None` also if it was withdrawn.
    pub approval: Option<HonouredApproval>,
    /// Whether the honoured decision is known at all.
    pub approval_known: Result<(), ClosedGate>,
    /// Whether the object is being deleted.
    pub is_deleted: bool,
    /// Whether it has the finalizer.
    pub is_protected: bool,
    /// The place reserved for its run.
    pub place: Option<Place>,
    /// The policy that created it, if that policy was deleted.
    pub policy_deleted: Option<String>,
    /// The closed gates that block a start, beside the plan.
    pub start_gates: Vec<ClosedGate>,
    /// The closed gates that block a run under way. They do not block an undo.
    pub forward_gates: Vec<ClosedGate>,
    /// The present checks of target and neighbours against those before the start; empty if nothing is under way.
    pub checks: Vec<Check>,
    /// Whether the symptom is gone.
    pub symptom: Symptom,
}

impl View {
    /// What plans are made from.
    pub fn input(&self) -> Input<'_> {
        Input {
            steps: &self.steps,
            world: &self.world,
            settings: &self.settings,
            in_own_namespace: self.in_own_namespace,
        }
    }

    /// The same view with the plan that follows from it.
    #[must_use]
    pub fn planned(mut self) -> Self {
        self.plan = planning::plan(&self.input()).map(Arc::new);
        self
    }

    /// What an approval has to name: the digest of the run, once there is one, since its own changes make another plan.
    pub fn digest(&self) -> &str {
        match (&self.run, &self.plan) {
            (Some(run), _) => &run.digest,
            (None, Ok(plan)) => &plan.digest,
            (None, Err(_)) => "",
        }
    }

    /// What every view shows, whatever is changed.
    pub(crate) fn header(&self) -> Header<'_> {
        Header {
            digest: self.digest(),
            approval: self.approval.as_ref(),
            approval_known: self.approval_known.as_ref().copied(),
            is_deleted: self.is_deleted,
            is_protected: self.is_protected,
            place: self.place.as_ref(),
            policy_deleted: self.policy_deleted.as_deref(),
            forward_gates: &self.forward_gates,
            checks: &self.checks,
        }
    }

    /// The look at the target of the step at this place.
    pub(crate) fn look(&self, at: usize) -> &Look {
        static MISSING: Look = Look::Unknown(String::new());
        self.world.get(at).unwrap_or(&MISSING)
    }
}
