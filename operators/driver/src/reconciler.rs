//! Reconciles one object: observes, steps the machine and sends its requests, until it has to wait. In: a key. Out: when
//! to reconcile again, and whether it failed. At most one reconcile of a key at a time; only caches outlive it.

use std::{
    collections::HashMap,
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use kube::Client;
use parking_lot::Mutex;
use tokio::sync::watch;
use trimtab_engine::{
    machine::step,
    parts::Parts,
    protocol::{Request, Response, Step},
};
use trimtab_runtime::{
    Metrics, Writer,
    events::Events,
    store::{Entry, Key},
};

use crate::{
    answers,
    controller::{Controller, Sent},
    emergency_stop::EmergencyStop,
    kept::Kept,
    moves::{Moves, moved, unless},
    ran::Ran,
    reconciled::Meta,
    records,
};

/// Maximum number of requests per reconcile; a machine that asks for more continues shortly, after others had their
/// turn.
const MOST_REQUESTS: usize = 10_000;
/// Delay after which a machine continues that exceeded this number.
const POLL: Duration = Duration::from_secs(1);
/// How long the end of an undo may take to be told before its object goes.
const TELL: Duration = Duration::from_secs(5);

/// What every reconciler works with.
#[derive(Clone)]
pub struct Context {
    /// Reads all objects as a term begins.
    pub client: Client,
    /// Writes statuses and finalizers under the controller's name.
    pub writer: Writer,
    /// The emergency stop.
    pub emergency_stop: EmergencyStop,
    /// Publishes events under the controller's name.
    pub events: Events,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// The clock.
    pub now: fn() -> Timestamp,
    /// Measures pauses, whatever the clock is set to.
    pub stopwatch: fn() -> Instant,
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("writer", &self.writer).finish_non_exhaustive()
    }
}

/// Reconciles the objects of a controller.
pub struct Reconciler<C: Controller> {
    pub(crate) controller: C,
    pub(crate) context: Context,
    /// Changes of the objects being reconciled.
    pub(crate) moves: Moves<Key>,
    kept: Mutex<HashMap<Key, Arc<Kept<C>>>>,
}

impl<C: Controller> fmt::Debug for Reconciler<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reconciler").field("controller", &C::NAME).finish_non_exhaustive()
    }
}

impl<C: Controller> Reconciler<C> {
    /// A reconciler without any state.
    pub fn new(controller: C, context: Context) -> Self {
        Self { controller, context, moves: Moves::default(), kept: Mutex::default() }
    }

    /// Reconciles `key` until it has to wait.
    pub async fn run(&self, key: &Key) -> Ran {
        let row = self.entry(key).and_then(Result::ok);
        let uid = row.map(|row| C::meta(&row).uid.to_owned()).unwrap_or_default();
        // The state kept of one object does not apply to the next one of the same name.
        let kept = self.kept.lock().get(key).filter(|kept| kept.uid == uid).cloned();
        let kept = kept.unwrap_or_else(|| Arc::new(Kept::of(uid)));
        let ran = self.steps(key, &kept).await;
        self.moves.end(key);
        // An object deleted meanwhile was forgotten already.
        if kept.is_worth_keeping() && self.entry(key).is_some() {
            self.kept.lock().insert(key.clone(), kept);
        } else {
            self.kept.lock().remove(key);
        }
        ran
    }

    /// Forgets a deleted object.
    pub(crate) fn forget(&self, key: &Key) {
        self.kept.lock().remove(key);
        self.controller.limiter().lock().forget(key);
    }

    /// Records the last change of an object for the limits and for those that wait for its target.
    pub(crate) fn count(&self, key: &Key, row: &C::Row) {
        let change = C::run(row).and_then(|run| C::last_change(key, run));
        self.controller.limiter().lock().see(&C::group(row), key, C::meta(row).version, change);
    }

    /// The object as the watch shows it.
    pub(crate) fn entry(&self, key: &Key) -> Option<Entry<C::Row>> {
        self.controller.rows().entry(&key.0, &key.1)
    }

    /// The up-to-date row, own writes included; `None` once nothing is to be done for the object, or another one has its
    /// name.
    fn row(&self, key: &Key, kept: &Kept<C>) -> Option<Arc<C::Row>> {
        let row = kept.own.lock().over(self.entry(key)?.ok()?);
        let meta = C::meta(&row);
        (meta.uid == kept.uid && (!meta.is_deleted || meta.is_protected)).then_some(row)
    }

