//! Reconciles one Recommendation: gathers input, steps the rollout machine and sends its requests, until it has to
//! wait. In: a key. Out: when to reconcile again, and whether it failed. At most one reconcile of a key at a time; only
//! caches outlive it.

use std::{collections::HashMap, sync::Arc, time::Duration};

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use parking_lot::Mutex;
use trimtab_api::{
    rollout::{RolloutResult, RolloutStatus, Stage},
    runbooks::Runbooks,
};
use trimtab_core::WorkloadId;
use trimtab_driver::{
    by_target::ByTarget,
    moves::{Moves, unless},
    ran::{self, Ran},
};
use trimtab_engine::{
    machine::{once_written, step},
    pace,
    parts::Parts,
    protocol::Response,
    standing::Standing,
};
use trimtab_recommendation_row::RecommendationRow;
use trimtab_rollout::{Request, Session, Sizing, Step};
use trimtab_runtime::{ApplyError, Metrics, events::Events, store::Store};

use crate::{
    CONTROLLER, Key, answers,
    change_log::{self, News},
    events,
    gather::{Observed, Sources},
    limiter::last_change,
    pending_writes::{PendingWrites, Written},
    realised,
    requests::{Sender, Sent},
    status::{self, Shown},
};

/// Maximum number of requests per reconcile; a machine that asks for more continues shortly, after others had their
/// turn.
const MOST_REQUESTS: usize = 10_000;
/// Minimum interval between status writes that only update a number or what is waited for, while nothing is under way:
/// how long a gate has been closed is not worth a write.
const QUIET: Duration = Duration::from_secs(600);
/// Delay after which a machine continues that exceeded this number.
const POLL: Duration = Duration::from_secs(1);
/// Delay before the retry after a failed status write.
const RETRY: Duration = Duration::from_secs(2);
/// How long the end of an undo may take to be told before its object goes.
const TELL: Duration = Duration::from_secs(5);

/// The dependencies of reconciles.
pub struct Reconciler {
    /// Recommendations.
    pub rows: Store<RecommendationRow>,
    /// The sources that are read.
    pub sources: Sources,
    /// Sends requests.
    pub sender: Sender,
    /// Publishes events under this controller's name.
    pub events: Events,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// Where messages lead.
    pub runbooks: Runbooks,
    /// The clock.
    pub now: fn() -> Timestamp,
    /// Changes of the Recommendations being reconciled.
    pub(crate) moves: Moves<Key>,
    /// Which Recommendations are about the same workload.
    pub(crate) by_workload: Mutex<ByTarget<WorkloadId, Key>>,
    kept: Mutex<HashMap<Key, Arc<Kept>>>,
}

/// What is kept of one Recommendation between reconciles.
#[derive(Default)]
struct Kept {
    uid: String,
    session: Mutex<Session>,
    pending: Mutex<PendingWrites>,
    told: Mutex<Option<std::time::Instant>>,
    /// The version and the word before a status write of which it is not known whether it was done.
    untold: Mutex<Option<(u64, Option<String>)>>,
}

impl Kept {
    /// Whether the next reconcile needs it. Most Recommendations wait for somebody, and nothing of them has to be
    /// remembered.
    fn is_worth_keeping(&self) -> bool {
        *self.session.lock() != Session::default()
            || !self.pending.lock().is_empty()
            || self.told.lock().is_some()
            || self.untold.lock().is_some()
    }
}

impl std::fmt::Debug for Reconciler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reconciler").finish_non_exhaustive()
    }
}

impl Reconciler {
    /// A reconciler without any state.
    pub fn new(
        rows: Store<RecommendationRow>,
        sources: Sources,
        sender: Sender,
        events: Events,
        metrics: Arc<Metrics>,
        runbooks: Runbooks,
        now: fn() -> Timestamp,
    ) -> Self {
        Self {
            rows,
            sources,
            sender,
            events,
            metrics,
            runbooks,
            now,
            moves: Moves::default(),
            by_workload: Mutex::default(),
            kept: Mutex::default(),
        }
    }

