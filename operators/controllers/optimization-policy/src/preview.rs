//! What a pass would decide, without a single write: for people who want to see it before they install or apply
//! anything.
//!
//! In: the world, usage, and policies that need not be in the cluster. Out: the outcome of each workload with the
//! figures behind it. Reads, plans and decides as a pass does; its writer never leads, so it refuses every write.

use std::{collections::BTreeSet, sync::Arc};

use jiff::Timestamp;
use kube::{Client, ResourceExt};
use tokio::sync::mpsc;
use trimtab_admission_sizes::{AppliedSizesWriter, SizesRow};
use trimtab_api::{
    AppliedSizes, OptimizationPolicy, PriceBook, Recommendation, conditions::reasons::METRICS_STALE,
    recommendation::Proposal, runbooks::Runbooks,
};
use trimtab_core::{WorkloadId, text::first_of};
use trimtab_pricing::PriceTable;
use trimtab_recommendation_row::RecommendationRow;
use trimtab_runtime::{
    Leadership, Metrics, Writer,
    events::Events,
    store::{Entry, Key, Store},
};
use trimtab_usage_history::Span;
use trimtab_world::{World, row::WorkloadRow};

use crate::{
    analyzer::{Analyzer, Extent, Round},
    evidence::STEP_SECONDS,
    feed::{self, Feeds},
    gather::{self, WorldRows},
    memory::Memory,
    observed::Observed,
    outcome::{Outcome, Skip},
    plan::Plan,
    unmatched::{self, Names},
    validate::ValidatedPolicy,
};

mod looked;

pub use looked::Looked;
use looked::look;

/// The name of the writer that never writes.
const ONLOOKER: &str = "preview";

/// Maximum number of workloads with stale usage that are named.
const STALE_SHOWN: usize = 10;

/// Objects of Trimtab's kinds, as far as they exist.
#[derive(Clone, Debug, Default)]
pub struct Objects {
    /// Policies, whether they are in the cluster or only in a file.
    pub policies: Vec<OptimizationPolicy>,
    /// Recommendations: present proposals are kept as in a pass.
    pub recommendations: Vec<Recommendation>,
    /// The sizes that admission gives new pods.
    pub sizes: Vec<AppliedSizes>,
    /// Price books.
    pub books: Vec<PriceBook>,
}

/// The findings of a pass.
#[derive(Debug)]
pub struct Preview {
    /// Which policy applies to which workload.
    pub plan: Plan,
    /// Each evaluated workload, by id.
    pub workloads: Vec<Previewed>,
    /// Kinds that cannot be watched and without which nothing is decided, with the reason.
    pub blind: Vec<String>,
    /// Usage that could not be read: the namespaces, and the reason.
    pub unread: Vec<(Vec<String>, String)>,
    /// Problems with a policy's usage: its name, a reason and a message.
    pub faults: Vec<(String, &'static str, String)>,
    /// Unmatched names for each policy of the plan, in order.
    pub names: Vec<Names>,
}

/// The result for one workload.
#[derive(Clone, Debug)]
pub struct Previewed {
    /// The workload, as its new pods would be.
    pub row: Arc<WorkloadRow>,
    /// The policy that takes it.
    pub policy: String,
    /// Its outcome.
    pub outcome: Outcome,
    /// Its containers, in the order of the template.
    pub containers: Vec<Looked>,
    /// The fault in one of its annotations, if that prevents sizing.
    pub fault: Option<String>,
}

/// An analyzer for these objects that never writes.
///
/// # Errors
/// When the built-in price table is damaged.
pub fn onlooker(
    client: &Client,
    world: Arc<World>,
    feeds: Feeds,
    objects: Objects,
) -> Result<Analyzer, trimtab_pricing::TableError> {
    let metrics = Metrics::new(env!("CARGO_PKG_VERSION"), None);
    let writer = Writer::new(client.clone(), ONLOOKER, Leadership::never());
    let sizes = objects.sizes.iter().filter_map(|s| Some((key(s), Ok(Arc::new(SizesRow::of(s)?)))));
    let recommendations =
        objects.recommendations.iter().filter_map(|r| Some((key(r), Ok(Arc::new(RecommendationRow::of(r)?)))));
    Ok(Analyzer {
        world,
        feeds,
        policies: store(objects.policies.into_iter().map(identified)),
        recommendations: Store::fixed(recommendations),
        sizes: AppliedSizesWriter::with(Store::fixed(sizes), writer.clone()),
        books: store(objects.books),
        events: Events::new(client.clone(), ONLOOKER, ONLOOKER, Leadership::never(), metrics.clone()),
        writer,
        // No status is written.
        runbooks: Runbooks::default(),
        metrics,
        table: Arc::new(PriceTable::built_in()?),
        memory: Memory::default(),
    })
}

fn key<K: ResourceExt>(object: &K) -> Key {
    (object.namespace().unwrap_or_default(), object.name_any())
}

fn store<K: ResourceExt + Send + Sync + 'static>(objects: impl IntoIterator<Item = K>) -> Store<K> {
    Store::fixed(objects.into_iter().map(|o| -> (Key, Entry<K>) { (key(&o), Ok(Arc::new(o))) }))
}

