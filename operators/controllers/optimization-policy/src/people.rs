//! The risk of people's proposals: the guard's two-person rule requires it.
//!
//! In: the Recommendations without a policy, the world, and the known usage. Out: `status.risk` of each whose level,
//! reasons or proposal changed. Nothing else of their status is written here: digest, conditions and the rollout belong
//! to the recommendation controller. A risk names the digest that it rates. So there is no race: between a change of a
//! proposal and its next assessment, the former risk names another digest than the status shows, and the guard takes
//! that, like a missing risk, as High.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use futures::{StreamExt, stream};
use trimtab_api::{Recommendation, RecommendationStatus, risk::Risk};
use trimtab_core::WorkloadId;
use trimtab_recommendation_row::{RecommendationRow, RiskSummary};
use trimtab_runtime::ApplyError;
use trimtab_sizing::ContainerHistory;

use crate::{
    analyzer::{Analyzer, Round},
    attempt::Attempt,
    feed::Feed,
    gather::{self, Gathered, PerPod},
    memory::Name,
    observed::Observed,
    proposed, risk,
    rollout_progress::{RolloutProgress, undone},
    write,
};

/// How many writes are in flight at the same time.
const AT_ONCE: usize = 8;

/// The reason for a proposal whose target does not exist.
const NOT_FOUND: &str = "TargetNotFound";
/// The reason if its existence cannot be determined.
const UNSEEN: &str = "WorldIncomplete";

/// Whether `row` is a person's proposal whose risk is kept up to date. A proposal does not change during its rollout,
/// and a size in force keeps the risk at which it was approved.
fn is_assessed(row: &RecommendationRow) -> bool {
    row.policy.is_none()
        && !row.terminating
        && match RolloutProgress::of(row) {
            RolloutProgress::UnderWay => false,
            RolloutProgress::Applied => is_waiting(row),
            RolloutProgress::NotStarted | RolloutProgress::GivenUp => true,
        }
}

/// Whether its present proposal has no risk yet.
fn is_waiting(row: &RecommendationRow) -> bool {
    row.risk.as_ref().is_none_or(|risk| risk.digest.as_ref() != Some(&row.digest))
}

/// Its last rollout; `None` if there was none.
fn attempt(row: &RecommendationRow) -> Option<Attempt> {
    row.rollout.as_ref().map(Attempt::of)
}

/// Whether somebody waits for the risk of their proposal. Failed writes are left for the next pass.
pub(crate) fn wait(analyzer: &Analyzer) -> bool {
    let waits = |row: &RecommendationRow| {
        let failed = || analyzer.memory.unassessed.get(&name(row));
        is_assessed(row) && is_waiting(row) && failed().is_none_or(|failed| *failed != row.digest)
    };
    !analyzer.recommendations.keys_where(waits).is_empty()
}

/// The workloads with people's proposals: changes of a workload may change the risk.
pub(crate) fn workloads(analyzer: &Analyzer) -> BTreeSet<WorkloadId> {
    let entries = analyzer.recommendations.entries().into_iter().filter_map(|(_, entry)| entry.ok());
    entries.filter(|row| is_assessed(row)).filter_map(|row| row.workload.clone()).collect()
}

fn name(row: &RecommendationRow) -> Name {
    (row.namespace.clone(), row.name.clone())
}

impl Analyzer {
    /// What people's Recommendations apply or have in force, by workload.
    pub(crate) fn sized_by_people(&self) -> HashMap<WorkloadId, Vec<Attempt>> {
        let mut sized: HashMap<WorkloadId, Vec<Attempt>> = HashMap::new();
        let rows = self.recommendations.entries().into_iter().filter_map(|(_, entry)| entry.ok());
        for row in rows.filter(|row| row.policy.is_none() && (row.is_under_way() || row.is_in_force())) {
            if let (Some(workload), Some(attempt)) = (&row.workload, attempt(&row)) {
                sized.entry(workload.clone()).or_default().push(attempt);
            }
        }
        sized
    }

