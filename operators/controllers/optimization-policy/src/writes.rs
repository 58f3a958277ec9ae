//! Writes in flight: bounded in number, collected at the end of a pass.
//!
//! In: [`Task`]s. Out: the result of each. A pass continues deciding while its first writes are being answered.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::{sync::Semaphore, task::JoinSet};
use trimtab_core::WorkloadId;
use trimtab_runtime::{ApplyError, Metrics, Writer, events::Events};

use crate::{
    object::PolicyIdentity,
    write::{self, Action, Task},
};

/// How many writes are in flight at the same time.
const AT_ONCE: usize = 24;

/// The workload, the policy that decided, and the present digest (none: the Recommendation is gone).
pub type Written = (WorkloadId, PolicyIdentity, Result<Option<String>, ApplyError>);

/// Writes that were started and not yet collected.
#[derive(Debug)]
pub struct Writes {
    writer: Writer,
    events: Events,
    metrics: Arc<Metrics>,
    now: Timestamp,
    room: Arc<Semaphore>,
    tasks: JoinSet<Written>,
}

impl Writes {
    /// Without any writes yet; conditions are written with the time `now`.
    pub fn new(writer: Writer, events: Events, metrics: Arc<Metrics>, now: Timestamp) -> Self {
        let room = Arc::new(Semaphore::new(AT_ONCE));
        Self { writer, events, metrics, now, room, tasks: JoinSet::new() }
    }

    /// Starts a write as soon as there is a free slot.
    pub async fn start(&mut self, task: Task) {
        // The semaphore is never closed; without a permit the write would only be unbounded.
        let permit = self.room.clone().acquire_owned().await.ok();
        let (writer, events, metrics, now) = (self.writer.clone(), self.events.clone(), self.metrics.clone(), self.now);
        self.tasks.spawn(async move {
            let result = write::carry_out(&writer, &events, &metrics, &task, now).await;
            drop(permit);
            let digest = match task.action {
                Action::Propose(draft) | Action::Restate(draft) => Some(draft.digest),
                Action::Withdraw(_) => None,
            };
            (task.workload, task.policy, result.map(|()| digest))
        });
    }

    /// Waits for all of them.
    pub async fn finish(mut self) -> Vec<Written> {
        let mut results = Vec::new();
        while let Some(result) = self.tasks.join_next().await {
            results.extend(result.ok());
        }
        results
    }
}
