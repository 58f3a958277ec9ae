//! When which Recommendation is run. In: changes of recommendations, policies, the guard, AppliedSizes and the world; time;
//! who leads. Out: runs of the [`Carrier`], side by side, each key at most once at a time. Wiring only.

use std::sync::Arc;

use tokio::sync::watch::Receiver;
use trimtab_guard::{Fault, watch::Standing};
use trimtab_runtime::{
    Terms,
    shelf::{Version, complete},
};
use trimtab_world::{Dirty, World};

use crate::{
    CONTROLLER, Key, agenda::Agenda, by_workload::ByWorkload, carrier::Carrier, gather::Sources, moves::GONE,
    policies::Specs, row::Row, takeover,
};

/// How many recommendations are run at the same time.
const AT_ONCE: u16 = 32;

/// Runs recommendations in the terms in which this instance leads.
pub async fn run(carrier: Carrier, mut terms: Terms) {
    let carrier = Arc::new(carrier);
    let reconcile = carrier.metrics.controller(CONTROLLER, AT_ONCE);
    let queue = carrier.metrics.queue(CONTROLLER);
    let of_runs = terms.clone();
    let Sources { world, policies, sizes, guard, .. } = &carrier.sources;
    let mut shelves = [carrier.rows.changes(), policies.changes(), sizes.changes()];
    let (mut guard, mut world_changes) = (guard.changes(), world.changes());
    while terms.begin(known(world, &mut shelves, &mut guard)).await {
        let (mut rows, mut policies_followed, mut sizes_followed) =
            (carrier.rows.follow(), policies.follow(), sizes.follow());
        let mut refused = carrier.sources.refused_pods.follow();
        // The watch may be behind what the leader before wrote last.
        let read = takeover::read(&carrier.sender.client, &carrier.sources.limiter);
        let Ok(()) = terms.within(read).await else { continue };
        let mut agenda = Agenda::new(usize::from(AT_ONCE), queue.clone());
        let (mut index, mut specs) = (remember(&carrier), Specs::of(policies));
        all(&agenda, &carrier, |_| true);
        while terms.go_on() {
            let run = |key: Key| {
                let (carrier, pass, terms) = (carrier.clone(), reconcile.clone(), of_runs.clone());
                async move {
                    let pass = pass.start();
                    let ran = carrier.run(&key).await;
                    pass.finish(ran.outcome(terms.leads()));
                    ran
                }
            };
            tokio::select! {
                _ = terms.over() => break,
                () = agenda.turn(run) => {}
                Some(key) = rows.recv() => if look(&carrier, &mut index, key.clone()) { agenda.soon(key) },
                Some((_, name)) = policies_followed.recv() => if specs.take(&name, policies.entry("", &name).as_ref()) {
                    all(&agenda, &carrier, |row| row.policy.as_deref() == Some(&name));
                },
                Ok(()) = guard.changed() => all(&agenda, &carrier, |row| row.is_live() || row.policy.is_some()),
                Some((namespace, _)) = sizes_followed.recv() => {
                    all(&agenda, &carrier, |row| row.is_under_way() && row.namespace == namespace);
                }
                Some(event) = refused.recv() => {
                    let about = carrier.sources.refused_pods.workloads(&event);
                    about.iter().flat_map(|id| index.of(id)).for_each(|key| agenda.soon(key.clone()));
                }
                dirty = world_changes.next() => touched(&agenda, &carrier, &index, &dirty),
            }
        }
        // What is under way on the wire is finished, so that nothing is left half answered.
        agenda.finish().await;
    }
}

/// Waits until everything is known that runs look at.
async fn known(world: &World, shelves: &mut [Receiver<Version>], guard: &mut Receiver<Standing>) {
    world.wait_synced().await;
    complete(shelves).await;
    // A guard that is not read yet would count as missing: every decision would be taken out of its status, and put back a
    // moment later.
    let _ = guard.wait_for(|standing| !matches!(standing, Err(Fault::NotRead))).await;
}

/// Takes in which rollouts there are, before the first of them is looked at, and what each Recommendation is about.
fn remember(carrier: &Carrier) -> ByWorkload {
    let mut index = ByWorkload::default();
    let mut limiter = carrier.sources.limiter.lock();
    for (key, entry) in carrier.rows.entries() {
        if let Ok(row) = entry {
            limiter.see(row.policy.as_deref().unwrap_or_default(), &key, row.version, row.rollout.as_ref());
            carrier.sources.guard.note(&key, &row.uid, row.evidence.as_deref(), (carrier.now)());
            index.put(key, row.workload.clone());
        }
    }
    index
}

/// Takes in what is under `key` now. Whether there is something to run.
fn look(carrier: &Carrier, index: &mut ByWorkload, key: Key) -> bool {
    match carrier.rows.entry(&key.0, &key.1) {
        Some(Ok(row)) => {
            carrier.sources.guard.note(&key, &row.uid, row.evidence.as_deref(), (carrier.now)());
            carrier.moves.saw(&key, row.version);
            index.put(key, row.workload.clone());
            row.is_live() || !row.is_unborn()
        }
        // What cannot be read has not gone.
        Some(Err(_)) => {
            carrier.moves.saw(&key, GONE);
            false
        }
        None => {
            carrier.forget(&key);
            carrier.moves.saw(&key, GONE);
            index.put(key, None);
            false
        }
    }
}

/// Looks at every Recommendation for which `whether` holds.
fn all(agenda: &Agenda, carrier: &Carrier, whether: impl Fn(&Row) -> bool) {
    for key in carrier.rows.keys_where(whether) {
        agenda.soon(key);
    }
}

/// Looks at the live recommendations of what changed in the world.
fn touched(agenda: &Agenda, carrier: &Carrier, index: &ByWorkload, dirty: &Dirty) {
    for key in dirty.workloads.iter().flat_map(|id| index.of(id)) {
        if matches!(carrier.rows.entry(&key.0, &key.1), Some(Ok(row)) if row.is_live()) {
            agenda.soon(key.clone());
        }
    }
    if !dirty.namespaces.is_empty() {
        all(agenda, carrier, |row| row.is_live() && dirty.namespaces.contains(row.namespace.as_str()));
    }
}
