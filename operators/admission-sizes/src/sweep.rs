//! Removes entries as soon as the world shows that they are no longer valid.
//!
//! In: changes of the world and of the objects, while this instance leads. Out: removed entries. An edited template is
//! harmless until then, because the policy compares; what is urgent here are changes of LimitRanges and ResourceQuotas,
//! which the policy cannot see.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use trimtab_api::applied_sizes::{WorkloadHistory, WorkloadSizes, workload_of};
use trimtab_core::{WorkloadId, WorkloadKind};
use trimtab_runtime::{ApplyError, Terms, store::complete};
use trimtab_world::{Namespaces, World};

use crate::{
    AppliedSizesWriter, Bounds,
    valid::{Why, stale},
};

/// Delay before a failed removal is retried.
const RETRY: Duration = Duration::from_secs(5);

/// How long after the last decision the record of a workload that is gone is kept, for one that is created again under
/// its name: as long as the longest back-off.
const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Sweeps during the terms in which this instance leads; each begins with a full sweep, because no event reports what
/// the previous leader left undone. `namespaces` are those that the world watches: entries elsewhere are not evaluated.
pub async fn sweep(
    keeper: AppliedSizesWriter,
    world: Arc<World>,
    namespaces: Namespaces,
    clock: fn() -> Timestamp,
    mut terms: Terms,
) {
    while terms.begin(known(&keeper, &world)).await {
        let _ = terms.within(run(&keeper, &world, &namespaces, clock)).await;
    }
}

/// Waits until all entries, and everything that they are evaluated by, are loaded.
async fn known(keeper: &AppliedSizesWriter, world: &World) {
    world.wait_synced().await;
    complete([&mut keeper.changes()]).await;
}

/// Never returns. It may be dropped at any point: each write is complete in itself, and its effect is seen the next
/// time.
async fn run(keeper: &AppliedSizesWriter, world: &World, namespaces: &Namespaces, clock: fn() -> Timestamp) {
    let mut of_world = world.changes();
    let mut of_objects = keeper.changes();
    let mut retry = false;
    // `None`: all of them.
    let mut touched: Option<BTreeSet<Arc<str>>> = None;
    loop {
        let watched = |namespace: &str| match namespaces {
            Namespaces::All => true,
            Namespaces::Only(names) => names.iter().any(|name| name == namespace),
        };
        for (namespace, row) in keeper.rows() {
            if watched(&namespace) && touched.as_ref().is_none_or(|touched| touched.contains(namespace.as_str())) {
                retry |= !sweep_namespace(keeper, world, &namespace, &row.workloads).await;
                retry |= !forget_gone(keeper, world, &namespace, &row.history, clock()).await;
            }
        }
        let again = async { if retry { tokio::time::sleep(RETRY).await } else { std::future::pending().await } };
        touched = tokio::select! {
            dirty = of_world.next() => {
                Some(dirty.namespaces.into_iter().chain(dirty.workloads.into_iter().map(|id| id.namespace)).collect())
            }
            Ok(()) = of_objects.changed() => None,
            () = again => {
                retry = false;
                None
            }
        };
    }
}

/// Whether the world would not show an existing workload of this kind: then absence does not mean that it is gone.
fn is_hidden(world: &World, kind: WorkloadKind) -> bool {
    !world.missing().is_empty() || world.missing_custom().iter().any(|missing| missing.kind.workload() == Some(kind))
}

/// Forgets the old decision records of workloads that are gone. Returns whether everything succeeded.
async fn forget_gone(
    keeper: &AppliedSizesWriter,
    world: &World,
    namespace: &str,
    history: &BTreeMap<String, WorkloadHistory>,
    now: Timestamp,
) -> bool {
    let mut well = true;
    for key in gone(history, namespace, |id| world.workload(id).is_some(), |kind| is_hidden(world, kind), now) {
        match keeper.remember(namespace, key, None).await {
            Ok(()) | Err(ApplyError::NotLeader) => {}
            Err(error) if error.is_gone() => {}
            Err(error) => {
                tracing::warn!(namespace, %error, "the decision about a deleted workload could not be removed; retrying");
                well = false;
            }
        }
    }
    well
}

/// The keys of workloads that are gone, and about which nothing was decided lately. Nothing is concluded about kinds that
/// are unknown here, or hidden.
fn gone<'a>(
    history: &'a BTreeMap<String, WorkloadHistory>,
    namespace: &str,
    exists: impl Fn(&WorkloadId) -> bool,
    is_hidden: impl Fn(WorkloadKind) -> bool,
    now: Timestamp,
) -> Vec<&'a str> {
    let is_old = |history: &WorkloadHistory| {
        let rejected = history.rejected.iter().map(|r| r.since.0);
        let last = rejected.chain(history.undone.iter().map(|u| u.ended.0)).max();
        last.is_none_or(|last| now.duration_since(last) > KEPT)
    };
    let is_gone = |key: &str| workload_of(namespace, key).is_some_and(|id| !exists(&id) && !is_hidden(id.kind));
    history.iter().filter(|(key, history)| is_gone(key) && is_old(history)).map(|(key, _)| key.as_str()).collect()
}

/// Removes the invalid entries of a namespace in one write. Returns whether everything succeeded.
async fn sweep_namespace(
    keeper: &AppliedSizesWriter,
    world: &World,
    namespace: &str,
    workloads: &BTreeMap<String, WorkloadSizes>,
) -> bool {
    let bounds = Bounds::new(world.limit_ranges(namespace), world.quotas(namespace));
    let row = |key: &str| workload_of(namespace, key).and_then(|id| world.workload(&id));
    let hidden = |key: &str| workload_of(namespace, key).is_some_and(|id| is_hidden(world, id.kind));
    let stale = stale(workloads, row, &bounds).into_iter().filter(|(key, why)| *why != Why::Gone || !hidden(key));
    let mut drops = Vec::new();
    for (key, why) in stale {
        let Some(entry) = workloads.get(&key) else { continue };
        tracing::info!(namespace, workload = key, recommendation = entry.recommendation, %why, "new pods get the size of the template again");
        let (keeper, namespace, uid) = (keeper.clone(), namespace.to_owned(), entry.uid.clone());
        drops.push(tokio::spawn(async move { keeper.drop_entry(&namespace, &key, &uid).await }));
    }
    let mut well = true;
    for dropped in drops {
        match dropped.await {
            Ok(Ok(()) | Err(ApplyError::NotLeader)) => {}
            Ok(Err(error)) if error.is_gone() => {}
            Ok(Err(error)) => {
                tracing::warn!(namespace, %error, "an entry of AppliedSizes could not be removed; retrying");
                well = false;
            }
            Err(_) => well = false,
        }
    }
    well
}

#[cfg(test)]
#[path = "sweep_tests.rs"]
mod tests;
