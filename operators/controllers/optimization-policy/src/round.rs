//! The deciding part of a pass: usage is read namespace by namespace, and each is decided on as soon as it is known.
//!
//! In: the [`Round`], which holds the plan of the pass. Out: tasks for the writes, and the recorded outcome of each
//! workload.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use tokio::sync::mpsc;
use trimtab_api::recommendation::Proposal;
use trimtab_core::WorkloadId;
use trimtab_metrics_sources::Responsible;
use trimtab_recommendation_row::RecommendationRow;
use trimtab_runtime::{Class, Severity};
use trimtab_usage_history::{Refresh, Span};
use trimtab_world::row::WorkloadRow;

use crate::{
    analyzer::{Analyzer, Extent, Round},
    annotations::{self, InvalidAnnotation},
    attempt::Attempt,
    decide::decide,
    events,
    evidence::STEP_SECONDS,
    feed::{self, Feed},
    gather::{self, WorldResolver},
    life,
    object::{self, PolicyIdentity},
    observed::Observed,
    outcome::{Outcome, Skip, Tally},
    risk,
    rollout_progress::undone,
    validate::ValidatedPolicy,
    write::{self, Task},
    writes::Writes,
};

/// Workloads of a namespace, each with the index of its policy.
pub(crate) type Assigned = BTreeMap<String, Vec<(WorkloadId, usize)>>;

impl Analyzer {
    /// Decides on every workload that the round covers, feed by feed.
    pub(crate) async fn decide_all(&mut self, round: &Round<'_>, writes: &mut Writes) {
        let now_s = round.now.as_second();
        self.read_latecomers(round);
        if *round.extent == Extent::All || self.memory.read_until_s == 0 {
            self.memory.read_until_s = now_s - now_s.rem_euclid(STEP_SECONDS);
        }
        for (feed, assigned) in self.by_feed(round).into_values() {
            self.decide_feed(round, &feed, assigned, writes).await;
        }
    }

