//! How long an action is kept. In: the run and the settings. Out: when its object may be deleted.

use jiff::Timestamp;
use trimtab_engine::{parts::Phase, text::after};

use crate::{run::Run, settings::Settings};

/// When the object of `run` may be deleted: so long after its end and after it can no longer be undone. `None` while it is under way,
/// or will be undone by itself.
pub fn delete_at(run: &Run, settings: &Settings) -> Option<Timestamp> {
    if run.phase() != Phase::Ended || (run.is_undoable() && run.undo.due_at.is_some()) {
        return None;
    }
    let ended = run.ended.as_ref()?.0;
    let undone = run.undo.ended.as_ref().map(|time| time.0);
    let undoable = run.undo.expires_at.as_ref().filter(|_| run.is_undoable()).map(|time| time.0);
    let last = [undone, undoable].into_iter().flatten().fold(ended, Timestamp::max);
    Some(after(last, settings.ttl_s))
}