    /// Forgets a deleted Recommendation.
    pub fn forget(&self, key: &Key) {
        self.kept.lock().remove(key);
        self.sources.limiter.lock().forget(key);
        self.sources.guard.forget(key);
    }

    /// The up-to-date row, own writes included.
    fn row(&self, key: &Key, kept: &Kept) -> Option<Arc<RecommendationRow>> {
        let row = kept.pending.lock().over(self.rows.entry(&key.0, &key.1)?.ok()?);
        (!row.terminating || row.protected).then_some(row)
    }

    /// The other Recommendations of its workload, as the watch shows them.
    fn others(&self, key: &Key) -> Vec<Arc<RecommendationRow>> {
        let others = self.by_workload.lock().others(key);
        others.iter().filter_map(|other| self.rows.entry(&other.0, &other.1)?.ok()).collect()
    }

    /// Reconciles `key` until it has to wait.
    pub async fn run(&self, key: &Key) -> Ran {
        let uid = self.rows.entry(&key.0, &key.1).and_then(Result::ok).map(|row| row.uid.clone()).unwrap_or_default();
        // The state kept of one object does not apply to the next one of the same name.
        let kept = self.kept.lock().get(key).filter(|kept| kept.uid == uid).cloned();
        let kept = kept.unwrap_or_else(|| Arc::new(Kept { uid, ..Kept::default() }));
        let ran = self.steps(key, &kept).await;
        self.moves.end(key);
        // A Recommendation deleted meanwhile was forgotten already.
        if kept.is_worth_keeping() && self.rows.entry(&key.0, &key.1).is_some() {
            self.kept.lock().insert(key.clone(), kept);
        } else {
            self.kept.lock().remove(key);
        }
        ran
    }

