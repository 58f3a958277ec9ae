//! When passes run, and over what.
//!
//! In: changes of policies, price books, Recommendations and the cluster, the time, and leadership. Out: calls of
//! [`Analyzer::pass`]. Wiring only: it decides only what to reconcile next.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use kube::ResourceExt;
use tokio::{
    sync::watch::Receiver,
    time::{Instant, sleep_until},
};
use trimtab_api::names::REQUESTED_AT_ANNOTATION;
use trimtab_core::WorkloadId;
use trimtab_runtime::{
    Class, Terms,
    backoff::{Attempts, Backoff},
    metrics::Outcome,
    store::{Version, complete},
    terms::Over,
};

use crate::{
    analyzer::{Analyzer, Extent},
    oom,
    pass_log::Done,
    people,
};

/// The timing of passes.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Time between two passes over everything.
    pub interval: Duration,
    /// How long changes are batched before a pass.
    pub settle: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { interval: Duration::from_secs(300), settle: Duration::from_secs(1) }
    }
}

/// This controller's name in metrics, leases and field managers.
pub const CONTROLLER: &str = "optimization-policy";

/// Runs passes during the terms in which this instance leads. `random` is uniform in `[0, 1)`.
pub async fn run(
    mut analyzer: Analyzer,
    mut terms: Terms,
    settings: Settings,
    now: fn() -> Timestamp,
    random: fn() -> f64,
) {
    tokio::spawn(oom::run(analyzer.world.clone(), analyzer.feeds.clone(), now, terms.shutdown().clone()));
    let reconcile = analyzer.metrics.controller(CONTROLLER, 1);
    while terms.begin(known(&mut analyzer)).await {
        // Not before the term: changes pile up for whoever does not take them, and a standby may wait for weeks.
        let mut changes = Changes::of(&analyzer);
        let mut schedule = Schedule::new();
        let mut extent = Extent::All;
        // As of the last pass of this term.
        let mut workloads = None;
        while terms.go_on() {
            if extent == Extent::All {
                schedule.due = Instant::now() + settings.interval;
                drop(changes.world.take());
                schedule.seen = specs(&analyzer);
            }
            let (pass, begun) = (reconcile.start(), Instant::now());
            let Some(failed) = terms.before_shutdown(analyzer.pass(&extent, now())).await else {
                pass.cut_off();
                return;
            };
            pass.finish(if analyzer.memory.is_failing { Outcome::Error } else { Outcome::RequeueAfter });
            analyzer.metrics.observe_analysis(begun.elapsed());
            let done = Done {
                extent: if extent == Extent::All { "all" } else { "changed" },
                workloads: analyzer.memory.tallies.len(),
                writes: analyzer.memory.writes,
                failed: failed.len(),
                seconds: begun.elapsed().as_secs_f64(),
            };
            done.log(workloads.replace(done.workloads));
            schedule.retry(failed, random);
            let next = schedule.next(&analyzer, &mut changes, &mut terms, settings.settle).await;
            let Some(next) = next else { return };
            extent = next;
        }
    }
}

/// Waits until everything that passes read is loaded.
async fn known(analyzer: &mut Analyzer) {
    analyzer.world.wait_synced().await;
    let (policies, books) = (analyzer.policies.changes(), analyzer.books.changes());
    let (recommendations, sizes) = (analyzer.recommendations.changes(), analyzer.sizes.changes());
    complete(&mut [policies, books, recommendations, sizes]).await;
    analyzer.feeds.restored().await;
}

/// The triggers of a pass.
struct Changes {
    world: trimtab_world::Changes,
    policies: Receiver<Version>,
    books: Receiver<Version>,
    recommendations: Receiver<Version>,
}

impl Changes {
    fn of(analyzer: &Analyzer) -> Self {
        Self {
            world: analyzer.world.changes(),
            policies: analyzer.policies.changes(),
            books: analyzer.books.changes(),
            recommendations: analyzer.recommendations.changes(),
        }
    }
}