    /// The workloads that the round covers, by the feed with their usage.
    pub(crate) fn by_feed(&mut self, round: &Round<'_>) -> BTreeMap<&'static str, (Feed, Assigned)> {
        let mut by_feed: BTreeMap<&'static str, (Feed, Assigned)> = BTreeMap::new();
        for (workload, index) in round.plan.assigned.iter().filter(|(id, _)| round.extent.covers(id)) {
            let policy = &round.plan.policies[*index];
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
        by_feed
    }

    async fn decide_feed(&mut self, round: &Round<'_>, feed: &Feed, assigned: Assigned, writes: &mut Writes) {
        let used: HashSet<usize> = assigned.values().flatten().map(|(_, index)| *index).collect();
        // The longest of all policies, including those that this pass does not cover: their history must stay.
        let window_s = round.plan.policies.iter().map(|p| p.rules.window_seconds).max().unwrap_or(0);
        let span = Span { end_s: self.memory.read_until_s, window_s, step_s: STEP_SECONDS };
        let (ready, arrivals) = mpsc::unbounded_channel::<Vec<String>>();
        let reading = self.read(feed, &assigned, span, ready);
        let deciding = self.decide_arrivals(round, feed, &assigned, arrivals, writes);
        let (refresh, decided) = tokio::join!(reading, deciding);
        let unread: HashSet<&str> = refresh.failures.iter().flat_map(|f| &f.namespaces).map(String::as_str).collect();
        for (workload, index, mut tally) in decided {
            if tally == Tally::Skipped(Skip::NoUsageData) && unread.contains(&*workload.namespace) {
                tally = Tally::Skipped(Skip::MetricsUnavailable);
            }
            self.remember(&workload, &round.plan.policies[index], tally);
        }
        if *round.extent == Extent::All {
            self.note_faults(round, feed, &refresh, &used, &assigned);
        }
        let oldest = round.now.as_second() - window_s - 86_400;
        feed.store.forget(oldest, |id| self.world.workload(id).is_some() || !gather::sees(&self.world, id));
    }

    #[tracing::instrument(name = "fetch_metrics", skip_all, fields(source = feed.name))]
    pub(crate) async fn read(
        &self,
        feed: &Feed,
        assigned: &Assigned,
        span: Span,
        ready: mpsc::UnboundedSender<Vec<String>>,
    ) -> Refresh {
        let refresh = if feed.source.has_history() {
            let loads = assigned.keys().map(|n| gather::load(&self.world, n)).collect();
            feed.store.refresh(&*feed.source, loads, span, &WorldResolver(&self.world), &ready).await
        } else {
            // Sampled independently of passes: the known usage is used.
            Refresh::default()
        };
        // What could not be read is decided on with what is known of it. If the receiver is gone, nobody waits for it.
        let _ = ready.send(assigned.keys().cloned().collect());
        let report = refresh.report;
        self.metrics.set_circuit(feed.source.name(), feed.source.circuit_open());
        if report.requests > 0 {
            self.metrics.count_source(feed.name, u64::from(report.requests), report.samples, report.bytes);
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
        for failure in &refresh.failures {
            let class = if failure.error.fault() == Responsible::User { Class::User } else { Class::System };
            self.metrics.count_failure("usage", "read", class, Severity::Error);
            let namespaces = failure.namespaces.len();
            tracing::warn!(source = feed.name, namespaces, error = %failure.error, "usage could not be read");
        }
        refresh
    }

    /// Decides on namespaces as they arrive, until there are no more.
    async fn decide_arrivals(
        &self,
        round: &Round<'_>,
        feed: &Feed,
        assigned: &Assigned,
        mut arrivals: mpsc::UnboundedReceiver<Vec<String>>,
        writes: &mut Writes,
    ) -> Vec<(WorkloadId, usize, Tally)> {
        let mut done: HashSet<String> = HashSet::new();
        let mut decided = Vec::new();
        while let Some(namespaces) = arrivals.recv().await {
            for namespace in namespaces {
                let Some(workloads) = assigned.get(&namespace).filter(|_| done.insert(namespace.clone())) else {
                    continue;
                };
                for (workload, index) in workloads {
                    let policy = &round.plan.policies[*index];
                    let Some(identity) = round.identities.get(&policy.name) else { continue };
                    let Some((outcome, row)) = self.decide_one(round, feed, policy, identity, workload, |_, _| ())
                    else {
                        continue;
                    };
                    decided.push((workload.clone(), *index, Tally::from(&outcome)));
                    let change = life::change(&policy.name, &outcome, row.as_deref());
                    let draft = match outcome {
                        Outcome::Recommend(draft) => Some(draft),
                        Outcome::RightSized | Outcome::Skip(_) => None,
                    };
                    if let Some(action) = write::action(change, draft) {
                        let policy = identity.clone();
                        writes.start(Task { policy, workload: workload.clone(), action, row }).await;
                    }
                }
                // A namespace of hundreds of workloads must not block the reader.
                tokio::task::yield_now().await;
            }
        }
        decided
    }

    /// Decides on one workload; `None` if it was deleted meanwhile. `also` receives the input of the decision and the
    /// former proposal.
    #[tracing::instrument(name = "analyze_workload", level = "debug", skip_all, fields(workload = %id))]
    pub(crate) fn decide_one(
        &self,
        round: &Round<'_>,
        feed: &Feed,
        policy: &ValidatedPolicy,
        identity: &PolicyIdentity,
        id: &WorkloadId,
        also: impl FnOnce(&Observed<'_>, Option<&Proposal>),
    ) -> Option<(Outcome, Option<Arc<RecommendationRow>>)> {
        let gathered = gather::gather(&self.world, round.prices, &self.sizes, id)?;
        let row = match self.recommendations.entry(&id.namespace, &object::name(id)) {
            None => None,
            Some(Ok(row)) if row.policy.is_some() => Some(row),
            // A person's proposal, or one that cannot be read: it must not be changed here.
            Some(_) => return Some((Outcome::Skip(Skip::NameTaken), None)),
        };
        if let Err(skip) = &gathered.prices {
            return Some((Outcome::Skip(*skip), row));
        }
        let per_pod = gather::per_pod(&self.world, &feed.store, id, round.now);
        let attempt = row.as_ref().and_then(|row| row.rollout.as_ref()).map(Attempt::of);
        if let Some(attempt) = &attempt {
            feed.store.know_kills(id, |container, kill| attempt.known(container, kill));
        }
        let (mut outcome, fault) = feed.store.with_workload(id, |usage| {
            let observed = Observed {
                undone: undone(row.as_deref().as_slice(), gathered.history.as_ref()),
                attempt: attempt.as_ref(),
                recreated: row.as_deref().map(|row| risk::recreated(row, &gathered.workload)),
                other_attempts: round.sized_by_people.get(id).map(Vec::as_slice).unwrap_or_default(),
                ..gathered.observed(&per_pod, usage, &round.risk_blind, feed.name, feed.step_of(id.kind))
            };
            let former = row.as_ref().map(|row| &row.proposal);
            also(&observed, former);
            let outcome = decide(policy, &observed, former, round.now);
            let invalid = outcome == Outcome::Skip(Skip::InvalidAnnotation);
            let (workload, namespace) = (&gathered.workload, &gathered.namespace);
            let fault = || annotations::fault(workload, namespace, &gathered.running.injected, usage);
            (outcome, invalid.then(fault).flatten())
        });
        if matches!(outcome, Outcome::Skip(skip) if skip.is_unmeasured()) && feed.store.is_ambiguous(id) {
            outcome = Outcome::Skip(Skip::MetricsAmbiguous);
        }
        if let Some(fault) = fault {
            self.note_annotation(identity, &gathered.workload, &fault);
        }
        Some((outcome, row))
    }

    /// Records which annotation cannot be applied, and reports it on the policy, once for each message.
    fn note_annotation(&self, identity: &PolicyIdentity, row: &WorkloadRow, fault: &InvalidAnnotation) {
        let message = fault.message();
        let mut told = self.memory.told.lock();
        if told.get(&row.id).is_none_or(|told| told != message) {
            // Unmatched names have events of their own.
            if let InvalidAnnotation::Unreadable(_) = fault {
                let event = events::invalid_annotation(&row.id, &row.uid.to_string(), message);
                self.events.publish_to(write::policy_reference(identity), event);
            }
            told.insert(row.id.clone(), message.to_owned());
        }
    }

    /// Records the problem with the usage of each policy that this feed serves, and reports changes.
    fn note_faults(
        &mut self,
        round: &Round<'_>,
        feed: &Feed,
        refresh: &Refresh,
        used: &HashSet<usize>,
        assigned: &Assigned,
    ) {
        for index in used {
            let policy = &round.plan.policies[*index];
            let hit = |n: &String| assigned.get(n).is_some_and(|w| w.iter().any(|(_, i)| i == index));
            let failure = refresh.failures.iter().find(|f| f.namespaces.iter().any(hit));
            let own = assigned.values().flatten().filter(|(_, i)| i == index).map(|(workload, _)| workload);
            let strangers = |newest_s| self.strangers(feed, own, newest_s);
            match feed::fault(feed, failure, strangers, policy.max_age_s, round.now.as_second()) {
                None => drop(self.memory.faults.remove(&policy.name)),
                Some(fault) => {
                    let known = self.memory.faults.insert(policy.name.clone(), fault.clone());
                    if known.is_none_or(|known| known.0 != fault.0)
                        && let Some(identity) = round.identities.get(&policy.name)
                    {
                        let event = events::metrics_fault(fault.0, &fault.1);
                        self.events.publish_to(write::policy_reference(identity), event);
                    }
                }
            }
        }
    }

    fn remember(&mut self, workload: &WorkloadId, policy: &ValidatedPolicy, tally: Tally) {
        self.memory.tallies.insert(workload.clone(), (policy.name.clone(), tally));
    }
}
