//! The controller of Recommendations, for the reconciler of `trimtab-driver`. In: a row, a request of the rollout machine.
//! Out: what is observed, answers, the status to write.

use std::{sync::Arc, time::Instant};

use jiff::Timestamp;
use parking_lot::Mutex;
use trimtab_api::{
    applied_sizes::WorkloadHistory,
    rollout::{RolloutResult, RolloutStatus, Stage},
    runbooks::Runbooks,
    savings::RealisedSavings,
};
use trimtab_driver::{
    controller::{Controller, Sent},
    reconciler::{Context, Reconciler},
};
use trimtab_engine::{protocol::Response, standing::Standing};
use trimtab_recommendation_row::RecommendationRow;
use trimtab_rollout::{
    Request,
    effect::{Effect, SeenPod},
    view::View,
};
use trimtab_runtime::{Metrics, events::Events, store::Store};

use crate::{
    CONTROLLER, Key,
    change_log::{self, News},
    events,
    gather::{Observed, Sources},
    limiter::RolloutLimiter,
    orphaned_sizes,
    pending_pods::PendingPods,
    realised,
    recommendations::Recommendations,
    requests::Sender,
    status::{self, Shown, Written},
    wakes::{self, Wakes},
};

/// How many Recommendations are reconciled concurrently.
const AT_ONCE: u16 = 32;

/// Rolls out approved Recommendations.
pub struct Rollouts {
    all: Recommendations,
    /// The sources that are read.
    sources: Sources,
    /// Sends requests.
    sender: Sender,
    metrics: Arc<Metrics>,
    /// Where messages lead.
    runbooks: Runbooks,
}

impl std::fmt::Debug for Rollouts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rollouts").finish_non_exhaustive()
    }
}

/// A reconciler of Recommendations without any state.
pub fn reconciler(
    rows: Store<RecommendationRow>,
    sources: Sources,
    sender: Sender,
    events: Events,
    metrics: Arc<Metrics>,
    runbooks: Runbooks,
    now: fn() -> Timestamp,
) -> Reconciler<Rollouts> {
    let context = Context {
        client: sender.client.clone(),
        writer: sender.writer.clone(),
        emergency_stop: sources.emergency_stop.clone(),
        events,
        metrics: metrics.clone(),
        now,
        stopwatch: Instant::now,
    };
    Reconciler::new(Rollouts { all: Recommendations::new(rows), sources, sender, metrics, runbooks }, context)
}

impl Controller for Rollouts {
    type Observed = Observed;
    type Pending = PendingPods;
    type Wakes = Wakes;

    const NAME: &'static str = CONTROLLER;
    const AT_ONCE: u16 = AT_ONCE;

    fn rows(&self) -> &Store<RecommendationRow> {
        &self.all.rows
    }

    fn limiter(&self) -> &Mutex<RolloutLimiter> {
        &self.sources.limiter
    }

    async fn loaded(&self) {
        wakes::loaded(&self.sources, &self.all).await;
    }

    fn wakes(&self) -> Wakes {
        Wakes::of(&self.sources)
    }

    async fn due(&self, wakes: &mut Wakes) -> Vec<Key> {
        wakes.next(&self.sources, &self.all).await
    }

    fn recall(&self, rows: &[(Key, Arc<RecommendationRow>)], now: Timestamp) {
        for (key, row) in rows {
            self.sources.guard.note(key, &row.uid, row.for_guard.as_deref(), now);
        }
        self.all.recall(rows);
        orphaned_sizes::remove(&self.sources, &self.all.rows, None);
    }

    /// Returns the others of its workload, because a decision on it counts for them and so does the end of its rollout; and
    /// itself, if there is something to do.
    fn saw(&self, key: &Key, row: Option<&RecommendationRow>, now: Timestamp) -> Vec<Key> {
        let (due, workload) = match row {
            Some(row) => {
                self.sources.guard.note(key, &row.uid, row.for_guard.as_deref(), now);
                (row.is_live() || !row.is_unborn(), row.workload.clone())
            }
            None => {
                self.sources.guard.forget(key);
                orphaned_sizes::remove(&self.sources, &self.all.rows, Some(key));
                (false, None)
            }
        };
        let mut keys = self.all.put(key, workload);
        keys.extend(due.then(|| key.clone()));
        keys
    }