    /// Assesses people's proposals for the workloads that `round` covers, and those that wait for a risk.
    pub(crate) async fn assess_people(&mut self, round: &Round<'_>) {
        let all: Vec<Arc<RecommendationRow>> =
            self.recommendations.entries().into_iter().filter_map(|(_, entry)| entry.ok()).collect();
        let mut of_workload: HashMap<&WorkloadId, Vec<&RecommendationRow>> = HashMap::new();
        for row in &all {
            if let Some(workload) = &row.workload {
                of_workload.entry(workload).or_default().push(row);
            }
        }
        let covered =
            |row: &RecommendationRow| row.workload.as_ref().is_none_or(|workload| round.extent.covers(workload));
        let mut risks = Vec::new();
        for row in all.iter().filter(|row| is_assessed(row) && (covered(row) || is_waiting(row))) {
            let others = row.workload.as_ref().and_then(|w| of_workload.get(w)).map_or(&[][..], Vec::as_slice);
            risks.push((row.clone(), self.risk_of(round, row, others)));
            // A large number must not delay the writes of the pass.
            tokio::task::yield_now().await;
        }
        self.write_risks(risks).await;
    }

    /// The same while kinds without which nothing can be determined cannot be watched: those that wait get a risk that
    /// says so.
    pub(crate) async fn assess_people_unseen(&mut self, blind: &[String]) {
        let entries = self.recommendations.entries().into_iter().filter_map(|(_, entry)| entry.ok());
        let waiting = entries.filter(|row| is_assessed(row) && is_waiting(row));
        let risks = waiting.map(|row| (row, risk::in_doubt(UNSEEN, blind.join("; ")))).collect();
        self.write_risks(risks).await;
    }

    fn risk_of(&self, round: &Round<'_>, row: &RecommendationRow, same_workload: &[&RecommendationRow]) -> Risk {
        let (kind, target) = (&row.target.kind, &row.target.name);
        let Some(workload) = &row.workload else {
            let message = format!("Trimtab does not know the kind {kind} of {}", row.target.api_version);
            return risk::in_doubt(NOT_FOUND, message);
        };
        if !gather::sees(&self.world, workload) {
            return risk::in_doubt(
                UNSEEN,
                format!("{kind} objects cannot be watched, so the state of {target} is not known"),
            );
        }
        let Some(gathered) = gather::gather(&self.world, round.prices, &self.sizes, workload) else {
            return risk::in_doubt(NOT_FOUND, format!("there is no {kind} {target} in namespace {}", row.namespace));
        };
        if row.target.uid.as_ref().is_some_and(|uid| **uid != *gathered.workload.uid.to_string()) {
            let message = format!("it is about a {kind} {target} that is gone: another one has that name now");
            return risk::in_doubt(NOT_FOUND, message);
        }
        match self.feed_of(round, workload) {
            Some(feed) => self.weigh(round, row, same_workload, &gathered, feed),
            None => weigh(round, row, same_workload, &gathered, &[], &PerPod::default(), ("", 0)),
        }
    }

    /// The feed with the usage of `workload`: that of its policy, else any that knows it.
    fn feed_of(&self, round: &Round<'_>, workload: &WorkloadId) -> Option<&Feed> {
        let policy = round.plan.assigned.get(workload).and_then(|index| round.plan.policies.get(*index));
        let own = policy.and_then(|policy| self.feeds.of(policy.source));
        let any = [&self.feeds.prometheus, &self.feeds.metrics_server].into_iter().flatten();
        own.into_iter().chain(any).find(|feed| feed.store.with_workload(workload, |usage| !usage.is_empty()))
    }

