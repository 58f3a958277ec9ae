//! When a pass is made, and over what.
//!
//! In: changes of policies, price books, recommendations and the cluster, the time, and who leads. Out: calls of
//! [`Analyzer::pass`]. Wiring only: nothing is decided here but what to look at next.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use kube::ResourceExt;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use trimtab_api::names::REQUESTED_AT_ANNOTATION;
use trimtab_core::WorkloadId;
use trimtab_runtime::{
    Class, Leadership,
    backoff::{Attempts, Backoff},
    metrics::Outcome,
};

use crate::{
    analyzer::{Analyzer, Extent},
    oom, people,
};

/// How passes are timed.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Time between two passes over everything.
    pub interval: Duration,
    /// How long changes are gathered before they are acted on.
    pub settle: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { interval: Duration::from_secs(300), settle: Duration::from_secs(1) }
    }
}

/// Names of this controller in metrics, leases and field managers.
pub const CONTROLLER: &str = "optimization-policy";

/// Makes passes until `shutdown`, while this instance leads. `random` is uniform in `[0, 1)`.
pub async fn run(
    mut analyzer: Analyzer,
    mut leadership: Leadership,
    settings: Settings,
    now: fn() -> Timestamp,
    random: fn() -> f64,
    shutdown: CancellationToken,
) {
    tokio::spawn(oom::run(analyzer.world.clone(), analyzer.feeds.clone(), now, shutdown.clone()));
    let reconcile = analyzer.metrics.controller(CONTROLLER, 1);
    let mut world = analyzer.world.changes();
    let mut policies = analyzer.policies.changes();
    let mut books = analyzer.books.changes();
    let mut recommendations = analyzer.recommendations.changes();
    let mut sizes = analyzer.sizes.changes();
    while !shutdown.is_cancelled() {
        let ready = async {
            leadership.acquired().await;
            analyzer.world.wait_synced().await;
            for shelf in [&mut policies, &mut books, &mut recommendations, &mut sizes] {
                // An error means that the watch has ended, which happens only at shutdown.
                let _ = shelf.wait_for(|v| v.complete).await;
            }
            analyzer.feeds.restored().await;
        };
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = ready => {}
        }
        let mut attempts: Attempts<WorkloadId> = Attempts::new(Backoff::default());
        let mut retries: BTreeMap<WorkloadId, Instant> = BTreeMap::new();
        let mut extent = Extent::All;
        let mut due = Instant::now();
        // Specs as the last pass over everything saw them: one that changes during a smaller pass is not missed.
        let mut seen = HashMap::new();
        while leadership.is_leader() && !shutdown.is_cancelled() {
            if extent == Extent::All {
                due = Instant::now() + settings.interval;
                drop(world.take());
                seen = specs(&analyzer);
            }
            let (pass, begun) = (reconcile.start(), Instant::now());
            let failed = tokio::select! {
                () = shutdown.cancelled() => return,
                failed = analyzer.pass(&extent, now()) => failed,
            };
            pass.finish(if failed.is_empty() { Outcome::RequeueAfter } else { Outcome::Error });
            analyzer.metrics.observe_analysis("", begun.elapsed());
            tracing::info!(
                extent = if extent == Extent::All { "all" } else { "changed" },
                workloads = analyzer.memory.tallies.len(),
                failed = failed.len(),
                seconds = begun.elapsed().as_secs_f64(),
                "pass done"
            );
            schedule_retries(&mut attempts, &mut retries, failed, random);
            extent = loop {
                let retry = retries.values().min().copied();
                let wake = retry.map_or(due, |at| at.min(due));
                let dirty = tokio::select! {
                    () = shutdown.cancelled() => return,
                    () = leadership.lost() => break Extent::All,
                    () = sleep_until(wake) => None,
                    dirty = world.next() => Some(dirty),
                    Ok(()) = policies.changed() => None,
                    Ok(()) = books.changed() => None,
                    Ok(()) = recommendations.changed() => None,
                };
                if dirty.is_some() || Instant::now() < wake {
                    // What happens together is looked at together.
                    tokio::time::sleep(settings.settle).await;
                }
                if Instant::now() >= due || seen != specs(&analyzer) {
                    break Extent::All;
                }
                let mut changed = world.take();
                changed.merge(dirty.unwrap_or_default());
                let mut workloads: BTreeSet<WorkloadId> = changed.workloads;
                workloads.extend(tampered(&analyzer));
                retries.retain(|workload, at| {
                    let late = *at <= Instant::now();
                    if late {
                        workloads.insert(workload.clone());
                    }
                    !late
                });
                let next = Extent::Only(workloads, changed.namespaces);
                if let Some(next) = narrowed(&analyzer, next) {
                    break next;
                }
                // Whoever proposes something waits for its risk, also where no policy looks. Every pass assesses what waits.
                if people::wait(&analyzer) || analyzer.has_orphans() {
                    break Extent::Only(BTreeSet::new(), BTreeSet::new());
                }
            };
        }
    }
}