    fn changed(&self) -> impl Future<Output = ()> + Send {
        let mut guard = self.sources.guard.changes();
        guard.mark_unchanged();
        async move {
            if guard.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    async fn observe(&self, row: &RecommendationRow, pending: &Mutex<PendingPods>, now: Timestamp) -> Observed {
        self.sources.gather(row, &self.all.others(row), pending, now).await
    }

    fn view(observed: &Observed) -> &View {
        &observed.view
    }

    fn limits(observed: &Observed) -> (u32, u32) {
        (observed.rules.limits.max_concurrent, observed.rules.limits.max_per_hour)
    }

    fn status(
        &self,
        row: &RecommendationRow,
        observed: &Observed,
        new: Option<&RolloutStatus>,
        standing: &Standing,
        now: Timestamp,
    ) -> Written {
        let approval = &observed.view.approval;
        let honoured = match (new, &observed.view.approval_known) {
            (Some(_), _) => approval.clone().or_else(|| row.honoured.clone()),
            (None, Ok(())) => approval.clone(),
            // A decision that cannot be determined now was determined before, and counts again once it can be.
            (None, Err(_)) => row.honoured.clone(),
        };
        let rollout = new.or(row.rollout.as_ref());
        // Pods that have a size save, whether new ones get it or not. At the end of a rollout this needs no write of its own.
        let is_applied = matches!(standing, Standing::Applied(_) | Standing::NotDelivered(_));
        let realised = match rollout.filter(|_| is_applied) {
            Some(rollout) => realised_by(row, rollout, observed, now),
            None => row.realised.clone(),
        };
        let shown = Shown { standing: standing.clone(), honoured, rollout: rollout.cloned(), realised };
        status::written(row, shown, &self.runbooks, now)
    }

    async fn confirm(&self, row: &RecommendationRow, pods: &Vec<SeenPod>) -> Response {
        self.sender.confirm(row, &self.sources.world, pods).await
    }

    async fn remember(&self, row: &RecommendationRow, history: &WorkloadHistory) -> Response {
        self.sender.record(row, history).await
    }

    async fn effect(&self, row: &RecommendationRow, effect: &Effect) -> Sent {
        self.sender.change(row, &self.sources.world, effect).await
    }

    fn keep(pending: &mut PendingPods, effect: &Effect, version: u64) {
        pending.sent(effect, version);
    }

    fn is_caught_up(pending: &PendingPods) -> bool {
        pending.is_empty()
    }

    fn answered(&self, row: &RecommendationRow, request: &Request, response: &Response) {
        change_log::sent(row, request, response);
    }

    fn wrote(&self, row: &RecommendationRow, rollout: &RolloutStatus) {
        if let Some(news) = News::of(row.rollout.as_ref(), rollout) {
            news.log(row);
        }
        if let Some(result) = rollout.result.filter(|_| rollout.stage == Stage::Ended) {
            self.metrics.count_recommendation("RightSize", events::word(result));
        }
    }
}

/// The savings that `rollout` realises, with those that are known already.
fn realised_by(
    row: &RecommendationRow,
    rollout: &RolloutStatus,
    observed: &Observed,
    now: Timestamp,
) -> Option<RealisedSavings> {
    let known = row.realised.clone();
    let Some(savings) = &row.savings else { return known };
    let applied = rollout.result == Some(RolloutResult::Applied) && rollout.proposal_digest == row.digest;
    let Some(since) = rollout.ended.as_ref().filter(|_| applied) else { return known };
    let proposed = (savings.monthly.as_str(), savings.currency.as_str(), savings.pods);
    let runs = observed.view.target.as_ref().is_some_and(|target| target.runs_to_completion);
    let new = realised::renew(known.as_ref(), proposed, (observed.sized_pods, runs), since.0, now);
    new.or(known)
}
