//! Requests that precede a status write: reserving a place for a run that begins, recording what was undone before that is
//! written over, and a last look before one is reported as ended. In: the decided step, the session, the last response.
//! Out: that step, or the request that has to come before it.
//!
//! The driver shows the place and the record in the view. A last look is valid for the very next step only, and only
//! while the view shows the same. So nothing has to be remembered, and a crash in between costs one more request.

use jiff::Timestamp;
use trimtab_api::conditions::recommendation as reasons;

use crate::{
    change::Change,
    parts::Phase,
    protocol::{Key, Request, Response, Step},
    session::Session,
    text::after,
};

/// `step`, or the request that has to come before it. `answered`: the last request and its response.
pub(crate) fn asked_first<C: Change>(
    view: &C::View,
    step: Step<C>,
    session: &Session<C>,
    answered: Option<&(Key<C>, Response)>,
    now: Timestamp,
) -> Step<C> {
    let place = C::header(view).place;
    let unannounced = place.is_some_and(|place| !place.announced);
    let Step::Ask(Request::WriteStatus(run)) = &step else {
        return if unannounced { Step::Ask(Request::GiveBack) } else { step };
    };
    let begins = begins::<C>(view, run);
    let record = C::to_record(view).filter(|record| !session.has_recorded(record));
    let record = record.map(|record| Request::Remember(Box::new(record)));
    let held = record.as_ref().and_then(|record| session.held(&Key::of(record), now));
    // While the record cannot be written, nothing begins, and nobody is kept from the place.
    if begins && held.is_none() && place.is_none_or(|place| place.uid != C::target_uid(run)) {
        let reserve = Request::Reserve { uid: C::target_uid(run).to_owned() };
        return match answered {
            // The gates were open again, but another run took the place again.
            Some((asked, Response::Stale)) if *asked == Key::of(&reserve) => Step::LookAgain { until: after(now, 1) },
            _ => Step::Ask(reserve),
        };
    }
    if unannounced && (!begins || held.is_some()) {
        return Step::Ask(Request::GiveBack);
    }
    // An undo does not wait for a record that the server refuses.
    if let Some(record) = record.filter(|_| begins || held.is_none_or(|hold| hold.reason == reasons::NO_ANSWER)) {
        return Step::Ask(record);
    }
    // An end makes a claim about everything that was changed: that it is as it should be, or as it was.
    if C::phase(run) == Phase::Ended {
        let confirm = Request::Confirm(C::seen(view));
        return match answered {
            Some((asked, Response::Done)) if *asked == Key::of(&confirm) => step,
            _ => Step::Ask(confirm),
        };
    }
    step
}

/// Whether `run` begins. The undo of what is in force needs no place: no other run competes with it, and no limit applies.
fn begins<C: Change>(view: &C::View, run: &C::Run) -> bool {
    let was_under_way = C::run(view).is_some_and(|run| C::phase(run) != Phase::Ended);
    !was_under_way && !matches!(C::phase(run), Phase::Ended | Phase::Undoing)
}
