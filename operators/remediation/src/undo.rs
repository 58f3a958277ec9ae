//! Restores exactly the fields that the action has changed, the last step first. In: a view of a run that is being undone. Out:
//! one patch after the other, then the end, which says what was not restored and why.
//!
//! It needs no approval. Only the emergency stop blocks it, or not knowing which decision is honoured.

use jiff::Timestamp;
use serde_json::Value;
use trimtab_api::conditions::recommendation::UNDO_BLOCKED;
use trimtab_engine::steps::{paused, soon, write};

use crate::{
    acting::{Key, Request, Session, Step},
    effect::{Effect, EffectKey},
    field::{Back, Kept, back},
    observed::Look,
    run::Run,
    status,
    view::View,
};

/// A field with all that the steps of a run have set it to.
struct Merged<'a> {
    at: usize,
    last: Kept<'a>,
    former: Option<Value>,
    ours: Vec<Option<Value>>,
}

/// The fields that the steps which have begun change: each once, the last one first.
fn merged(run: &Run) -> Vec<Merged<'_>> {
    let mut all: Vec<Merged<'_>> = Vec::new();
    for (at, kept) in run.kept().filter(|(at, _)| run.has_begun(*at)) {
        let Ok(kept) = kept else { continue };
        let same = |m: &Merged<'_>| m.last.uid == kept.uid && m.last.stored.path == kept.stored.path;
        let earlier = all.iter().position(same).map(|i| all.remove(i));
        let (former, mut ours) = earlier.map_or((kept.former.clone(), Vec::new()), |m| (m.former, m.ours));
        ours.push(kept.written.clone());
        all.push(Merged { at, last: kept, former, ours });
    }
    all.reverse();
    all
}

/// The next step of a run that is being undone.
pub(crate) fn decide(view: &View, run: &Run, session: &Session, now: Timestamp) -> Step {
    let (mut refused, mut asking, mut unread) = (Vec::new(), Vec::new(), Vec::new());
    let fields = merged(run);
    for field in &fields {
        let (object, path) = (&field.last.stored.object, &field.last.stored.path);
        let mut refuse = |why: String| refused.push((object.clone(), path.clone(), why));
        let Some(observed) = view.world.iter().find_map(|look| look.of(field.last.uid)) else {
            match view.look(field.at) {
                Look::Unknown(why) => unread.push(format!("{object} cannot be read: {why}")),
                Look::Gone | Look::Here(_) => refuse(format!("{object} was deleted, or created again")),
            }
            continue;
        };
        let Some(live) = observed.field(path) else {
            unread.push(format!("{object}: {path} was not read"));
            continue;
        };
        let ours: Vec<&Option<Value>> = field.ours.iter().collect();
        match back(&field.former, &ours, live) {
            Back::Restored => {}
            Back::Refused(why) => refuse(why),
            Back::Send => {
                let whole = Kept { former: field.former.clone(), ..field.last.clone() };
                asking.push(whole.patch(observed, live, true));
            }
        }
    }
    let is_held = |effect: &Effect| session.held(&Key::Effect(EffectKey::of(effect)), now).is_some();
    // What the server refuses does not keep the rest from being restored.
    let next = asking.iter().find(|effect| !is_held(effect)).or(asking.first());
    if let Some(effect) = next {
        return Step::Ask(Request::Effect(effect.clone()));
    }
    if !unread.is_empty() {
        return paused(UNDO_BLOCKED, unread.join("; "), Some(soon(now)));
    }
    let nothing = fields.is_empty() || refused.len() == fields.len();
    write(status::undone(run, &refused, nothing, now))
}
