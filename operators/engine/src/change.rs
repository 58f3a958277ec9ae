//! A kind of change as the machine carries it out. In: a view of one object and of what it changes, and the run in its
//! status. Out: what only this kind can decide: the requests forward and back, and the words for people.

use jiff::Timestamp;

use crate::{
    header::Header,
    parts::Parts,
    protocol::{Cause, Step},
    session::Session,
    standing::Standing,
};

/// A kind of change. The machine decides what is the same for all ([`crate::machine`]), and asks for the rest.
///
/// A view is built anew before every step, from objects alone. It may be stale: requests carry preconditions.
pub trait Change: Parts {
    /// What one evaluation sees.
    type View;
    /// What the run changes, as the view shows it.
    type Target;

    /// What every view shows.
    fn header(view: &Self::View) -> Header<'_>;

    /// The run in the status, under way or ended.
    fn run(view: &Self::View) -> Option<&Self::Run>;

    /// The same view with this run.
    fn with_run(view: &Self::View, run: &Self::Run) -> Self::View;

    /// What `run` changes, if it is still there and the very same.
    fn target<'a>(view: &'a Self::View, run: &Self::Run) -> Option<&'a Self::Target>;

    /// What in `run` is contradictory, so that it cannot be acted on.
    fn fault(run: &Self::Run) -> Option<String>;

    /// What a last look compares before an end is written.
    fn seen(view: &Self::View) -> Self::Seen;

    /// What has to be recorded before another run is written over the present one; `None` if it is recorded already.
    fn to_record(view: &Self::View) -> Option<Self::Record>;

    /// How far `run` is, for messages: `step 2 of 3`.
    fn position(view: &Self::View, run: &Self::Run) -> String;

    /// The standing of `run` by its status alone, for the conditions that are written together with it.
    fn standing(run: &Self::Run) -> Standing;

    /// `run` in the phase of its undo, which begins now for `reason`.
    fn undoing(view: &Self::View, run: &Self::Run, reason: &str, message: &str, now: Timestamp) -> Self::Run;

    /// What somebody else did that `run` cannot go on with: a reason and a message.
    fn disturbed(view: &Self::View, run: &Self::Run, target: &Self::Target) -> Option<(&'static str, String)>;

    /// Why `run` cannot get further, whatever is tried: a reason and a message.
    fn stuck(
        view: &Self::View,
        run: &Self::Run,
        session: &Session<Self>,
        now: Timestamp,
    ) -> Option<(&'static str, String)>;

    /// Whether the time of `run` is over, so that it is undone whatever was decided and whether that is known or not: a
    /// reason and a message.
    fn over(run: &Self::Run, now: Timestamp) -> Option<(&'static str, String)> {
        let _ = (run, now);
        None
    }

    /// The next step of an object that is being deleted.
    fn leave(view: &Self::View, session: &Session<Self>, now: Timestamp) -> Step<Self>;

    /// The next step while nothing is under way.
    fn rest(view: &Self::View, session: &Session<Self>, now: Timestamp) -> Step<Self>;

    /// The next step of a run whose target is gone or was replaced.
    fn left_behind(view: &Self::View, run: &Self::Run, session: &Session<Self>, now: Timestamp) -> Step<Self>;

    /// The next step of a run going forward, which nothing speaks against.
    fn forward(
        view: &Self::View,
        run: &Self::Run,
        target: &Self::Target,
        session: &Session<Self>,
        now: Timestamp,
    ) -> Step<Self>;

    /// The next step of a run that is being undone.
    fn undo(
        view: &Self::View,
        run: &Self::Run,
        target: &Self::Target,
        session: &Session<Self>,
        now: Timestamp,
    ) -> Step<Self>;

    /// The server accepted `asked`: what this kind remembers of it.
    fn accepted(view: &Self::View, session: &mut Session<Self>, asked: &Self::EffectKey, now: Timestamp);

    /// The status was written in `stage`, over what `view` shows: what this kind remembers of it.
    fn written(view: &Self::View, session: &mut Session<Self>, stage: &Self::Stage) {
        let _ = (view, session, stage);
    }

    /// The server did not accept `asked`. `is_certain`: it did not do it; else nobody knows whether it did. What this kind
    /// remembers of it.
    fn not_accepted(view: &Self::View, session: &mut Session<Self>, asked: &Self::EffectKey, is_certain: bool) {
        let _ = (view, session, asked, is_certain);
    }

    /// The server refused `asked` of `run`, which goes forward. The reason of the undo that follows; `None` if this kind
    /// goes on in another way.
    fn refused(
        view: &Self::View,
        run: &Self::Run,
        session: &mut Session<Self>,
        asked: &Self::EffectKey,
        cause: Cause,
    ) -> Option<&'static str>;
}
