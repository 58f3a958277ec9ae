//! Writes profiles: which of them have something new, in which form, and what is remembered of each.
//!
//! In: the store, the world, and the schedule. Out: writes. A profile that cannot be written is retried with growing
//! pauses and delays no other.

use std::{collections::HashMap, sync::Arc};

use futures::{StreamExt, stream};
use jiff::Timestamp;
use k8s_openapi::{api::core::v1::ObjectReference, apimachinery::pkg::apis::meta::v1::Condition};
use trimtab_api::{UsageProfile, UsageProfileStatus, runbooks::Runbooks};
use trimtab_core::WorkloadId;
use trimtab_runtime::{
    ApplyError, Explain, Metrics, Writer,
    backoff::{Attempts, Backoff},
    events::Events,
};
use trimtab_sizing::ContainerHistory;
use trimtab_usage_history::UsageStore;
use trimtab_world::{World, row::Uid};

use crate::{controller::CONTROLLER, events, object, schedule::Schedule};

/// Summary of a history; if it differs from the one written last, there is something new.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mark {
    cpu_samples: u64,
    memory_samples: u64,
    oom_kills: u64,
    last_sample_s: i64,
}

impl Mark {
    pub(crate) fn of(containers: &[(Arc<str>, ContainerHistory)]) -> Self {
        containers.iter().fold(Self::default(), |sum, (_, history)| Self {
            cpu_samples: sum.cpu_samples + history.cpu_samples(),
            memory_samples: sum.memory_samples + history.memory_samples(),
            oom_kills: sum.oom_kills + history.kills().len() as u64,
            last_sample_s: sum.last_sample_s.max(history.last_sample_time().unwrap_or_default()),
        })
    }
}

/// A profile as last written or read.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) uid: String,
    pub(crate) generation: Option<i64>,
    pub(crate) conditions: Vec<Condition>,
    pub(crate) mark: Mark,
}

/// The state of all profiles.
pub(crate) struct ProfileWriter {
    pub(crate) world: Arc<World>,
    pub(crate) store: Arc<UsageStore>,
    pub(crate) writer: Writer,
    pub(crate) events: Events,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) runbooks: Runbooks,
    pub(crate) kept: HashMap<WorkloadId, Kept>,
    pub(crate) schedule: Schedule,
    /// Whether the last writes failed: Trimtab itself could not work. What others refuse is in an event, and up to them.
    pub(crate) is_failing: bool,
    uids: HashMap<WorkloadId, Uid>,
    attempts: Attempts<WorkloadId>,
}

impl ProfileWriter {
    pub(crate) fn new(
        world: Arc<World>,
        store: Arc<UsageStore>,
        writer: Writer,
        events: Events,
        metrics: Arc<Metrics>,
        runbooks: Runbooks,
        interval_s: i64,
    ) -> Self {
        Self {
            world,
            store,
            writer,
            events,
            metrics,
            runbooks,
            kept: HashMap::new(),
            schedule: Schedule::new(interval_s),
            is_failing: false,
            uids: HashMap::new(),
            attempts: Attempts::new(Backoff::default()),
        }
    }

    /// Follows workloads that were deleted, or deleted and recreated under their names. Their profiles are no longer
    /// written as before; their histories stay: the same name has the same history, for as long as the window (see
    /// [`UsageStore::forget`]).
    pub(crate) fn follow_world(&mut self) {
        let world = self.world.clone();
        let gone = |id: &WorkloadId| world.workload(id).is_none() && trimtab_usage_history::world::sees(&world, id);
        let mut anew = Vec::new();
        for row in self.store.workloads().iter().chain(self.kept.keys()).filter_map(|id| world.workload(id)) {
            let before = self.uids.insert(row.id.clone(), row.uid.clone());
            if before.is_some_and(|uid| uid != row.uid) {
                anew.push(row.id.clone());
            }
        }
        for id in anew {
            self.kept.remove(&id);
            self.attempts.forget(&id);
        }
        self.uids.retain(|id, _| !gone(id));
        let uids = &self.uids;
        self.kept.retain(|id, _| uids.contains_key(id));
        self.schedule.retain(|id| uids.contains_key(id));
    }

    /// Schedules each workload with known usage, except those that are gone.
    pub(crate) fn admit(&mut self, now_s: i64) {
        for workload in self.store.workloads() {
            if self.world.workload(&workload).is_some() {
                self.schedule.add(&workload, now_s);
            }
        }
    }

