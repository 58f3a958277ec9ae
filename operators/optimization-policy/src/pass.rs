//! One pass over the cluster: read usage, decide, write what changed, and say in each policy's status what came of it.
//!
//! In: the world, the usage feeds, and the shelves of policies, recommendations and price books. Out: writes. All of the
//! deciding is done by the pure modules; this one only brings them together.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use futures::future::join_all;
use jiff::{Timestamp, tz::TimeZone};
use tokio::sync::mpsc;
use tokio::{sync::Semaphore, task::JoinSet};
use trimtab_api::{OptimizationPolicy, PriceBook, policy_sizing::MetricsSource};
use trimtab_core::WorkloadId;
use trimtab_pricing::PriceTable;
use trimtab_runtime::{ApplyError, Metrics, Writer, events::Events, shelf::Shelf};
use trimtab_sources::UsageSource;
use trimtab_usage::{Span, UsageStore};
use trimtab_world::World;

use crate::{
    decide::decide,
    events, evidence,
    gather::{self, WorldResolver},
    known::Known,
    life,
    object::{self, PolicyIdentity},
    observed::Observed,
    outcome::{Outcome, Skip, Tally},
    plan::Plan,
    prices::NodePrices,
    status::Findings,
    validate::{ValidatedPolicy, validate},
    write::{self, Task},
};

/// How many writes are on their way at the same time.
const WRITES_AT_ONCE: usize = 24;

/// A usage source with the histories that came from it.
#[derive(Clone)]
pub struct Feed {
    /// The source.
    pub source: Arc<dyn UsageSource>,
    /// What it told.
    pub store: Arc<UsageStore>,
    /// How people know it: `Prometheus` or `MetricsServer`.
    pub name: &'static str,
}

/// The feeds that there are.
#[derive(Clone, Default)]
pub struct Feeds {
    /// Prometheus, where one is configured.
    pub prometheus: Option<Feed>,
    /// metrics-server, where it is sampled.
    pub metrics_server: Option<Feed>,
}

impl Feeds {
    fn of(&self, source: MetricsSource) -> Option<&Feed> {
        match source {
            MetricsSource::Auto => self.prometheus.as_ref().or(self.metrics_server.as_ref()),
            MetricsSource::Prometheus => self.prometheus.as_ref(),
            MetricsSource::MetricsServer => self.metrics_server.as_ref(),
        }
    }
}

/// What a pass looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Everything, with what is new of its usage.
    All,
    /// These workloads and everything in these namespaces, with the usage that is known.
    Only(BTreeSet<WorkloadId>, BTreeSet<Arc<str>>),
}

impl Extent {
    fn covers(&self, workload: &WorkloadId) -> bool {
        match self {
            Self::All => true,
            Self::Only(workloads, namespaces) => {
                workloads.contains(workload) || namespaces.contains(&workload.namespace)
            }
        }
    }
}

/// What passes work with, and what they keep from one to the next.
pub struct Analyzer {
    /// The cluster.
    pub world: Arc<World>,
    /// Usage.
    pub feeds: Feeds,
    /// Policies, as they are stored.
    pub policies: Shelf<OptimizationPolicy>,
    /// Recommendations.
    pub recommendations: Shelf<Known>,
    /// Price books, as they are stored.
    pub books: Shelf<PriceBook>,
    /// Writes under this controller's name.
    pub writer: Writer,
    /// Events under this controller's name.
    pub events: Events,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// List prices.
    pub table: Arc<PriceTable>,
    /// What is remembered.
    pub memory: Memory,
}

/// What is remembered between passes.
#[derive(Debug, Default)]
pub struct Memory {
    /// What came of each assigned workload, and the policy that decided.
    pub tallies: BTreeMap<WorkloadId, (String, Tally)>,
    /// The digest last written for each workload.
    pub written: HashMap<WorkloadId, String>,
    /// Up to which time usage was read.
    pub read_until_s: i64,
    /// What was wrong with the usage of each policy.
    pub faults: HashMap<String, (&'static str, String)>,
    /// Workloads whose recommendation could not be written, with the error.
    pub failed: BTreeMap<WorkloadId, String>,
}

impl Analyzer {
    /// Makes a pass. Says which workloads must be tried again.
    pub async fn pass(&mut self, extent: &Extent, now: Timestamp) -> BTreeMap<WorkloadId, String> {
        let identities = self.identities();
        let plan = self.plan();
        let (risk_blind, blind) = gather::blind_spots(&self.world);
        if blind.is_empty() {
            let prices = self.prices(now);
            self.decide_and_write(&plan, &identities, extent, &prices, &risk_blind, now).await;
            self.withdraw_orphans(&plan, &identities, now).await;
        }
        self.memory.tallies.retain(|id, _| plan.assigned.contains_key(id));
        self.memory.failed.retain(|id, _| plan.assigned.contains_key(id));
        self.write_policy_statuses(&plan, &blind, now).await;
        self.memory.failed.clone()
    }

