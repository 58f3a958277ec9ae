//! Schedules Recommendations. In: changes of Recommendations, policies, the guard, AppliedSizes, the admission policy of
//! sizes and the world; time; leadership. Out: concurrent calls of the [`Reconciler`], at most one per key at a time.
//! Wiring only.

use std::sync::Arc;

use tokio::sync::watch::Receiver;
use trimtab_admission_sizes::AppliedSizesWriter;
use trimtab_api::{applied_sizes::key, conditions::recommendation::SIZE_NOT_DELIVERED, rollout::RolloutStatus};
use trimtab_core::WorkloadId;
use trimtab_driver::{by_target::ByTarget, leading::Leading, moves::GONE};
use trimtab_guard::{GuardFault, watch::InForce};
use trimtab_recommendation_row::RecommendationRow;
use trimtab_runtime::{
    Terms,
    store::{Version, complete},
};
use trimtab_world::{Dirty, World};

use crate::{
    CONTROLLER, Key, gather::Sources, limiter::last_change, policies::Specs, reconciler::Reconciler, takeover,
};

/// How many Recommendations are reconciled concurrently.
const AT_ONCE: u16 = 32;

/// Reconciles Recommendations during the terms in which this instance leads.
pub async fn run(reconciler: Reconciler, terms: Terms) {
    let reconciler = Arc::new(reconciler);
    let mut leading = Leading::new(CONTROLLER, AT_ONCE, &reconciler.metrics, terms);
    let Sources { world, policies, sizes, guard, admission, .. } = &reconciler.sources;
    let mut stores = [reconciler.rows.changes(), policies.changes(), sizes.changes()];
    let (mut guard, mut admission_changes) = (guard.changes(), admission.changes());
    let reconcile = |key: Key| {
        let reconciler = reconciler.clone();
        async move { reconciler.run(&key).await }
    };
    while let Some(mut term) = leading.term(known(world, &mut stores, &mut guard)).await {
        let (mut rows, mut policies_followed, mut sizes_followed) =
            (reconciler.rows.follow(), policies.follow(), sizes.follow());
        let mut refused = reconciler.sources.refused_pods.follow();
        // Not before the term: changes pile up for whoever does not take them, and a standby may wait for weeks.
        let mut world_changes = world.changes();
        // The watch may lag behind the last writes of the previous leader.
        let read = takeover::read(&reconciler.sender.client, &reconciler.sources.limiter);
        let Some(()) = term.within(read).await else { continue };
        remember(&reconciler);
        let mut in_force = admission.in_force();
        let mut specs = Specs::of(policies);
        term.enqueue(all(&reconciler, |_| true));
        loop {
            let change = async {
                tokio::select! {
                    Some(key) = rows.recv() => look(&reconciler, key),
                    Some((_, name)) = policies_followed.recv() => {
                        if specs.take(&name, policies.entry("", &name).as_ref()) {
                            all(&reconciler, |row| row.policy.as_deref() == Some(&name))
                        } else {
                            Vec::new()
                        }
                    }
                    Ok(()) = guard.changed() => all(&reconciler, |row| row.is_live() || row.policy.is_some()),
                    () = either(&mut admission_changes) => {
                        let now = admission.in_force();
                        if std::mem::replace(&mut in_force, now.clone()) == now {
                            Vec::new()
                        } else {
                            all(&reconciler, |row| row.rollout.as_ref().is_some_and(RolloutStatus::is_admitted))
                        }
                    }
                    Some((namespace, _)) = sizes_followed.recv() => {
                        all(&reconciler, |row| row.namespace == namespace && concerns(row, sizes))
                    }
                    Some(event) = refused.recv() => {
                        of(&reconciler, &reconciler.sources.refused_pods.workloads(&event))
                    }
                    dirty = world_changes.next() => touched(&reconciler, &dirty),
                }
            };
            let Some(due) = term.until(change, reconcile).await else { break };
            term.enqueue(due);
        }
        term.finish().await;
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
    let mut index = ByTarget::default();
    let mut limiter = reconciler.sources.limiter.lock();
    for (key, entry) in reconciler.rows.entries() {
        if let Ok(row) = entry {
            let policy = row.policy.clone().unwrap_or_default();
            limiter.see(&policy, &key, row.version, last_change(&key, row.rollout.as_ref()));
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

/// Every Recommendation for which `whether` holds.
fn all(reconciler: &Reconciler, whether: impl Fn(&RecommendationRow) -> bool) -> Vec<Key> {
    reconciler.rows.keys_where(whether)
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

/// The live Recommendations whose workloads changed in the world.
fn touched(reconciler: &Reconciler, dirty: &Dirty) -> Vec<Key> {
    let mut keys = of(reconciler, &dirty.workloads);
    keys.retain(|key| matches!(reconciler.rows.entry(&key.0, &key.1), Some(Ok(row)) if row.is_live()));
    if !dirty.namespaces.is_empty() {
        keys.extend(all(reconciler, |row| row.is_live() && dirty.namespaces.contains(row.namespace.as_str())));
    }
    keys
}
