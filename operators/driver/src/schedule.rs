//! Schedules the objects of a controller. In: changes of the objects and of whatever else makes them due; leadership.
//! Out: concurrent calls of the [`Reconciler`], at most one per key at a time. Wiring only.

use std::sync::Arc;

use kube::ResourceExt;
use trimtab_core::resource_version;
use trimtab_runtime::{Terms, store::Key};

use crate::{controller::Controller, leading::Leading, moves::GONE, reconciler::Reconciler, takeover};

/// Reconciles the objects of a controller during the terms in which this instance leads.
pub async fn run<C: Controller>(reconciler: Reconciler<C>, terms: Terms) {
    let reconciler = Arc::new(reconciler);
    let controller = &reconciler.controller;
    let mut leading = Leading::new(C::NAME, C::AT_ONCE, &reconciler.context.metrics, terms);
    let reconcile = |key: Key| {
        let reconciler = reconciler.clone();
        async move { reconciler.run(&key).await }
    };
    while let Some(mut term) = leading.term(controller.loaded()).await {
        let (mut rows, mut wakes) = (controller.rows().follow(), controller.wakes());
        // The watch may lag behind the last writes of the previous leader.
        let Some(()) = term.within(take_over(&reconciler)).await else { continue };
        recall(&reconciler);
        term.enqueue(controller.rows().keys_where(|_| true));
        loop {
            let change = async {
                tokio::select! {
                    Some(key) = rows.recv() => look(&reconciler, key),
                    due = controller.due(&mut wakes) => due,
                }
            };
            let Some(due) = term.until(change, reconcile).await else { break };
            term.enqueue(due);
        }
        term.finish().await;
    }
}

/// Records the changes in all objects as the API server has them, however long it takes to read them.
async fn take_over<C: Controller>(reconciler: &Reconciler<C>) {
    takeover::read::<C::Resource>(&reconciler.context.client, |page| {
        let mut limiter = reconciler.controller.limiter().lock();
        for object in page {
            let key = (object.namespace().unwrap_or_default(), object.name_any());
            let version = resource_version::number(object.metadata.resource_version.as_deref());
            let (group, run) = C::stored(object);
            let change = run.and_then(|run| C::last_change(&key, &run));
            limiter.see(&group, &key, version, change);
        }
    })
    .await;
}

/// Records all objects before the first one is reconciled.
fn recall<C: Controller>(reconciler: &Reconciler<C>) {
    let entries = reconciler.controller.rows().entries();
    let rows: Vec<_> = entries.into_iter().filter_map(|(key, entry)| Some((key, entry.ok()?))).collect();
    rows.iter().for_each(|(key, row)| reconciler.count(key, row));
    reconciler.controller.recall(&rows, (reconciler.context.now)());
}

/// Records the present object under `key`. Returns what to reconcile.
fn look<C: Controller>(reconciler: &Reconciler<C>, key: Key) -> Vec<Key> {
    let entry = reconciler.entry(&key);
    let version = match &entry {
        Some(Ok(row)) => C::meta(row).version,
        Some(Err(_)) | None => GONE,
    };
    let due = match entry {
        // Unreadable does not mean gone.
        Some(Err(_)) => Vec::new(),
        Some(Ok(row)) => reconciler.controller.saw(&key, Some(&row), (reconciler.context.now)()),
        None => {
            reconciler.forget(&key);
            reconciler.controller.saw(&key, None, (reconciler.context.now)())
        }
    };
    // After the controller has recorded it: what is observed again then goes by this version.
    reconciler.moves.saw(&key, version);
    due
}