/// When the next pass is due, and what triggers it before that.
struct Schedule {
    /// When the next pass over everything is due.
    due: Instant,
    /// Specs as of the last pass over everything: a change during a smaller pass is not missed.
    seen: HashMap<String, (Option<i64>, Option<String>)>,
    /// When workloads are retried whose Recommendation could not be written.
    retries: BTreeMap<WorkloadId, Instant>,
    /// How often each of them failed.
    attempts: Attempts<WorkloadId>,
}

impl Schedule {
    fn new() -> Self {
        Self {
            due: Instant::now(),
            seen: HashMap::new(),
            retries: BTreeMap::new(),
            attempts: Attempts::new(Backoff::default()),
        }
    }

    /// Schedules retries of these, with growing pauses; the others succeeded.
    fn retry(&mut self, failed: BTreeMap<WorkloadId, String>, random: fn() -> f64) {
        let Self { retries, attempts, .. } = self;
        retries.retain(|workload, _| failed.contains_key(workload));
        for workload in failed.into_keys() {
            retries.entry(workload).or_insert_with_key(|workload| {
                Instant::now() + attempts.failed(workload.clone(), 0, Class::System, random()).after
            });
        }
    }

    /// Waits until there is something to reconcile, and returns it; `None` at shutdown.
    async fn next(
        &mut self,
        analyzer: &Analyzer,
        changes: &mut Changes,
        terms: &mut Terms,
        settle: Duration,
    ) -> Option<Extent> {
        loop {
            let retry = self.retries.values().min().copied();
            let wake = retry.map_or(self.due, |at| at.min(self.due));
            let dirty = tokio::select! {
                over = terms.over() => return (over == Over::Lost).then_some(Extent::All),
                () = sleep_until(wake) => None,
                dirty = changes.world.next() => Some(dirty),
                Ok(()) = changes.policies.changed() => None,
                Ok(()) = changes.books.changed() => None,
                Ok(()) = changes.recommendations.changed() => None,
            };
            if dirty.is_some() || Instant::now() < wake {
                // Changes that happen together are handled in one pass.
                tokio::time::sleep(settle).await;
            }
            if Instant::now() >= self.due || self.seen != specs(analyzer) {
                return Some(Extent::All);
            }
            let mut changed = changes.world.take();
            changed.merge(dirty.unwrap_or_default());
            let mut workloads: BTreeSet<WorkloadId> = changed.workloads;
            workloads.extend(tampered(analyzer));
            self.retries.retain(|workload, at| {
                let late = *at <= Instant::now();
                if late {
                    workloads.insert(workload.clone());
                }
                !late
            });
            let next = Extent::Only(workloads, changed.namespaces);
            if let Some(next) = narrowed(analyzer, next) {
                return Some(next);
            }
            // Whoever proposes something waits for its risk, even where no policy applies. Every pass assesses those
            // that wait.
            if people::wait(analyzer) || analyzer.has_orphans() {
                return Some(Extent::Only(BTreeSet::new(), BTreeSet::new()));
            }
        }
    }
}

/// The parts of policies and price books that users control: a change of them triggers a pass over everything.
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

/// Workloads whose Recommendation is not the one written last: somebody deleted or changed it.
fn tampered(analyzer: &Analyzer) -> Vec<WorkloadId> {
    let mut written = analyzer.memory.written.clone();
    let mut changed = Vec::new();
    for (_, entry) in analyzer.recommendations.entries() {
        let Ok(row) = entry else { continue };
        let Some(workload) = row.workload.as_ref().filter(|_| row.policy.is_some()) else { continue };
        let is_seen = row.observed_generation == Some(row.generation);
        if let Some(last) = written.remove(workload)
            && !(is_seen && row.figures().is_some_and(|figures| figures.digest == last))
        {
            changed.push(workload.clone());
        }
    }
    // Those left were written and do not exist any more.
    changed.extend(written.into_keys());
    changed
}

/// The part of `extent` to which policies apply, or for which people proposed something; `None` if that is empty.
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