    /// Writes those of `workloads` that have something new, `at_once` concurrently. Returns how many were written.
    pub(crate) async fn write(&mut self, workloads: Vec<WorkloadId>, at_once: usize, now: Timestamp) -> usize {
        let this = &*self;
        let results: Vec<_> = stream::iter(workloads)
            .map(|workload| async move {
                let result = this.write_one(&workload, now).await;
                (workload, result)
            })
            .buffer_unordered(at_once)
            .collect()
            .await;
        let mut written = 0;
        self.is_failing = false;
        for (workload, result) in results {
            match result {
                Ok(kept) => {
                    if let Some(kept) = kept {
                        self.kept.insert(workload.clone(), kept);
                        written += 1;
                    }
                    self.attempts.succeeded(&workload);
                    self.schedule.done(&workload, now.as_second());
                }
                Err(ApplyError::NotLeader) => {}
                Err(error) if error.is_gone() => self.schedule.done(&workload, now.as_second()),
                Err(error) => self.failed(workload, &error, now),
            }
        }
        written
    }

    fn failed(&mut self, workload: WorkloadId, error: &ApplyError, now: Timestamp) {
        self.metrics.count_error(CONTROLLER, "write", error);
        self.is_failing |= !error.is_outdated() && !error.is_refused_by_others();
        // Turns are already spread out, so the pauses need no jitter.
        let retry = self.attempts.failed(workload.clone(), 0, error.class(), 1.0);
        if retry.attempt == 1 {
            tracing::warn!(%workload, %error, "usage profile could not be written; retrying");
            if let Some(kept) = self.kept.get(&workload) {
                let message = format!("{error}. {}", error.what_to_do());
                self.events.publish_to(reference(&workload, &kept.uid), events::write_failed(&message));
            }
        }
        let pause = i64::try_from(retry.after.as_secs()).unwrap_or(i64::MAX);
        self.schedule.postpone(&workload, now.as_second().saturating_add(pause));
    }

    /// Writes one profile; `None` if there is nothing to write.
    async fn write_one(&self, workload: &WorkloadId, now: Timestamp) -> Result<Option<Kept>, ApplyError> {
        let Some(row) = self.world.workload(workload).filter(|row| !row.terminating) else { return Ok(None) };
        if self.uids.get(workload).is_some_and(|uid| *uid != row.uid) {
            // Recreated a moment ago: its profile is not known as its own yet.
            return Ok(None);
        }
        let before = self.kept.get(workload);
        let mark = self.store.with_workload(workload, Mark::of);
        // An OOM kill alone is not usage: the workload may not be sampled.
        if mark.cpu_samples + mark.memory_samples == 0 || before.is_some_and(|kept| kept.mark == mark) {
            return Ok(None);
        }
        let mut object = object::profile(&row);
        if let Some(known) = before {
            object.metadata.uid = Some(known.uid.clone());
            match self.write_status(&mut object, &known.conditions, known.generation, now, workload).await {
                // Somebody deleted it: it is recreated.
                Err(ApplyError::NotFound { .. } | ApplyError::Stale { .. }) => object.metadata.uid = None,
                result => return result.map(Some),
            }
        }
        let applied = self.writer.apply(&object).await?.object;
        object.metadata.uid = applied.metadata.uid;
        let status = applied.status.unwrap_or_default();
        self.write_status(&mut object, &status.conditions, applied.metadata.generation, now, workload).await.map(Some)
    }

    async fn write_status(
        &self,
        object: &mut UsageProfile,
        before: &[Condition],
        generation: Option<i64>,
        now: Timestamp,
        workload: &WorkloadId,
    ) -> Result<Kept, ApplyError> {
        // Both from one read, since sampling continues.
        let (mark, status): (Mark, UsageProfileStatus) =
            self.store.with_workload(workload, |c| (Mark::of(c), object::recording(before, c, generation, now)));
        let conditions = status.conditions.clone();
        object.status = Some(status);
        self.writer.apply_status(object).await?;
        let uid = object.metadata.uid.clone().unwrap_or_default();
        Ok(Kept { uid, generation, conditions, mark })
    }
}

/// The object reference to a workload's profile in events.
pub(crate) fn reference(workload: &WorkloadId, uid: &str) -> ObjectReference {
    ObjectReference {
        api_version: Some(format!("{}/{}", trimtab_api::GROUP, trimtab_api::VERSION)),
        kind: Some("UsageProfile".to_owned()),
        namespace: Some(workload.namespace.to_string()),
        name: Some(object::name(workload)),
        uid: Some(uid.to_owned()),
        ..ObjectReference::default()
    }
}
