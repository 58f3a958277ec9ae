//! An action that is being deleted. In: a view. Out: the undo of what is under way or would come back by itself, then the release of
//! the object.

use jiff::Timestamp;
use trimtab_api::conditions::recommendation::DELETED;
use trimtab_engine::{parts::Phase, standing::Standing, steps::write};

use crate::{
    acting::{Request, Session, Step},
    status, undo,
    view::View,
};

/// The next step of an object that is being deleted.
pub(crate) fn decide(view: &View, session: &Session, now: Timestamp) -> Step {
    // What cannot be read is restored by hand, and then nothing has to wait.
    let Some(run) = view.run.as_ref().filter(|run| run.fault().is_none()) else { return release(view) };
    let back = || write(status::undoing(view, run, DELETED, "the RemediationAction is being deleted", now));
    match run.phase() {
        Phase::Undoing => undo::decide(view, run, session, now),
        Phase::Changing | Phase::Watched => back(),
        Phase::Ended if run.is_undoable() && run.undo.due_at.is_some() => back(),
        Phase::Ended => release(view),
    }
}

fn release(view: &View) -> Step {
    if view.is_protected {
        return Step::Ask(Request::Release);
    }
    let message = "the RemediationAction is being deleted, and nothing of it has to be restored".to_owned();
    Step::Wait { until: None, standing: Standing::Superseded(message) }
}
