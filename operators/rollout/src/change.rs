//! How sizes are changed, for the machine of the engine. In: a view, and the rollout in its status. Out: what only changes
//! of sizes can decide.

use jiff::Timestamp;
use trimtab_api::{
    applied_sizes::WorkloadHistory,
    conditions::recommendation as reasons,
    rollout::{RolloutStatus, Stage},
};
use trimtab_engine::{change::Change, header::Header, protocol::Cause, standing::Standing};

use crate::{
    effect::{EffectKey, SeenPod},
    forward,
    known::{may_evict, own_target},
    leave, left_behind, rest, set_back,
    sizing::{Session, Sizing, Step},
    standing, status, turn_back, undo,
    view::{Pod, Target, View},
    waits,
};

impl Change for Sizing {
    type View = View;
    type Target = Target;

    fn header(view: &View) -> Header<'_> {
        view.header()
    }

    fn run(view: &View) -> Option<&RolloutStatus> {
        view.rollout.as_ref()
    }

    fn with_run(view: &View, run: &RolloutStatus) -> View {
        View { rollout: Some(run.clone()), ..view.clone() }
    }

    fn target<'a>(view: &'a View, run: &RolloutStatus) -> Option<&'a Target> {
        own_target(view, run)
    }

    fn fault(run: &RolloutStatus) -> Option<String> {
        status::fault(run)
    }

    fn seen(view: &View) -> Vec<SeenPod> {
        let seen = |pod: &Pod| SeenPod { uid: pod.uid.clone(), spec: pod.spec.clone() };
        view.pods.iter().map(seen).collect()
    }

    fn to_record(view: &View) -> Option<WorkloadHistory> {
        leave::undone_to_record(view)
    }

    fn position(view: &View, run: &RolloutStatus) -> String {
        waits::at(view, run)
    }

    fn standing(run: &RolloutStatus) -> Standing {
        standing::of(run)
    }

    fn undoing(view: &View, run: &RolloutStatus, reason: &str, message: &str, now: Timestamp) -> RolloutStatus {
        status::undoing(view, run, reason, message, now)
    }

    fn disturbed(view: &View, run: &RolloutStatus, target: &Target) -> Option<(&'static str, String)> {
        turn_back::disturbed(view, run, target)
    }

    fn stuck(view: &View, run: &RolloutStatus, session: &Session, now: Timestamp) -> Option<(&'static str, String)> {
        turn_back::stuck(view, run, session, now)
    }

    fn leave(view: &View, session: &Session, now: Timestamp) -> Step {
        leave::decide(view, session, now)
    }

    fn rest(view: &View, session: &Session, now: Timestamp) -> Step {
        rest::decide(view, session, now)
    }

    fn left_behind(view: &View, run: &RolloutStatus, session: &Session, now: Timestamp) -> Step {
        left_behind::decide(view, run, session, now)
    }

    fn forward(view: &View, run: &RolloutStatus, target: &Target, session: &Session, now: Timestamp) -> Step {
        forward::decide(view, run, target, session, now)
    }

    fn undo(view: &View, run: &RolloutStatus, target: &Target, session: &Session, now: Timestamp) -> Step {
        undo::decide(view, run, target, session, now)
    }

    fn accepted(view: &View, session: &mut Session, asked: &EffectKey, now: Timestamp) {
        set_back::accepted(view, session, asked, now);
        let undone = view.rollout.as_ref().filter(|r| r.stage == Stage::Undoing);
        if let (EffectKey::Put | EffectKey::Drop, Some(rollout)) = (asked, undone) {
            session.memory.taken_back = Some(rollout.proposal_digest.clone());
        }
    }

    fn refused(
        view: &View,
        run: &RolloutStatus,
        session: &mut Session,
        asked: &EffectKey,
        cause: Cause,
    ) -> Option<&'static str> {
        if let EffectKey::Resize(uid, _) = asked
            && cause == Cause::Node
            && may_evict(view, run)
        {
            session.memory.never_fits.push((run.proposal_digest.clone(), uid.clone()));
            return None;
        }
        Some(match asked {
            EffectKey::Put | EffectKey::Patch => reasons::DELIVERY_REFUSED,
            _ if cause == Cause::Node => reasons::RESIZE_INFEASIBLE,
            _ => reasons::RESIZE_REFUSED,
        })
    }
}