    async fn steps(&self, key: &Key, kept: &Kept<C>) -> Ran {
        let (moves, mut response, mut failed) = (self.moves.follow(key), None, false);
        for _ in 0..MOST_REQUESTS {
            let Some(row) = self.row(key, kept) else { return Ran { again: None, failed } };
            self.tell_late(kept, &row);
            self.count(key, &row);
            let now = (self.context.now)();
            let Some(observed) = self.observe(kept, &row, moves.clone(), now).await else { continue };
            let session = std::mem::take(&mut *kept.session.lock());
            let (session, next) = step::<C::Change>(C::view(&observed), session, response.take(), now);
            *kept.session.lock() = session;
            let meta = C::meta(&row);
            let Meta { namespace, name, version, .. } = meta;
            tracing::debug!(controller = C::NAME, namespace, name, version, step = ?next, "step");
            match next {
                Step::Wait { until, standing } => {
                    let ran = self.rest(kept, &row, &observed, &standing, until, now).await;
                    return Ran { failed: failed || ran.failed, ..ran };
                }
                Step::LookAgain { until } => return Ran { again: Some(until_then(until, now)), failed },
                Step::Ask(request) => {
                    let is_status = matches!(request, Request::WriteStatus(_));
                    let goes = matches!(request, Request::Release) && meta.is_deleted;
                    if goes && C::run(&row).is_some_and(|run| <C::Change as Parts>::undoes(run).is_some()) {
                        self.context.events.flush(TELL).await;
                    }
                    let answer = self.send(key, kept, &row, &observed, &request, now).await;
                    failed |=
                        if is_status { answers::status_failed(&answer) } else { answers::request_failed(&answer) };
                    // Removing its last finalizer deletes the object.
                    if goes && answer == Response::Done {
                        return Ran { again: None, failed };
                    }
                    response = Some(answer);
                }
            }
        }
        Ran { again: Some(POLL), failed }
    }

    /// What is observed of `row`; `None` if it is dropped, with all the answers that it waits for, because something
    /// changed: a rejection is seen before whatever is slow has answered.
    async fn observe(
        &self,
        kept: &Kept<C>,
        row: &C::Row,
        moves: watch::Receiver<u64>,
        now: Timestamp,
    ) -> Option<C::Observed> {
        let (version, other) = (C::meta(row).version, self.controller.changed());
        let changed = async {
            tokio::select! {
                () = moved(moves, version) => {}
                () = other => {}
                () = self.context.emergency_stop.turned() => {}
            }
        };
        unless(changed, self.controller.observe(row, &kept.pending, now)).await
    }

    /// Sends a request of the machine. The emergency stop is read just before each that changes something other than
    /// Trimtab's own records.
    async fn send(
        &self,
        key: &Key,
        kept: &Kept<C>,
        row: &C::Row,
        observed: &C::Observed,
        request: &Request<C::Change>,
        now: Timestamp,
    ) -> Response {
        let Self { controller, context: Context { writer, emergency_stop, .. }, .. } = self;
        let Sent { response, version } = match request {
            Request::Reserve { uid } => {
                let limits = C::limits(observed);
                let free = controller.limiter().lock().reserve(&C::group(row), key, uid, limits, now);
                return if free { Response::Done } else { Response::Stale };
            }
            Request::GiveBack => {
                let change = C::run(row).and_then(|run| C::last_change(key, run));
                controller.limiter().lock().give_back(&C::group(row), key, change);
                return Response::Done;
            }
            Request::WriteStatus(run) => {
                controller.limiter().lock().announce(key);
                return self.write_run(kept, row, observed, run, now).await;
            }
            Request::Protect => records::finalize::<C::Resource>(writer, C::meta(row), true).await,
            Request::Release => records::finalize::<C::Resource>(writer, C::meta(row), false).await,
            Request::Confirm(seen) => Sent::plain(controller.confirm(row, seen).await),
            Request::Remember(record) => Sent::plain(controller.remember(row, record).await),
            Request::Effect(effect) => match emergency_stop.read().await.message() {
                Some(message) => Sent::plain(Response::Halted { message }),
                None => controller.effect(row, effect).await,
            },
        };
        controller.answered(row, request, &response);
        if response == Response::Done {
            match request {
                Request::Protect => kept.own.lock().finalized(version, true),
                Request::Release => kept.own.lock().finalized(version, false),
                Request::Effect(effect) => C::keep(&mut kept.pending.lock(), effect, version),
                _ => {}
            }
        }
        response
    }
}

/// The time until `at`; a moment if that has passed.
pub(crate) fn until_then(at: Timestamp, now: Timestamp) -> Duration {
    Duration::from_secs_f64(at.duration_since(now).as_secs_f64().max(0.05))
}