    async fn steps(&self, key: &Key, kept: &Kept) -> Ran {
        let (moves, mut response, mut failed) = (self.moves.follow(key), None, false);
        for _ in 0..MOST_REQUESTS {
            let Some(row) = self.row(key, kept) else { return Ran { again: None, failed } };
            self.tell_late(kept, &row);
            let policy = row.policy.clone().unwrap_or_default();
            let change = last_change(key, row.rollout.as_ref());
            self.sources.limiter.lock().see(&policy, key, row.version, change);
            let now = (self.now)();
            let changed = self.sources.changed(moves.clone(), row.version);
            let others = self.others(key);
            let gathered = self.sources.gather(&row, &others, &kept.pending, now);
            let Some(observed) = unless(changed, gathered).await else { continue };
            let session = std::mem::take(&mut *kept.session.lock());
            let (session, next) = step(&observed.view, session, response.take(), now);
            *kept.session.lock() = session;
            tracing::debug!(namespace = %row.namespace, recommendation = %row.name, version = row.version, step = ?next, "step");
            match next {
                Step::Wait { until, standing } => {
                    let ran = self.rest(kept, &row, &observed, standing, until, now).await;
                    return Ran { failed: failed || ran.failed, ..ran };
                }
                Step::LookAgain { until } => return Ran { again: Some(until_then(until, now)), failed },
                Step::Ask(request) => {
                    let status = matches!(request, Request::WriteStatus(_));
                    let goes = request == Request::Release && row.terminating;
                    if goes && row.rollout.as_ref().is_some_and(|rollout| rollout.undo.is_some()) {
                        self.events.flush(TELL).await;
                    }
                    let answer = self.send(key, kept, &row, &observed, request, now).await;
                    failed |= if status { answers::status_failed(&answer) } else { answers::request_failed(&answer) };
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

    /// Sends a request of the rollout machine.
    async fn send(
        &self,
        key: &Key,
        kept: &Kept,
        row: &RecommendationRow,
        observed: &Observed,
        request: Request,
        now: Timestamp,
    ) -> Response {
        let policy = row.policy.clone().unwrap_or_default();
        match request {
            Request::Reserve { uid } => {
                let most = (observed.rules.limits.max_concurrent, observed.rules.limits.max_per_hour);
                let free = self.sources.limiter.lock().reserve(&policy, key, &uid, most, now);
                if free { Response::Done } else { Response::Stale }
            }
            Request::GiveBack => {
                self.sources.limiter.lock().give_back(&policy, key, last_change(key, row.rollout.as_ref()));
                Response::Done
            }
            Request::WriteStatus(rollout) => {
                self.sources.limiter.lock().announce(key);
                self.write_rollout(kept, row, observed, *rollout, now).await
            }
            request => {
                let Sent { response, version } = self.sender.send(row, &self.sources.world, &request).await;
                change_log::sent(row, &request, &response);
                if response == Response::Done {
                    kept.pending.lock().sent(&request, version);
                }
                response
            }
        }
    }

    /// Writes a rollout and the Recommendation's resulting standing.
    async fn write_rollout(
        &self,
        kept: &Kept,
        row: &RecommendationRow,
        observed: &Observed,
        rollout: RolloutStatus,
        now: Timestamp,
    ) -> Response {
        let standing = once_written::<Sizing>(&observed.view, &rollout, now);
        // With the end of the rollout, so that it needs no write of its own.
        let realised = match standing {
            Standing::Applied(_) | Standing::NotDelivered(_) => self.realised(row, &rollout, observed, now),
            _ => row.realised.clone(),
        };
        let ended = (rollout.stage == Stage::Ended).then_some(rollout.result).flatten();
        let news = News::of(row.rollout.as_ref(), &rollout);
        let written = status::written(
            row,
            Shown {
                standing,
                honoured: observed.view.approval.clone().or_else(|| row.honoured.clone()),
                realised,
                rollout: Some(rollout),
            },
            &self.runbooks,
            now,
        );
        match self.write(kept, row, written).await {
            Ok(()) => {
                if let Some(news) = news {
                    news.log(row);
                }
                if let Some(result) = ended {
                    self.metrics.count_recommendation("RightSize", events::word(result));
                }
                Response::Done
            }
            Err(error) => {
                tracing::info!(recommendation = %row.name, namespace = %row.namespace, %error, "status.rollout was not written");
                answers::answer(error, false)
            }
        }
    }

    /// Shows the standing of a Recommendation that has to wait.
    async fn rest(
        &self,
        kept: &Kept,
        row: &RecommendationRow,
        observed: &Observed,
        standing: Standing,
        until: Option<Timestamp>,
        now: Timestamp,
    ) -> Ran {
        // Pods that have a size save, whether new ones get it or not.
        let is_applied = matches!(standing, Standing::Applied(_) | Standing::NotDelivered(_));
        let applied = row.rollout.as_ref().filter(|_| is_applied);
        let shown = Shown {
            realised: match applied {
                Some(rollout) => self.realised(row, rollout, observed, now),
                None => row.realised.clone(),
            },
            // A decision that cannot be determined now was determined before, and counts again once it can be.
            honoured: match &observed.view.approval_known {
                Ok(()) => observed.view.approval.clone(),
                Err(_) => row.honoured.clone(),
            },
            rollout: row.rollout.clone(),
            standing,
        };
        let waiting = row.approval.is_none() && shown.honoured.is_none() && row.rollout.is_none();
        let most = pace::look_again_s(row.rollout.as_ref().map(Sizing::phase), &shown.standing, waiting);
        let most = most.map(|seconds| Duration::from_secs(seconds.unsigned_abs()));
        let again = sooner(until.map(|at| until_then(at, now)), most);
        let written = status::written(row, shown, &self.runbooks, now);
        if status::differs(row, &written) && !(waiting && row.is_unborn()) {
            let pause = if row.is_under_way() { self.between_messages() } else { QUIET };
            let news = status::is_news(row, &written);
            // A number that is seen to differ for the first time may be that of a pod which is just being replaced.
            let told = *kept.told.lock().get_or_insert_with(std::time::Instant::now);
            if !news && told.elapsed() < pause {
                return Some(pause.min(again.unwrap_or(pause))).into();
            }
            if let Err(error) = self.write(kept, row, written).await {
                if !matches!(error, ApplyError::NotFound { .. } | ApplyError::NotLeader) {
                    tracing::info!(recommendation = %row.name, namespace = %row.namespace, %error, "status was not written; retrying");
                    return Ran { again: Some(RETRY), failed: ran::write_failed(&error) };
                }
                return Ran::default();
            }
        }
        again.into()
    }

    /// The same as [`QUIET`] while a rollout is under way.
    fn between_messages(&self) -> Duration {
        let under_way = self.sources.limiter.lock().under_way();
        Duration::from_secs(pace::message_every_s(under_way).unsigned_abs())
    }

    fn realised(
        &self,
        row: &RecommendationRow,
        rollout: &RolloutStatus,
        observed: &Observed,
        now: Timestamp,
    ) -> Option<trimtab_api::savings::RealisedSavings> {
        let known = row.realised.clone();
        let Some(savings) = &row.savings else { return known };
        let applied = rollout.result == Some(RolloutResult::Applied) && rollout.proposal_digest == row.digest;
        let Some(since) = rollout.ended.as_ref().filter(|_| applied) else { return known };
        let proposed = (savings.monthly.as_str(), savings.currency.as_str(), savings.pods);
        let runs = observed.view.target.as_ref().is_some_and(|target| target.runs_to_completion);
        let new = realised::renew(known.as_ref(), proposed, (observed.sized_pods, runs), since.0, now);
        new.or(known)
    }

    async fn write(&self, kept: &Kept, row: &RecommendationRow, mut written: Written) -> Result<(), ApplyError> {
        let result = self.sender.write_status(row, status::body(row, &written)).await;
        match result {
            Ok(version) => {
                written.version = version;
                *kept.untold.lock() = None;
                self.tell(row, word(&row.conditions), &written.conditions);
                *kept.told.lock() = Some(std::time::Instant::now());
                kept.pending.lock().wrote(written);
                Ok(())
            }
            Err(error) => {
                self.metrics.count_error(CONTROLLER, "status", &error);
                // A refusal may be that of a repetition: the first attempt was done, and its answer lost.
                let before = word(&row.conditions).map(str::to_owned);
                *kept.untold.lock() = (error != ApplyError::NotLeader).then_some((row.version, before));
                Err(error)
            }
        }
    }

    /// Tells of a write that was not answered, once a newer version of the object shows whether it was done.
    fn tell_late(&self, kept: &Kept, row: &RecommendationRow) {
        let untold = kept.untold.lock().take_if(|(version, _)| row.version > *version);
        if let Some((_, before)) = untold {
            self.tell(row, before.as_deref(), &row.conditions);
        }
    }

    /// Publishes the event of the change from the word `before` to that of these conditions, if that is worth one.
    fn tell(&self, row: &RecommendationRow, before: Option<&str>, conditions: &[Condition]) {
        let Some((after, message)) = status::word(conditions) else { return };
        if let Some(event) = events::of(before, after, message) {
            self.events.publish_to(events::reference(row), event);
        }
    }
}

/// The reason of `Ready`.
fn word(conditions: &[Condition]) -> Option<&str> {
    status::word(conditions).map(|(reason, _)| reason)
}

/// The time until `at`; a moment if that has passed.
fn until_then(at: Timestamp, now: Timestamp) -> Duration {
    Duration::from_secs_f64(at.duration_since(now).as_secs_f64().max(0.05))
}

/// The sooner of two durations, either of which may be absent.
fn sooner(one: Option<Duration>, other: Option<Duration>) -> Option<Duration> {
    one.into_iter().chain(other).min()
}
