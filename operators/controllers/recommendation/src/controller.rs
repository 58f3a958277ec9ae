//! Schedules Recommendations. In: changes of Recommendations, policies, the guard, AppliedSizes, the admission policy of
//! sizes and the world; time; leadership. Out: concurrent calls of the [`Reconciler`], at most one per key at a time.
//! Wiring only.

use std::sync::Arc;

use tokio::sync::watch::Receiver;
use trimtab_admission_sizes::AppliedSizesWriter;
use trimtab_api::{applied_sizes::key, conditions::recommendation::SIZE_NOT_DELIVERED, rollout::RolloutStatus};
use trimtab_core::WorkloadId;
use trimtab_guard::{GuardFault, watch::InForce};
use trimtab_recommendation_row::RecommendationRow;
use trimtab_runtime::{
    Terms,
    store::{Version, complete},
};
use trimtab_world::{Dirty, World};

use crate::{
    CONTROLLER, Key, by_workload::ByWorkload, gather::Sources, moves::GONE, policies::Specs, reconciler::Reconciler,
    takeover, work_queue::WorkQueue,
};

/// How many Recommendations are reconciled concurrently.
const AT_ONCE: u16 = 32;

/// Reconciles Recommendations during the terms in which this instance leads.
pub async fn run(reconciler: Reconciler, mut terms: Terms) {
    let reconciler = Arc::new(reconciler);
    let reconcile = reconciler.metrics.controller(CONTROLLER, AT_ONCE);
    let queue = reconciler.metrics.queue(CONTROLLER);
    let of_runs = terms.clone();
    let Sources { world, policies, sizes, guard, admission, .. } = &reconciler.sources;
    let mut stores = [reconciler.rows.changes(), policies.changes(), sizes.changes()];
    let (mut guard, mut admission_changes) = (guard.changes(), admission.changes());
    while terms.begin(known(world, &mut stores, &mut guard)).await {
        let (mut rows, mut policies_followed, mut sizes_followed) =
            (reconciler.rows.follow(), policies.follow(), sizes.follow());
        let mut refused = reconciler.sources.refused_pods.follow();
        // Not before the term: changes pile up for whoever does not take them, and a standby may wait for weeks.
        let mut world_changes = world.changes();
        // The watch may lag behind the last writes of the previous leader.
        let read = takeover::read(&reconciler.sender.client, &reconciler.sources.limiter);
        let Ok(()) = terms.within(read).await else { continue };
        let mut work_queue = WorkQueue::new(usize::from(AT_ONCE), queue.clone());
        remember(&reconciler);
        let mut in_force = admission.in_force();
        let mut specs = Specs::of(policies);
        all(&work_queue, &reconciler, |_| true);
        while terms.go_on() {
            let run = |key: Key| {
                let (reconciler, pass, terms) = (reconciler.clone(), reconcile.clone(), of_runs.clone());
                async move {
                    let pass = pass.start();
                    let ran = reconciler.run(&key).await;
                    pass.finish(ran.outcome(terms.leads()));
                    ran
                }
            };
            tokio::select! {
                _ = terms.over() => break,
                () = work_queue.next(run) => {}
                Some(key) = rows.recv() => look(&reconciler, key).into_iter().for_each(|key| work_queue.enqueue(key)),
                Some((_, name)) = policies_followed.recv() => if specs.take(&name, policies.entry("", &name).as_ref()) {
                    all(&work_queue, &reconciler, |row| row.policy.as_deref() == Some(&name));
                },
                Ok(()) = guard.changed() => all(&work_queue, &reconciler, |row| row.is_live() || row.policy.is_some()),
                () = either(&mut admission_changes) => {
                    let now = admission.in_force();
                    if std::mem::replace(&mut in_force, now.clone()) != now {
                        all(&work_queue, &reconciler, |row| row.rollout.as_ref().is_some_and(RolloutStatus::is_admitted));
                    }
                }
                Some((namespace, _)) = sizes_followed.recv() => {
                    all(&work_queue, &reconciler, |row| row.namespace == namespace && concerns(row, sizes));
                }
                Some(event) = refused.recv() => {
                    let about = reconciler.sources.refused_pods.workloads(&event);
                    of(&reconciler, &about).into_iter().for_each(|key| work_queue.enqueue(key));
                }
                dirty = world_changes.next() => touched(&work_queue, &reconciler, &dirty),
            }
        }
        // Requests in flight are finished, so that none is left half answered.
        work_queue.finish().await;
    }
}

