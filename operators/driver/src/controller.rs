//! What a controller adds to the reconciler: what is observed of an object, which requests are sent, what its status
//! says, and what makes it due. In: a row, a request of the machine. Out: what is observed, answers, statuses, keys.

use std::sync::Arc;

use jiff::Timestamp;
use parking_lot::Mutex;
use trimtab_engine::{
    change::Change,
    parts::Parts,
    protocol::{Cause, Request, Response},
    standing::Standing,
};
use trimtab_runtime::store::{Key, Store};

use crate::{
    limiter::Limiter,
    reconciled::{Reconciled, Run},
};

/// The limiter of a controller.
pub type LimiterOf<R> = Limiter<<R as Reconciled>::Group, Key, <R as Reconciled>::End>;

/// A request that only this kind of change makes.
pub type Effect<R> = <<R as Reconciled>::Change as Parts>::Effect;

/// An answer, with the version that the write gave its object.
#[derive(Clone, Debug, PartialEq)]
pub struct Sent {
    /// For the machine.
    pub response: Response,
    /// The version; 0 if nothing was written or nobody needs it.
    pub version: u64,
}

impl Sent {
    /// An answer without a version.
    pub const fn plain(response: Response) -> Self {
        Self { response, version: 0 }
    }

    /// A refusal by Trimtab itself, which lacks no permission.
    pub fn refused(reason: &str, message: String) -> Self {
        Self::plain(Response::Refused { cause: Cause::Other, reason: reason.to_owned(), message })
    }
}

/// A controller that carries out the approved changes of one kind of object. [`crate::schedule`] and
/// [`crate::reconciler`] do what is the same for all, and ask for the rest.
pub trait Controller: Reconciled {
    /// What one evaluation sees of an object.
    type Observed: Send + Sync;
    /// Effects that the watches do not show yet.
    type Pending: Default + Send;
    /// What the controller follows in a term, other than the objects themselves.
    type Wakes: Send;

    /// Its name in metrics and logs.
    const NAME: &'static str;
    /// How many objects are reconciled concurrently.
    const AT_ONCE: u16;

    /// The objects.
    fn rows(&self) -> &Store<Self::Row>;

    /// Changes under way, and which object holds each target.
    fn limiter(&self) -> &Mutex<LimiterOf<Self>>;

    /// Waits until everything that reconciles read is loaded.
    fn loaded(&self) -> impl Future<Output = ()> + Send;

    /// Begins to follow what makes objects due. Called when a term begins: changes pile up for whoever does not take
    /// them, and a standby may wait for weeks.
    fn wakes(&self) -> Self::Wakes;

    /// Waits for one of these changes. Returns the objects that are due because of it. Dropping the future loses nothing.
    fn due(&self, wakes: &mut Self::Wakes) -> impl Future<Output = Vec<Key>> + Send;

    /// Records all objects as a term begins, in place of what was recorded before.
    fn recall(&self, rows: &[(Key, Arc<Self::Row>)], now: Timestamp);

    /// Records the present object under `key`; `None` if it is gone. Returns what is due because of it.
    fn saw(&self, key: &Key, row: Option<&Self::Row>, now: Timestamp) -> Vec<Key>;

    /// Completes when something other than the object or the emergency stop changes that is worth another look while
    /// [`Controller::observe`] waits for answers. Changes between this call and the first poll count.
    fn changed(&self) -> impl Future<Output = ()> + Send;

    /// Gathers what one evaluation sees. `pending`: own effects, to be shown where a watch lags behind them.
    fn observe(
        &self,
        row: &Self::Row,
        pending: &Mutex<Self::Pending>,
        now: Timestamp,
    ) -> impl Future<Output = Self::Observed> + Send;

    /// The input of the machine in it.
    fn view(observed: &Self::Observed) -> &<Self::Change as Change>::View;

    /// How many changes of its group may be under way, and begin in an hour.
    fn limits(observed: &Self::Observed) -> (u32, u32);

    /// The status to write over that of `row`. `new`: the run that it announces, or the one in `row` stays as it is.
    fn status(
        &self,
        row: &Self::Row,
        observed: &Self::Observed,
        new: Option<&Run<Self>>,
        standing: &Standing,
        now: Timestamp,
    ) -> Self::Status;

    /// Reads once more from the API server what was seen; see [`Request::Confirm`].
    fn confirm(&self, row: &Self::Row, seen: &<Self::Change as Parts>::Seen) -> impl Future<Output = Response> + Send;

    /// Records what has to outlive the object; see [`Request::Remember`].
    fn remember(
        &self,
        row: &Self::Row,
        record: &<Self::Change as Parts>::Record,
    ) -> impl Future<Output = Response> + Send;

    /// Changes something. The emergency stop was read just before, and is off.
    fn effect(&self, row: &Self::Row, effect: &Effect<Self>) -> impl Future<Output = Sent> + Send;

    /// Keeps an effect that was accepted, and gave its object `version`, until the watches show it.
    fn keep(pending: &mut Self::Pending, effect: &Effect<Self>, version: u64);

    /// Whether the watches show all of them.
    fn is_caught_up(pending: &Self::Pending) -> bool;

    /// A request other than a status write was answered: for the log.
    fn answered(&self, row: &Self::Row, request: &Request<Self::Change>, response: &Response);

    /// The status of the object in `row` has this run now: for the log and the counters.
    fn wrote(&self, row: &Self::Row, run: &Run<Self>);
}
