//! When which Recommendation is run. In: changes of recommendations, policies, the guard, AppliedSizes and the world; time;
//! who leads. Out: runs of the [`Carrier`], side by side, each key at most once at a time. Wiring only.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use tokio::{
    sync::Semaphore,
    task::JoinSet,
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;
use trimtab_guard::Fault;
use trimtab_runtime::{Leadership, metrics::Outcome};

use crate::{CONTROLLER, Key, carrier::Carrier, row::Row};

/// How many recommendations are run at the same time.
const AT_ONCE: usize = 32;
/// How long until everything is looked at again at the latest.
const IDLE: Duration = Duration::from_secs(300);

/// Runs recommendations until `shutdown`, while this instance leads.
pub async fn run(carrier: Carrier, mut leadership: Leadership, shutdown: CancellationToken) {
    let carrier = Arc::new(carrier);
    let reconcile = carrier.metrics.controller(CONTROLLER, u16::try_from(AT_ONCE).unwrap_or(u16::MAX));
    let mut rows = carrier.rows.changes();
    let mut policies = carrier.sources.policies.changes();
    let mut sizes = carrier.sources.sizes.changes();
    let mut guard = carrier.sources.guard.changes();
    let mut world = carrier.sources.world.changes();
    while !shutdown.is_cancelled() {
        let ready = async {
            leadership.acquired().await;
            carrier.sources.world.wait_synced().await;
            for shelf in [&mut rows, &mut policies, &mut sizes] {
                // An error means that the watch has ended, which happens only at shutdown.
                let _ = shelf.wait_for(|v| v.complete).await;
            }
            // A guard that is not read yet would count as missing: every decision would be taken out of its status, and put
            // back a moment later.
            let _ = guard.wait_for(|standing| !matches!(standing, Err(Fault::NotRead))).await;
        };
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = ready => {}
        }
        let limit = Arc::new(Semaphore::new(AT_ONCE));
        let mut agenda = Agenda::default();
        let mut running: JoinSet<(Key, Option<Duration>)> = JoinSet::new();
        remember(&carrier);
        agenda.all(&carrier, |_| true);
        while leadership.is_leader() && !shutdown.is_cancelled() {
            for key in agenda.due() {
                let (carrier, limit, pass) = (carrier.clone(), limit.clone(), reconcile.clone());
                running.spawn(async move {
                    // The semaphore is never closed.
                    let _permit = limit.acquire().await;
                    let pass = pass.start();
                    let again = carrier.run(&key).await;
                    pass.finish(if again.is_some() { Outcome::RequeueAfter } else { Outcome::Success });
                    (key, again)
                });
            }
            tokio::select! {
                () = shutdown.cancelled() => break,
                () = leadership.lost() => break,
                () = sleep_until(agenda.next()) => {}
                Some(done) = running.join_next(), if !running.is_empty() => match done {
                    Ok((key, again)) => agenda.ran(key, again),
                    // A run that panicked has said so; its key is looked at again with everything else.
                    Err(_) => agenda.lost(),
                },
                Ok(()) = rows.changed() => agenda.changed(&carrier),
                Ok(()) = policies.changed() => agenda.all(&carrier, |row| row.policy.is_some()),
                Ok(()) = guard.changed() => agenda.all(&carrier, |row| is_live(row) || row.policy.is_some()),
                Ok(()) = sizes.changed() => agenda.all(&carrier, Row::is_under_way),
                dirty = world.next() => agenda.all(&carrier, |row| {
                    is_live(row) && row.workload.as_ref().is_some_and(|id| {
                        dirty.workloads.contains(id) || dirty.namespaces.contains(&id.namespace)
                    })
                }),
            }
        }
        // What is under way on the wire is finished, so that nothing is left half answered.
        while running.join_next().await.is_some() {}
    }
}

/// Whether something about a Recommendation may go on without a person.
fn is_live(row: &Row) -> bool {
    row.approval.is_some() || row.honoured.is_some() || row.rollout.is_some()
}

/// Takes in which rollouts there are, before the first of them is looked at.
fn remember(carrier: &Carrier) {
    let mut starts = carrier.sources.starts.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    for (key, entry) in carrier.rows.entries() {
        if let Ok(row) = entry {
            starts.see(row.policy.as_deref().unwrap_or_default(), &key, row.is_under_way(), row.started());
        }
    }
}

/// What to look at, and when.
#[derive(Default)]
struct Agenda {
    now: HashSet<Key>,
    later: HashMap<Key, Instant>,
    running: HashSet<Key>,
    seen: HashMap<Key, Option<Arc<Row>>>,
}

impl Agenda {
    /// Looks at every Recommendation for which `whether` holds.
    fn all(&mut self, carrier: &Carrier, whether: impl Fn(&Row) -> bool) {
        for (key, entry) in carrier.rows.entries() {
            if entry.is_ok_and(|row| whether(&row)) {
                self.now.insert(key);
            }
        }
    }

    /// Looks at what the watch changed.
    fn changed(&mut self, carrier: &Carrier) {
        let mut seen = HashMap::with_capacity(self.seen.len());
        for (key, entry) in carrier.rows.entries() {
            let row = entry.ok();
            let same = match (self.seen.remove(&key), &row) {
                (Some(Some(before)), Some(row)) => Arc::ptr_eq(&before, row),
                _ => false,
            };
            if !same && row.is_some() {
                self.now.insert(key.clone());
            }
            seen.insert(key, row);
        }
        // What is left is gone.
        for (key, _) in std::mem::replace(&mut self.seen, seen) {
            carrier.forget(&key);
            self.later.remove(&key);
        }
    }

    /// What is due and not running. A key that changes while it runs stays due.
    fn due(&mut self) -> Vec<Key> {
        let now = Instant::now();
        let late: Vec<Key> = self.later.iter().filter(|(_, at)| **at <= now).map(|(key, _)| key.clone()).collect();
        for key in late {
            self.later.remove(&key);
            self.now.insert(key);
        }
        let due: Vec<Key> = self.now.iter().filter(|key| !self.running.contains(*key)).cloned().collect();
        for key in &due {
            self.now.remove(key);
            self.running.insert(key.clone());
        }
        due
    }

    fn ran(&mut self, key: Key, again: Option<Duration>) {
        self.running.remove(&key);
        match again {
            Some(after) => drop(self.later.insert(key, Instant::now() + after)),
            None => drop(self.later.remove(&key)),
        }
    }

    fn lost(&mut self) {
        let at = Instant::now() + Duration::from_secs(10);
        for key in self.running.drain() {
            self.later.insert(key, at);
        }
    }

    fn next(&self) -> Instant {
        self.later.values().min().copied().unwrap_or_else(|| Instant::now() + IDLE)
    }
}