/// Waits until everything that reconciles read is loaded.
async fn known(world: &World, stores: &mut [Receiver<Version>], guard: &mut Receiver<InForce>) {
    world.wait_synced().await;
    complete(stores).await;
    // A guard that is not read yet would count as missing: every decision would be removed from its status, and
    // restored a moment later.
    let _ = guard.wait_for(|standing| !matches!(standing, Err(GuardFault::NotRead))).await;
}

/// Completes when either may have changed.
async fn either([one, other]: &mut [Receiver<Version>; 2]) {
    tokio::select! {
        Ok(()) = one.changed() => {}
        Ok(()) = other.changed() => {}
        else => std::future::pending::<()>().await,
    }
}

/// Records which rollouts exist before the first one is reconciled, and the target of each Recommendation.
fn remember(reconciler: &Reconciler) {
    let mut index = ByWorkload::default();
    let mut limiter = reconciler.sources.limiter.lock();
    for (key, entry) in reconciler.rows.entries() {
        if let Ok(row) = entry {
            limiter.see(row.policy.as_deref().unwrap_or_default(), &key, row.version, row.rollout.as_ref());
            reconciler.sources.guard.note(&key, &row.uid, row.for_guard.as_deref(), (reconciler.now)());
            index.put(key, row.workload.clone());
        }
    }
    *reconciler.by_workload.lock() = index;
}

/// Records the present object under `key`. Returns what to reconcile: the others of its workload, because a decision on
/// it counts for them and so does the end of its rollout; and itself, if there is something to do.
fn look(reconciler: &Reconciler, key: Key) -> Vec<Key> {
    let (due, workload) = match reconciler.rows.entry(&key.0, &key.1) {
        Some(Ok(row)) => {
            reconciler.sources.guard.note(&key, &row.uid, row.for_guard.as_deref(), (reconciler.now)());
            reconciler.moves.saw(&key, row.version);
            (row.is_live() || !row.is_unborn(), row.workload.clone())
        }
        // Unreadable does not mean gone.
        Some(Err(_)) => {
            reconciler.moves.saw(&key, GONE);
            return Vec::new();
        }
        None => {
            reconciler.forget(&key);
            reconciler.moves.saw(&key, GONE);
            (false, None)
        }
    };
    let mut index = reconciler.by_workload.lock();
    let mut keys = index.others(&key);
    index.put(key.clone(), workload);
    keys.extend(index.others(&key));
    keys.extend(due.then_some(key));
    keys
}

/// Enqueues every Recommendation for which `whether` holds.
fn all(work_queue: &WorkQueue, reconciler: &Reconciler, whether: impl Fn(&RecommendationRow) -> bool) {
    for key in reconciler.rows.keys_where(whether) {
        work_queue.enqueue(key);
    }
}

/// Whether a change of the AppliedSizes of its namespace may concern `row`: it is under way, or applied and its entry
/// is missing, now or as its status says. Most changes are about others, of which there may be thousands.
fn concerns(row: &RecommendationRow, sizes: &AppliedSizesWriter) -> bool {
    let told = || row.conditions.iter().any(|c| c.reason == SIZE_NOT_DELIVERED);
    let missing = || row.workload.as_ref().is_some_and(|id| sizes.entry(&id.namespace, &key(id)).is_none());
    row.is_under_way() || (row.rollout.as_ref().is_some_and(RolloutStatus::is_admitted) && (told() || missing()))
}

/// The Recommendations of these workloads.
fn of<'a>(reconciler: &Reconciler, workloads: impl IntoIterator<Item = &'a WorkloadId>) -> Vec<Key> {
    let index = reconciler.by_workload.lock();
    workloads.into_iter().flat_map(|id| index.of(id)).cloned().collect()
}

/// Enqueues the live Recommendations whose workloads changed in the world.
fn touched(work_queue: &WorkQueue, reconciler: &Reconciler, dirty: &Dirty) {
    for key in of(reconciler, &dirty.workloads) {
        if matches!(reconciler.rows.entry(&key.0, &key.1), Some(Ok(row)) if row.is_live()) {
            work_queue.enqueue(key);
        }
    }
    if !dirty.namespaces.is_empty() {
        all(work_queue, reconciler, |row| row.is_live() && dirty.namespaces.contains(row.namespace.as_str()));
    }
}
