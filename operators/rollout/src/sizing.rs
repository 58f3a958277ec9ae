//! Changes of sizes, in the terms of the engine. In: rollouts and effects. Out: what the engine has to know of them.

use trimtab_api::{
    applied_sizes::WorkloadHistory,
    approval::Approver,
    conditions::recommendation as reasons,
    rollout::{RolloutStatus, Stage},
    undo::Undo,
};
use trimtab_engine::{
    parts::{Parts, Phase, Words},
    protocol, session,
};

use crate::effect::{Effect, EffectKey, SeenPod};

/// The kind of change that gives the pods of a workload other requests and limits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Sizing;

/// A request of a rollout.
pub type Request = protocol::Request<Sizing>;

/// A step of a rollout.
pub type Step = protocol::Step<Sizing>;

/// What one run of the machine remembers of a rollout.
pub type Session = session::Session<Sizing>;

/// Identifies a request of a rollout.
pub(crate) type Key = protocol::Key<Sizing>;

/// What one run of the machine remembers of sizes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Memory {
    /// Digests of rollouts, and uids of pods whose nodes can never fit their sizes: the server refused the resize.
    pub(crate) never_fits: Vec<(String, String)>,
    /// The digest of the rollout whose delivery was reverted in this run.
    pub(crate) taken_back: Option<String>,
}

impl Parts for Sizing {
    type Run = RolloutStatus;
    type Stage = (Stage, i32);
    type Seen = Vec<SeenPod>;
    type Record = WorkloadHistory;
    type Effect = Effect;
    type EffectKey = EffectKey;
    type Memory = Memory;

    const WORDS: Words = Words {
        run: "rollout",
        place: "the slot for the rollout",
        last_look: "the last check of pods and AppliedSizes",
        status: "status.rollout of the Recommendation",
        finalizer: "the finalizer of the Recommendation",
        record: "the workload's history in AppliedSizes",
        unreadable: "fix the pods by hand, then remove status.rollout or delete the Recommendation",
        unreadable_reason: reasons::ROLLOUT_UNREADABLE,
    };

    fn digest(run: &RolloutStatus) -> &str {
        &run.proposal_digest
    }

    fn target_uid(run: &RolloutStatus) -> &str {
        &run.target_uid
    }

    fn phase(run: &RolloutStatus) -> Phase {
        match run.stage {
            Stage::Resizing | Stage::Delivering => Phase::Changing,
            Stage::Watching | Stage::Verifying => Phase::Watched,
            Stage::Undoing => Phase::Undoing,
            Stage::Ended => Phase::Ended,
        }
    }

    fn stage(run: &RolloutStatus) -> (Stage, i32) {
        (run.stage, run.step)
    }

    fn is_end((stage, _): &(Stage, i32)) -> bool {
        *stage == Stage::Ended
    }

    fn approved_by(run: &RolloutStatus) -> &Approver {
        &run.approved_by
    }

    fn undoes(run: &RolloutStatus) -> Option<&Undo> {
        run.undo.as_ref()
    }

    fn key(effect: &Effect) -> EffectKey {
        EffectKey::of(effect)
    }

    fn words(key: &EffectKey) -> &'static str {
        key.words()
    }

    fn is_of_the_change(key: &EffectKey) -> bool {
        *key != EffectKey::Drop
    }
}

/// The step that asks for `effect`.
pub(crate) fn ask(effect: Effect) -> Step {
    Step::Ask(Request::Effect(effect))
}
