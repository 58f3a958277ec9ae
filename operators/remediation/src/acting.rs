//! Remediation actions, in the terms of the engine. In: runs and effects. Out: what the engine has to know of them.

use trimtab_api::{
    approval::Approver,
    conditions::remediation as reasons,
    remediation::outcome::{StepPhase, StepPod},
    undo::Undo,
};
use trimtab_engine::{
    parts::{Parts, Phase, Words},
    protocol, session,
    standing::Reasons,
};

use crate::{
    effect::{Effect, EffectKey},
    field::Tried,
    run::Run,
};

/// The kind of change that carries out the steps of a RemediationAction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Acting;

/// A request of an action.
pub type Request = protocol::Request<Acting>;

/// A step of the machine.
pub type Step = protocol::Step<Acting>;

/// What one run of the machine remembers of an action.
pub type Session = session::Session<Acting>;

/// Identifies a request of an action.
pub(crate) type Key = protocol::Key<Acting>;

/// The words under which actions report their standings.
pub const REASONS: Reasons = Reasons {
    pending: (
        trimtab_api::conditions::recommendation::PENDING_APPROVAL,
        "waiting for approval: set spec.approval with the digest in status.proposalDigest",
    ),
    rejected: (reasons::REFUSED, "somebody rejected it, and nothing was changed"),
    under_way: reasons::RUNNING,
    undoing: reasons::UNDOING,
    applied: reasons::SUCCEEDED,
    undone: reasons::UNDONE,
    ..Reasons::RECOMMENDATION
};

/// What is remembered of attempts to change fields. Losing it costs doubt, and no repeated change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Memory {
    tried: Vec<(EffectKey, Tried)>,
    /// The versions to which changes are sent, as this very session has announced them.
    announced: Vec<Option<String>>,
}

impl Memory {
    /// What is known of the attempts to send `key`, which was announced for `version`. What this session has announced itself and
    /// has not tried, nobody has.
    pub(crate) fn of(&self, key: &EffectKey, version: Option<&String>) -> Option<Tried> {
        let is_own = || self.announced.iter().flatten().any(|own| Some(own) == version);
        self.known(key).or_else(|| is_own().then_some(Tried::Refuted))
    }

    fn known(&self, key: &EffectKey) -> Option<Tried> {
        self.tried.iter().find(|(known, _)| known == key).map(|(_, tried)| *tried)
    }

    /// Remembers what this session has announced, by writing `stage` over `before`.
    pub(crate) fn written(&mut self, before: &Stage, stage: &Stage) {
        let is_own = |version: &&Option<String>| !before.fields.contains(version) || self.announced.contains(version);
        self.announced = stage.fields.iter().filter(is_own).cloned().collect();
    }

    /// Remembers an attempt to send `key`. That an earlier one is in doubt is not forgotten by a later failure.
    pub(crate) fn note(&mut self, key: &EffectKey, tried: Tried) {
        let tried = match (self.known(key), tried) {
            (Some(known), Tried::Refuted) => known,
            _ => tried,
        };
        self.tried.retain(|(other, _)| other != key);
        self.tried.push((key.clone(), tried));
    }
}

/// Tells the writes of the status of one run from each other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Stage {
    is_end: bool,
    cause: Option<String>,
    step: Option<(usize, StepPhase)>,
    fields: Vec<Option<String>>,
    pods: Option<Vec<StepPod>>,
}

/// A field, as a last look compares it: the uid of its object, its path, its value as JSON.
pub type SeenField = (String, String, Option<String>);

/// What a last look compares before an end is written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Seen {
    /// The fields that the action has changed.
    pub fields: Vec<SeenField>,
    /// The uids of those pods of the plan that are still on their node.
    pub pods: Vec<String>,
}

impl Parts for Acting {
    type Run = Run;
    type Stage = Stage;
    type Seen = Seen;
    type Record = ();
    type Effect = Effect;
    type EffectKey = EffectKey;
    type Memory = Memory;

    const WORDS: Words = Words {
        run: "action",
        place: "the locks of the action",
        last_look: "the last look at the targets",
        status: "the status of the RemediationAction",
        finalizer: "the finalizer of the RemediationAction",
        record: "the record of the action",
        unreadable: "restore the targets by hand, then delete the RemediationAction",
        unreadable_reason: reasons::STATUS_UNREADABLE,
    };

    fn digest(run: &Run) -> &str {
        &run.digest
    }

    fn target_uid(run: &Run) -> &str {
        run.steps.first().and_then(|step| step.target_uid.as_deref()).unwrap_or("")
    }

    fn phase(run: &Run) -> Phase {
        run.phase()
    }

    fn stage(run: &Run) -> Stage {
        let step = run.current();
        Stage {
            is_end: run.phase() == Phase::Ended,
            cause: run.undo.cause.as_ref().map(|cause| cause.reason.clone()),
            step: step.map(|at| (at, run.steps[at].phase)),
            fields: step.into_iter().flat_map(|at| &run.steps[at].snapshot).map(|f| f.version.clone()).collect(),
            pods: step.and_then(|at| run.steps[at].pods.clone()),
        }
    }

    fn is_end(stage: &Stage) -> bool {
        stage.is_end
    }

    fn approved_by(run: &Run) -> &Approver {
        &run.approved_by
    }

    fn undoes(run: &Run) -> Option<&Undo> {
        run.undo.cause.as_ref()
    }

    fn key(effect: &Effect) -> EffectKey {
        EffectKey::of(effect)
    }

    fn words(key: &EffectKey) -> &'static str {
        key.words()
    }

    fn is_of_the_change(key: &EffectKey) -> bool {
        !matches!(key, EffectKey::Field { is_undo: true, .. })
    }
}
