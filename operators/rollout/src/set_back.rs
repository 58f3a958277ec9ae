//! A size that something else sets back. In: a resize that the server accepted; the session, and the pods. Out: how long
//! the same resize is held back, and when the change is given up.
//!
//! A mutating webhook on `pods/resize` can undo a resize within the request, and a VerticalPodAutoscaler right after it.
//! The answer does not tell: the pod only has the size again that it had before, and would be resized once more at once,
//! for ever. So the next resize of a pod to the same size waits a while, a longer one each time. A pod that keeps its size
//! is not resized again, and nothing waits for it. An undo is never given up.

use jiff::Timestamp;
use trimtab_api::{
    conditions::recommendation as reasons,
    rollout::{RolloutStatus, Stage},
};

use crate::{
    effect::EffectKey,
    pods::Sorted,
    sizing::{Key, Session},
    view::View,
};

/// How often a pod is resized before the change is given up. The delays in between are 1, 2, 4 and 8 s.
const ATTEMPTS: u32 = 5;

/// Where to look, as the end of a message.
const LOOK: &str =
    "look for mutating webhooks and admission policies on pods and pods/resize, and for a VerticalPodAutoscaler";

/// Records that the server accepted `asked`, if that is a resize.
pub(crate) fn accepted(view: &View, session: &mut Session, asked: &EffectKey, now: Timestamp) {
    let EffectKey::Resize(uid, _) = asked else { return };
    let Some(pod) = view.pods.iter().find(|pod| pod.uid == *uid) else { return };
    let undoing = view.rollout.as_ref().is_some_and(|r| r.stage == Stage::Undoing);
    let (reason, what) = if undoing {
        (reasons::UNDO_BLOCKED, "the former values cannot be restored: ")
    } else {
        (reasons::RESIZE_SET_BACK, "")
    };
    let words = |until| {
        let name = &pod.name;
        format!(
            "{what}pod {name} was resized, and something else set its size back; resizing it again at {until}; {LOOK}"
        )
    };
    session.rest_accepted(Key::Effect(asked.clone()), now, reason, words);
}

/// Why the change is given up: a pod that was resized often enough does not have the new size.
pub(crate) fn given_up(rollout: &RolloutStatus, session: &Session, pods: &Sorted<'_>) -> Option<String> {
    let mut often = session.accepted(ATTEMPTS).filter_map(|asked| match asked {
        EffectKey::Resize(uid, to) if *to == rollout.desired => Some(uid),
        _ => None,
    });
    let pod = often.find_map(|uid| pods.former.iter().find(|pod| pod.uid == *uid))?;
    let name = &pod.name;
    Some(format!("pod {name} was resized {ATTEMPTS} times, and something else set its size back each time; {LOOK}"))
}