/// A policy from a file has no uid yet, and a pass ignores those without one.
fn identified(mut policy: OptimizationPolicy) -> OptimizationPolicy {
    policy.metadata.uid.get_or_insert_with(|| ONLOOKER.to_owned());
    policy
}

/// Which of these policies applies to which workload.
pub fn plan(world: &World, policies: Vec<ValidatedPolicy>) -> Plan {
    Plan::new(policies, &world.namespaces(), |namespace| world.workloads_in(namespace))
}

impl Analyzer {
    /// What a pass over `extent` would decide at `now`. Nothing is written.
    pub async fn preview(&mut self, extent: &Extent, now: Timestamp) -> Preview {
        let identities = self.identities();
        let plan = self.plan();
        let (risk_blind, blind) = gather::blind_spots(&self.world);
        let names = unmatched::find(&plan, &WorldRows(&self.world));
        let mut preview = Preview { plan, workloads: Vec::new(), blind, unread: Vec::new(), faults: Vec::new(), names };
        if !preview.blind.is_empty() {
            return preview;
        }
        let plan = &preview.plan;
        let prices = self.prices(now);
        let sized_by_people = self.sized_by_people();
        let round = Round { plan, identities: &identities, extent, prices: &prices, sized_by_people, risk_blind, now };
        let end_s = now.as_second() - now.as_second().rem_euclid(STEP_SECONDS);
        self.memory.read_until_s = end_s;
        let window_s = plan.policies.iter().map(|p| p.rules.window_seconds).max().unwrap_or(0);
        let span = Span { end_s, window_s, step_s: STEP_SECONDS };
        for (feed, assigned) in self.by_feed(&round).into_values() {
            let (ready, arrivals) = mpsc::unbounded_channel();
            let refresh = self.read(&feed, &assigned, span, ready).await;
            drop(arrivals);
            let unread = |namespace: &str| refresh.failures.iter().any(|f| f.namespaces.iter().any(|n| n == namespace));
            for (workload, index) in assigned.values().flatten() {
                let Some(policy) = plan.policies.get(*index) else { continue };
                let Some(identity) = identities.get(&policy.name) else { continue };
                feed.store.observe_kills_of_pods(&self.world, workload);
                let mut containers = Vec::new();
                let note = |observed: &Observed<'_>, former: Option<&Proposal>| {
                    containers = look(policy, observed, former, now);
                };
                let Some((mut outcome, _)) = self.decide_one(&round, &feed, policy, identity, workload, note) else {
                    continue;
                };
                if outcome == Outcome::Skip(Skip::NoUsageData) && unread(&workload.namespace) {
                    outcome = Outcome::Skip(Skip::MetricsUnavailable);
                }
                let Some(row) = self.world.workload(workload) else { continue };
                let told = self.memory.told.lock();
                let fault = told.get(workload).filter(|_| outcome == Outcome::Skip(Skip::InvalidAnnotation)).cloned();
                let policy = policy.name.clone();
                preview.workloads.push(Previewed { row, policy, outcome, containers, fault });
            }
            let used: BTreeSet<usize> = assigned.values().flatten().map(|(_, i)| *i).collect();
            for policy in used.into_iter().filter_map(|i| plan.policies.get(i)) {
                let own = assigned.values().flatten().filter(|(_, i)| plan.policies[*i].name == policy.name);
                let strangers = |newest_s| self.strangers(&feed, own.map(|(workload, _)| workload), newest_s);
                let fault = feed::fault(&feed, None, strangers, policy.max_age_s, now.as_second());
                if let Some((reason, message)) = fault.and_then(|fault| told(fault, &policy.name, &preview.workloads)) {
                    preview.faults.push((policy.name.clone(), reason, message));
                }
            }
            preview.unread.extend(refresh.failures.into_iter().map(|f| (f.namespaces, f.error.to_string())));
        }
        preview.workloads.sort_by(|a, b| a.row.id.cmp(&b.row.id));
        preview
    }
}

/// The message about a feed's fault for a policy: it names workloads whose newest sample is too old, since others may
/// be decided on nevertheless, such as those that run and end, by their past runs. `None` if there are none.
fn told(fault: feed::UnusableUsage, policy: &str, workloads: &[Previewed]) -> Option<feed::UnusableUsage> {
    let (reason, message) = fault;
    if reason != METRICS_STALE {
        return Some((reason, message));
    }
    let stale = |w: &&Previewed| w.policy == policy && w.outcome == Outcome::Skip(Skip::StaleMetrics);
    let names: Vec<String> = workloads.iter().filter(stale).map(|w| w.id().to_string()).collect();
    if names.is_empty() {
        return None;
    }
    Some((reason, format!("{message}; that is {}", first_of(&names, STALE_SHOWN))))
}

impl Previewed {
    /// Its id.
    pub fn id(&self) -> &WorkloadId {
        &self.row.id
    }
}

#[cfg(test)]
#[path = "preview_tests.rs"]
mod tests;