/// What of policies and price books people have a say in: a change of it is a reason to look at everything.
fn specs(analyzer: &Analyzer) -> HashMap<String, (Option<i64>, Option<String>)> {
    let policies = analyzer.policies.entries().into_iter().map(|((_, name), entry)| match entry {
        Ok(p) => {
            let requested = p.annotations().get(REQUESTED_AT_ANNOTATION).cloned();
            (format!("policy {name}"), (p.metadata.generation, requested))
        }
        Err(broken) => (format!("policy {name}"), (broken.metadata.generation, None)),
    });
    let books = analyzer
        .books
        .entries()
        .into_iter()
        .map(|((_, name), entry)| (format!("book {name}"), (entry.ok().and_then(|b| b.metadata.generation), None)));
    policies.chain(books).collect()
}

/// Workloads whose recommendation is not the one that was written last: somebody deleted or changed it.
fn tampered(analyzer: &Analyzer) -> Vec<WorkloadId> {
    let mut written = analyzer.memory.written.clone();
    let mut changed = Vec::new();
    for (_, entry) in analyzer.recommendations.entries() {
        let Ok(known) = entry else { continue };
        let Some(workload) = known.workload.as_ref().filter(|_| known.policy.is_some()) else { continue };
        let digest = known.figures.as_ref().map(|f| &f.digest);
        let stale = known.figures.as_ref().is_none_or(|f| f.observed_generation != Some(known.generation));
        if let Some(last) = written.remove(workload)
            && (digest != Some(&last) || stale)
        {
            changed.push(workload.clone());
        }
    }
    // Whatever is left was written and is not there any more.
    changed.extend(written.into_keys());
    changed
}

/// The part of `extent` that policies look at, or that people proposed something for; `None` where that is nothing.
fn narrowed(analyzer: &Analyzer, extent: Extent) -> Option<Extent> {
    let Extent::Only(workloads, namespaces) = extent else { return Some(extent) };
    let watched: BTreeSet<&Arc<str>> = analyzer.memory.tallies.keys().map(|id| &id.namespace).collect();
    let scoped = |namespace: &Arc<str>| {
        watched.contains(namespace)
            || analyzer.policies.entries().iter().any(|(_, entry)| {
                entry.as_ref().is_ok_and(|p| match &p.spec.target_namespaces {
                    Some(names) => names.iter().any(|n| **n == **namespace),
                    None => true,
                })
            })
    };
    let proposed = people::workloads(analyzer);
    let has_proposals = |namespace: &Arc<str>| proposed.iter().any(|w| w.namespace == *namespace);
    let workloads: BTreeSet<WorkloadId> =
        workloads.into_iter().filter(|w| scoped(&w.namespace) || proposed.contains(w)).collect();
    let namespaces: BTreeSet<Arc<str>> = namespaces.into_iter().filter(|n| scoped(n) || has_proposals(n)).collect();
    (!workloads.is_empty() || !namespaces.is_empty()).then_some(Extent::Only(workloads, namespaces))
}

fn schedule_retries(
    attempts: &mut Attempts<WorkloadId>,
    retries: &mut BTreeMap<WorkloadId, Instant>,
    failed: BTreeMap<WorkloadId, String>,
    random: fn() -> f64,
) {
    retries.retain(|workload, _| failed.contains_key(workload));
    for workload in failed.into_keys() {
        retries.entry(workload).or_insert_with_key(|workload| {
            Instant::now() + attempts.failed(workload.clone(), 0, Class::System, random()).after
        });
    }
}