    fn identities(&self) -> HashMap<String, PolicyIdentity> {
        self.policies
            .entries()
            .into_iter()
            .filter_map(|((_, name), entry)| {
                let uid = match &entry {
                    Ok(policy) => policy.metadata.uid.clone(),
                    Err(broken) => broken.metadata.uid.clone(),
                };
                Some((name.clone(), PolicyIdentity { name, uid: uid? }))
            })
            .collect()
    }

    fn plan(&self) -> Plan {
        let valid: Vec<ValidatedPolicy> =
            self.policies.entries().iter().filter_map(|(_, entry)| validate(entry.as_ref().ok()?).ok()).collect();
        Plan::new(valid, &self.world.namespaces(), |namespace| self.world.workloads_in(namespace))
    }

    fn prices(&self, now: Timestamp) -> NodePrices {
        let today = now.to_zoned(TimeZone::UTC).date();
        // The first book in the alphabet that can be used; shelves are sorted by name.
        let book = self
            .books
            .entries()
            .into_iter()
            .filter_map(|(_, entry)| trimtab_pricing::object::book(&*entry.ok()?).ok())
            .next();
        let nodes = self.world.nodes();
        let prices = NodePrices::new(nodes.iter().map(|n| &**n), book.as_ref(), &self.table, today);
        for (node, error) in &prices.unpriced {
            tracing::warn!(node, error, "node has no price");
        }
        prices
    }