    fn weigh(
        &self,
        round: &Round<'_>,
        row: &RecommendationRow,
        same: &[&RecommendationRow],
        gathered: &Gathered,
        feed: &Feed,
    ) -> Risk {
        let id = &gathered.workload.id;
        let per_pod = gather::per_pod(&self.world, &feed.store, id, round.now);
        for attempt in same.iter().filter_map(|row| attempt(row)) {
            feed.store.know_kills(id, |container, kill| attempt.known(container, kill));
        }
        feed.store.with_workload(id, |usage| {
            weigh(round, row, same, gathered, usage, &per_pod, (feed.name, feed.step_of(id.kind)))
        })
    }

    /// Writes the risks that differ from those shown.
    async fn write_risks(&mut self, risks: Vec<(Arc<RecommendationRow>, Risk)>) {
        let changed: Vec<(Arc<RecommendationRow>, Recommendation)> =
            risks.into_iter().filter_map(|(row, risk)| Some((row.clone(), object(&row, risk)?))).collect();
        let writer = &self.writer;
        let written: Vec<(Arc<RecommendationRow>, Result<(), ApplyError>)> = stream::iter(changed)
            .map(|(row, rec)| async move { (row, writer.apply_status(&rec).await) })
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        for (row, result) in written {
            match result {
                Ok(()) => drop(self.memory.unassessed.remove(&name(&row))),
                // An object that is deleted, or goes with its namespace, needs no risk.
                Err(error) if error.is_gone() => {}
                Err(error) => {
                    let (namespace, name) = (&row.namespace, &row.name);
                    tracing::warn!(namespace, name, %error, "the risk of a person's proposal could not be written");
                    self.metrics.count_error("optimization-policy", "write", &error);
                    self.memory.is_failing |= write::is_unexpected(&error);
                    self.memory.unassessed.insert((namespace.clone(), name.clone()), row.digest.clone());
                }
            }
        }
        let store = &self.recommendations;
        self.memory.unassessed.retain(|(namespace, name), _| store.entry(namespace, name).is_some());
    }
}

/// Assesses a proposal with the known usage. Undone rollouts of every proposal for the workload count.
fn weigh(
    round: &Round<'_>,
    row: &RecommendationRow,
    same: &[&RecommendationRow],
    gathered: &Gathered,
    usage: &[(Arc<str>, ContainerHistory)],
    per_pod: &PerPod,
    (source, step_seconds): (&'static str, i64),
) -> Risk {
    let others = same.iter().filter(|other| other.name != row.name).filter_map(|other| attempt(other));
    let attempts: Vec<Attempt> = attempt(row).into_iter().chain(others).collect();
    let observed = Observed {
        undone: undone(same, gathered.history.as_ref()),
        attempt: attempts.first(),
        recreated: same.iter().find(|of| of.policy.is_some()).map(|row| risk::recreated(row, &gathered.workload)),
        other_attempts: attempts.get(1..).unwrap_or_default(),
        ..gathered.observed(per_pod, usage, &round.risk_blind, source, step_seconds)
    };
    let policies = &round.plan.policies;
    let policy = round.plan.assigned.get(&gathered.workload.id).and_then(|index| policies.get(*index));
    let window_s = policies.iter().map(|p| p.rules.window_seconds).max();
    let proposed = proposed::of(&row.proposal, &observed, policy, window_s, round.now);
    risk::assess_proposed(&observed, &proposed, observed.other_attempts, round.now)
}

/// What is applied to the status: only the risk, since the rest belongs to another field manager and stays. `None` if
/// the status shows this risk already; a changed number in a message is no reason to write.
fn object(row: &RecommendationRow, risk: Risk) -> Option<Recommendation> {
    let risk = Risk { proposal_digest: Some(row.digest.clone()), ..risk };
    if row.risk.as_ref() == Some(&RiskSummary::of(&risk)) {
        return None;
    }
    let mut rec = Recommendation::new(&row.name, write::empty_spec(row));
    rec.metadata.namespace = Some(row.namespace.clone());
    rec.metadata.uid = Some(row.uid.clone());
    rec.status = Some(RecommendationStatus { risk: Some(risk), ..RecommendationStatus::default() });
    Some(rec)
}

#[cfg(test)]
#[path = "people_tests.rs"]
mod tests;
