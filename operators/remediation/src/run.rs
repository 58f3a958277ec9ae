//! The record of one execution of an action, which its status has. In: a status. Out: the run in it, and a status with a run.
//! It is all that survives a crash.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use trimtab_api::{
    approval::Approver,
    remediation::{
        outcome::{ActionResult, ActionVerdict, Effectiveness, StepPhase, StepStatus},
        status::RemediationActionStatus,
        undo::ActionUndo,
    },
};
use trimtab_engine::parts::Phase;

use crate::field::Kept;

/// One execution of an action.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// The digest of the plan that is carried out.
    pub digest: String,
    /// Who approved it.
    pub approved_by: Approver,
    /// When it started; `None` if it never did.
    pub started: Option<Time>,
    /// When it ended.
    pub ended: Option<Time>,
    /// The steps, in order.
    pub steps: Vec<StepStatus>,
    /// When it is undone, and what that restores.
    pub undo: ActionUndo,
    /// Its result.
    pub result: Option<ActionResult>,
    /// How well it worked.
    pub verdict: Option<ActionVerdict>,
    /// How well it worked, in points.
    pub effectiveness: Option<Effectiveness>,
}

impl Run {
    /// The run in `status`; `None` if nothing was decided yet.
    pub fn read(status: &RemediationActionStatus) -> Option<Self> {
        if status.started.is_none() && status.ended.is_none() {
            return None;
        }
        Some(Self {
            digest: status.proposal_digest.clone().unwrap_or_default(),
            approved_by: status.approved_by.clone().unwrap_or_else(nobody),
            started: status.started.clone(),
            ended: status.ended.clone(),
            steps: status.steps.clone(),
            undo: status.undo.clone().unwrap_or_default(),
            result: status.result,
            verdict: status.verdict,
            effectiveness: status.effectiveness.clone(),
        })
    }

    /// Puts the run into `status`.
    pub fn write(&self, status: &mut RemediationActionStatus) {
        let has_digest = !self.digest.is_empty();
        status.proposal_digest = has_digest.then(|| self.digest.clone()).or_else(|| status.proposal_digest.take());
        status.approved_by = self.started.is_some().then(|| self.approved_by.clone());
        status.started.clone_from(&self.started);
        status.ended.clone_from(&self.ended);
        status.steps.clone_from(&self.steps);
        status.undo = (self.undo != ActionUndo::default()).then(|| self.undo.clone());
        status.result = self.result;
        status.verdict = self.verdict;
        status.effectiveness.clone_from(&self.effectiveness);
    }

    /// Where it is.
    pub fn phase(&self) -> Phase {
        match (self.is_undoing(), &self.ended, self.current()) {
            (true, ..) => Phase::Undoing,
            (false, Some(_), _) => Phase::Ended,
            (false, None, Some(at)) if self.steps[at].phase != StepPhase::Watching => Phase::Changing,
            (false, None, _) => Phase::Watched,
        }
    }

    /// Whether it is being undone.
    pub fn is_undoing(&self) -> bool {
        self.undo.cause.is_some() && self.undo.ended.is_none()
    }

    /// The step that it is at; `None` if all are done.
    pub fn current(&self) -> Option<usize> {
        self.steps.iter().position(|step| step.phase != StepPhase::Done)
    }

    /// Whether the step at this place has begun.
    pub fn has_begun(&self, at: usize) -> bool {
        self.steps.get(at).is_some_and(|step| step.started.is_some())
    }

    /// When the last step ended.
    pub fn last_end(&self) -> Option<&Time> {
        self.steps.iter().filter_map(|step| step.ended.as_ref()).max_by_key(|time| time.0)
    }

    /// The fields that its steps change, in order, each with the place of its step.
    pub fn kept(&self) -> impl Iterator<Item = (usize, Result<Kept<'_>, String>)> {
        self.steps
            .iter()
            .enumerate()
            .flat_map(|(at, step)| step.snapshot.iter().map(move |field| (at, Kept::read(&step.name, field))))
    }

    /// Whether it has left something that an undo would restore.
    pub fn is_undoable(&self) -> bool {
        let changed = self.steps.iter().any(|step| step.started.is_some() && !step.snapshot.is_empty());
        changed && self.undo.ended.is_none()
    }

    /// What in it is contradictory, so that it cannot be acted on.
    pub fn fault(&self) -> Option<String> {
        if let Some(fault) = self.kept().find_map(|(_, kept)| kept.err()) {
            return Some(fault);
        }
        match (&self.ended, self.result) {
            (Some(_), None) => return Some("status.ended is set, without status.result".to_owned()),
            (None, Some(_)) => return Some("status.result is set, without status.ended".to_owned()),
            _ => {}
        }
        if self.steps.is_empty() && self.started.is_some() {
            return Some("status.started is set, and status.steps is empty".to_owned());
        }
        let open = self.steps.iter().find(|step| {
            matches!(step.phase, StepPhase::Running | StepPhase::Watching | StepPhase::Done) && step.started.is_none()
        });
        open.map(|step| format!("step {} of status.steps is {:?}, and has not started", step.name, step.phase))
    }

    /// What the run says of itself: of the step that failed, or of the first one.
    pub fn message(&self) -> &str {
        let failed = self.steps.iter().find(|step| step.phase == StepPhase::Failed);
        failed.or(self.steps.first()).and_then(|step| step.message.as_deref()).unwrap_or("")
    }
}

/// The approver of what nobody approved.
pub(crate) fn nobody() -> Approver {
    Approver::person("nobody")
}