    async fn decide_and_write(
        &mut self,
        plan: &Plan,
        identities: &HashMap<String, PolicyIdentity>,
        extent: &Extent,
        prices: &NodePrices,
        risk_blind: &[&'static str],
        now: Timestamp,
    ) {
        let now_s = now.as_second();
        if *extent == Extent::All || self.memory.read_until_s == 0 {
            self.memory.read_until_s = now_s - now_s.rem_euclid(evidence::STEP_SECONDS);
        }
        let mut by_feed: BTreeMap<&'static str, (Feed, BTreeMap<String, Vec<(WorkloadId, usize)>>)> = BTreeMap::new();
        for (workload, index) in plan.assigned.iter().filter(|(id, _)| extent.covers(id)) {
            let policy = &plan.policies[*index];
            if policy.suspended {
                continue;
            }
            match self.feeds.of(policy.source) {
                None => self.remember(workload, policy, Tally::Skipped(Skip::MetricsUnavailable)),
                Some(feed) => by_feed
                    .entry(feed.name)
                    .or_insert_with(|| (feed.clone(), BTreeMap::new()))
                    .1
                    .entry(workload.namespace.to_string())
                    .or_default()
                    .push((workload.clone(), *index)),
            }
        }
        let mut writes = Writes::new(self.writer.clone(), self.events.clone(), self.metrics.clone(), now);
        for (feed, namespaces) in by_feed.into_values() {
            self.run_feed(&feed, namespaces, plan, identities, prices, risk_blind, now, &mut writes).await;
        }
        let events = self.events.clone();
        for (workload, policy, result) in writes.finish().await {
            match result {
                Ok(digest) => {
                    self.memory.failed.remove(&workload);
                    match digest {
                        Some(digest) => drop(self.memory.written.insert(workload, digest)),
                        None => drop(self.memory.written.remove(&workload)),
                    }
                }
                Err(ApplyError::NotLeader) => {}
                Err(error) => {
                    tracing::warn!(%workload, %error, "recommendation could not be written");
                    self.metrics.count_error("optimization-policy", "write", &error);
                    let name = object::name(&workload);
                    events.publish_to(
                        write::policy_reference(&policy),
                        events::write_failed(&workload.namespace, &name, &error.to_string()),
                    );
                    self.memory.failed.insert(workload, error.to_string());
                }
            }
        }
    }

    /// Reads what is missing of a feed and decides on each namespace as soon as it is known.
    #[allow(clippy::too_many_arguments)]
    async fn run_feed(
        &mut self,
        feed: &Feed,
        namespaces: BTreeMap<String, Vec<(WorkloadId, usize)>>,
        plan: &Plan,
        identities: &HashMap<String, PolicyIdentity>,
        prices: &NodePrices,
        risk_blind: &[&'static str],
        now: Timestamp,
        writes: &mut Writes,
    ) {
        let used: HashSet<usize> = namespaces.values().flatten().map(|(_, index)| *index).collect();
        let window_s = used.iter().map(|i| plan.policies[*i].rules.window_seconds).max().unwrap_or(0);
        let span = Span { end_s: self.memory.read_until_s, window_s, step_s: evidence::STEP_SECONDS };
        let (ready, mut arrivals) = mpsc::unbounded_channel::<Vec<String>>();
        let world = self.world.clone();
        let loads = namespaces.keys().map(|n| gather::load(&world, n)).collect();
        let reading = async {
            let refresh = if feed.source.has_history() {
                let resolver = WorldResolver(&world);
                feed.store.refresh(&*feed.source, loads, span, &resolver, &ready).await
            } else {
                // Sampled beside the passes: whatever is known is known.
                trimtab_usage::Refresh::default()
            };
            // Whatever could not be read is decided on with what is known of it.
            let _ = ready.send(namespaces.keys().cloned().collect());
            drop(ready);
            refresh
        };
        let metrics = self.metrics.clone();
        let deciding = async {
            let mut done: HashSet<String> = HashSet::new();
            let mut tallies = Vec::new();
            while let Some(batch) = arrivals.recv().await {
                for namespace in batch {
                    let Some(workloads) = namespaces.get(&namespace).filter(|_| done.insert(namespace.clone())) else {
                        continue;
                    };
                    for (workload, index) in workloads {
                        let policy = &plan.policies[*index];
                        let Some(identity) = identities.get(&policy.name) else { continue };
                        let outcome = self.decide_one(feed, policy, workload, prices, risk_blind, now);
                        let Some((outcome, known)) = outcome else { continue };
                        tallies.push((workload.clone(), *index, Tally::from(&outcome)));
                        let change = life::change(&policy.name, &outcome, known.as_deref());
                        let draft = match outcome {
                            Outcome::Recommend(draft) => Some(draft),
                            Outcome::RightSized | Outcome::Skip(_) => None,
                        };
                        if let Some(action) = write::action(change, draft) {
                            let policy = identity.clone();
                            writes.start(Task { policy, workload: workload.clone(), action, known }).await;
                        }
                    }
                    tokio::task::yield_now().await;
                }
            }
            tallies
        };
        let (refresh, tallies) = tokio::join!(reading, deciding);
        let report = refresh.report;
        if report.requests > 0 {
            metrics.count_source(feed.name, u64::from(report.requests), report.samples, report.bytes);
            tracing::info!(
                source = feed.name,
                queries = report.requests,
                series = report.series,
                samples = report.samples,
                bytes = report.bytes,
                refused = report.refused,
                "usage read"
            );
        }
        metrics.set_circuit(feed.source.name(), feed.source.circuit_open());
        let unread: HashSet<&String> = refresh.failures.iter().flat_map(|f| &f.namespaces).collect();
        for (workload, index, mut tally) in tallies {
            if tally == Tally::Skipped(Skip::NoUsageData) && unread.iter().any(|n| n.as_str() == &*workload.namespace) {
                tally = Tally::Skipped(Skip::MetricsUnavailable);
            }
            self.remember(&workload, &plan.policies[index], tally);
        }
        if self.memory.read_until_s == span.end_s {
            self.note_faults(feed, &refresh, &used, plan, &namespaces, now.as_second());
        }
        for failure in &refresh.failures {
            tracing::warn!(source = feed.name, namespaces = failure.namespaces.len(), error = %failure.error, "usage could not be read");
            metrics.count_failure(
                "usage",
                "read",
                if failure.error.fault() == trimtab_sources::Fault::User {
                    trimtab_runtime::Class::User
                } else {
                    trimtab_runtime::Class::System
                },
                trimtab_runtime::Severity::Error,
            );
        }
        let oldest = now.as_second() - window_s - 86_400;
        feed.store.forget(oldest, |id| self.world.workload(id).is_some() || !gather::sees(&self.world, id));
    }

    /// What is wrong with the usage of each policy that this feed serves.
    fn note_faults(
        &mut self,
        feed: &Feed,
        refresh: &trimtab_usage::Refresh,
        used: &HashSet<usize>,
        plan: &Plan,
        namespaces: &BTreeMap<String, Vec<(WorkloadId, usize)>>,
        now_s: i64,
    ) {
        use trimtab_api::conditions::reasons::{METRICS_STALE, METRICS_UNAVAILABLE};
        let newest = feed.store.newest_sample_s();
        for index in used {
            let policy = &plan.policies[*index];
            let failure = refresh.failures.iter().find(|f| {
                f.namespaces.iter().any(|n| namespaces.get(n).is_some_and(|w| w.iter().any(|(_, i)| i == index)))
            });
            let fault = match (failure, newest) {
                (Some(failure), _) => Some((METRICS_UNAVAILABLE, failure.error.to_string())),
                (None, None) => Some((
                    METRICS_UNAVAILABLE,
                    format!(
                        "{} has no usage of any selected workload: check that container metrics are collected",
                        feed.name
                    ),
                )),
                (None, Some(newest)) if now_s - newest > policy.max_age_s => Some((
                    METRICS_STALE,
                    format!(
                        "the newest sample in {} is {} minutes old and metrics.maxAge allows {}: nothing is decided on it",
                        feed.name,
                        (now_s - newest) / 60,
                        policy.max_age_s / 60
                    ),
                )),
                _ => None,
            };
            match fault {
                Some(fault) => drop(self.memory.faults.insert(policy.name.clone(), fault)),
                None => drop(self.memory.faults.remove(&policy.name)),
            }
        }
    }

    fn remember(&mut self, workload: &WorkloadId, policy: &ValidatedPolicy, tally: Tally) {
        self.memory.tallies.insert(workload.clone(), (policy.name.clone(), tally));
    }

    /// Decides on one workload; `None` where it has gone meanwhile.
    fn decide_one(
        &self,
        feed: &Feed,
        policy: &ValidatedPolicy,
        id: &WorkloadId,
        prices: &NodePrices,
        risk_blind: &[&'static str],
        now: Timestamp,
    ) -> Option<(Outcome, Option<Arc<Known>>)> {
        let gathered = gather::gather(&self.world, prices, id)?;
        let known = match self.recommendations.entry(&id.namespace, &object::name(id)) {
            None => None,
            Some(Ok(known)) if known.policy.is_some() => Some(known),
            // Somebody's own proposal, or one that cannot be read: it is not ours to change.
            Some(_) => return Some((Outcome::Skip(Skip::NameTaken), None)),
        };
        let mix = match &gathered.prices {
            Ok(mix) => mix,
            Err(skip) => return Some((Outcome::Skip(*skip), known)),
        };
        let outcome = feed.store.with_workload(id, |usage| {
            let observed = Observed {
                workload: &gathered.workload,
                namespace: &gathered.namespace,
                pods: gathered.pods,
                usage,
                hpas: &gathered.hpas,
                pdbs: &gathered.pdbs,
                quotas: &gathered.quotas,
                limit_ranges: &gathered.limit_ranges,
                unknown_kinds: risk_blind,
                prices: mix,
                source: feed.name,
            };
            decide(policy, &observed, known.as_ref().map(|k| &k.proposal), now)
        });
        Some((outcome, known))
    }

    /// Deletes recommendations of policies whose workload has gone or is no longer selected.
    async fn withdraw_orphans(&mut self, plan: &Plan, identities: &HashMap<String, PolicyIdentity>, now: Timestamp) {
        let valid: HashSet<&str> = plan.policies.iter().map(|p| p.name.as_str()).collect();
        let mut writes = Writes::new(self.writer.clone(), self.events.clone(), self.metrics.clone(), now);
        for (_, entry) in self.recommendations.entries() {
            let Ok(known) = entry else { continue };
            let (Some(policy), Some(workload)) = (&known.policy, &known.workload) else { continue };
            if known.terminating || plan.assigned.contains_key(workload) || !gather::sees(&self.world, workload) {
                continue;
            }
            let identity = identities.get(policy);
            // A policy whose spec is wrong at present is in doubt, and doubt withdraws nothing.
            if identity.is_some() && !valid.contains(policy.as_str()) {
                continue;
            }
            let reason = match (identity, self.world.workload(workload)) {
                (None, _) => "PolicyGone",
                (Some(_), None) => "WorkloadGone",
                (Some(_), Some(_)) => "NoLongerSelected",
            };
            let policy =
                identity.cloned().unwrap_or_else(|| PolicyIdentity { name: policy.clone(), uid: String::new() });
            let task = Task {
                policy,
                workload: workload.clone(),
                action: write::Action::Withdraw(reason),
                known: Some(known.clone()),
            };
            writes.start(task).await;
        }
        for (workload, _, result) in writes.finish().await {
            match result {
                Ok(_) => drop(self.memory.written.remove(&workload)),
                Err(error) => tracing::warn!(%workload, %error, "recommendation could not be withdrawn"),
            }
        }
    }

    async fn write_policy_statuses(&mut self, plan: &Plan, blind: &[String], now: Timestamp) {
        let mut tallies: HashMap<&str, Vec<(WorkloadId, Tally)>> = HashMap::new();
        for (workload, (policy, tally)) in &self.memory.tallies {
            tallies.entry(policy).or_default().push((workload.clone(), tally.clone()));
        }
        let mut failures: HashMap<&str, (usize, String)> = HashMap::new();
        for (workload, error) in &self.memory.failed {
            if let Some((policy, _)) = self.memory.tallies.get(workload) {
                failures.entry(policy).or_insert_with(|| (0, error.clone())).0 += 1;
            }
        }
        let entries = self.policies.entries();
        let writes = entries.iter().map(|((_, name), entry)| {
            let findings = plan.policies.iter().position(|p| p.name == *name).map(|index| Findings {
                outcomes: tallies.get(name.as_str()).cloned().unwrap_or_default(),
                missing_namespaces: plan.missing_namespaces[index].clone(),
                lost_to: plan.lost_to[index].clone(),
                won_from: plan.won_from[index].clone(),
                source: self.feeds.of(plan.policies[index].source).map_or("", |f| f.name),
                metrics_fault: self.fault_of(&plan.policies[index]),
                blind: blind.to_vec(),
                write_failures: failures.get(name.as_str()).cloned(),
            });
            crate::status_write::write(&self.writer, entry, findings, now)
        });
        for result in join_all(writes).await {
            if let Err(error) = result
                && !matches!(error, ApplyError::NotFound { .. } | ApplyError::NotLeader)
            {
                tracing::warn!(%error, "policy status could not be written");
                self.metrics.count_error("optimization-policy", "status", &error);
            }
        }
    }

    fn fault_of(&self, policy: &ValidatedPolicy) -> Option<(&'static str, String)> {
        if self.feeds.of(policy.source).is_none() {
            let message = match policy.source {
                MetricsSource::Prometheus => "the operator is configured with no Prometheus: set --prometheus-url",
                _ => "the operator has no usage source: set --prometheus-url or --metrics-server",
            };
            return Some((trimtab_api::conditions::reasons::METRICS_UNAVAILABLE, message.to_owned()));
        }
        self.memory.faults.get(&policy.name).cloned()
    }
}

type Written = (WorkloadId, PolicyIdentity, Result<Option<String>, ApplyError>);

/// Writes on their way: bounded in number, collected at the end.
struct Writes {
    writer: Writer,
    events: Events,
    metrics: Arc<Metrics>,
    now: Timestamp,
    room: Arc<Semaphore>,
    tasks: JoinSet<Written>,
}

impl Writes {
    fn new(writer: Writer, events: Events, metrics: Arc<Metrics>, now: Timestamp) -> Self {
        let room = Arc::new(Semaphore::new(WRITES_AT_ONCE));
        Self { writer, events, metrics, now, room, tasks: JoinSet::new() }
    }

    /// Starts a write as soon as there is room for it.
    async fn start(&mut self, task: Task) {
        // The semaphore is never closed; without a permit the write would only be less bounded.
        let permit = self.room.clone().acquire_owned().await.ok();
        let (writer, events, metrics, now) = (self.writer.clone(), self.events.clone(), self.metrics.clone(), self.now);
        self.tasks.spawn(async move {
            let result = write::carry_out(&writer, &events, &metrics, &task, now).await;
            drop(permit);
            let digest = match task.action {
                write::Action::Propose(draft) | write::Action::Restate(draft) => Some(draft.digest),
                write::Action::Withdraw(_) => None,
            };
            (task.workload, task.policy, result.map(|()| digest))
        });
    }

    async fn finish(mut self) -> Vec<Written> {
        let mut results = Vec::new();
        while let Some(result) = self.tasks.join_next().await {
            results.extend(result.ok());
        }
        results
    }
}
