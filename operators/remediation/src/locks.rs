//! Which fields an action holds, so that no other changes them meanwhile. In: a plan, or a run and the time. Out: the locks.
//!
//! They are held from the status that announces the first change until the run has ended; where it is undone by itself, until that
//! undo is done, refused or over. So no undo "restores" the value of another temporary change.

use jiff::Timestamp;
use trimtab_engine::parts::Phase;

use crate::{plan::ActionPlan, run::Run};

/// A field of an object that one action at a time may change. Without a field: the object as a whole, as a node whose pods are
/// evicted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lock {
    /// The uid of the object.
    pub uid: String,
    /// The field as a JSON pointer; empty for the object as a whole.
    pub path: String,
}

/// The locks that the run of `plan` needs, in the one order in which they are taken.
pub fn needed(plan: &ActionPlan) -> Vec<Lock> {
    let of = |uid: &str, path: &str| Lock { uid: uid.to_owned(), path: path.to_owned() };
    let fields = plan.steps.iter().flat_map(|step| &step.changes).map(|change| of(&change.object.uid, &change.path));
    let wholes = plan.steps.iter().map(|step| of(&step.object.uid, ""));
    sorted(fields.chain(wholes))
}

/// The locks that `run` holds now.
pub fn held(run: &Run, now: Timestamp) -> Vec<Lock> {
    let is_open = run.undo.expires_at.as_ref().is_none_or(|expires| now < expires.0);
    let comes_back = run.is_undoable() && run.undo.due_at.is_some() && is_open;
    if run.phase() == Phase::Ended && !comes_back {
        return Vec::new();
    }
    let fields = run.kept().filter_map(|(_, kept)| kept.ok());
    let fields = fields.map(|kept| Lock { uid: kept.uid.to_owned(), path: kept.stored.path.clone() });
    let under_way = run.steps.iter().filter(|_| run.phase() != Phase::Ended).filter_map(|step| step.target_uid.clone());
    sorted(fields.chain(under_way.map(|uid| Lock { uid, path: String::new() })))
}

fn sorted(locks: impl Iterator<Item = Lock>) -> Vec<Lock> {
    let mut locks: Vec<Lock> = locks.collect();
    locks.sort();
    locks.dedup();
    locks
}
