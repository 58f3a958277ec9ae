//! One pass over the cluster: read usage, decide, write changes, and report the results in each policy's status.
//!
//! In: an [`Analyzer`], and the extent of the pass. Out: writes. All decisions are made by the pure modules; this one
//! and `round` only connect them.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::Timestamp;
use trimtab_core::WorkloadId;
use trimtab_recommendation_row::RecommendationRow;
use trimtab_runtime::ApplyError;

use crate::{
    analyzer::{Analyzer, Extent, Round},
    events,
    gather::{self, WorldRows},
    object::{self, PolicyIdentity},
    outcome::{Skip, Tally},
    plan::Plan,
    unmatched,
    write::{self, Action, Task},
    writes::Writes,
};

impl Analyzer {
    /// Makes a pass. Returns the workloads that must be retried, each with its error.
    #[tracing::instrument(name = "pass", skip_all)]
    pub async fn pass(&mut self, extent: &Extent, now: Timestamp) -> BTreeMap<WorkloadId, String> {
        let identities = self.identities();
        let plan = self.plan();
        (self.memory.writes, self.memory.is_failing) = (0, false);
        let (risk_blind, blind) = gather::blind_spots(&self.world);
        if blind.is_empty() {
            let prices = self.prices(now);
            let mut writes = self.writes(now);
            let (plan, sized_by_people) = (&plan, self.sized_by_people());
            let round =
                Round { plan, identities: &identities, extent, prices: &prices, sized_by_people, risk_blind, now };
            self.decide_all(&round, &mut writes).await;
            self.withdraw_orphans(plan, &identities, &mut writes).await;
            // At this point all usage that will be read has been read.
            self.assess_people(&round).await;
            self.collect(writes).await;
        } else {
            self.assess_people_unseen(&blind).await;
        }
        self.memory.tallies.retain(|id, _| plan.assigned.contains_key(id));
        self.memory.failed.retain(|id, _| plan.assigned.contains_key(id));
        self.memory
            .told
            .get_mut()
            .retain(|id, _| matches!(self.memory.tallies.get(id), Some((_, Tally::Skipped(Skip::InvalidAnnotation)))));
        let names = unmatched::find(&plan, &WorldRows(&self.world));
        self.tell_names(&plan, &identities, &names);
        self.write_policy_statuses(&plan, names, &blind, now).await;
        self.memory.failed.clone()
    }

    fn writes(&self, now: Timestamp) -> Writes {
        Writes::new(self.writer.clone(), self.events.clone(), self.metrics.clone(), now)
    }

    /// Records the results of a pass's writes.
    async fn collect(&mut self, writes: Writes) {
        let results = writes.finish().await;
        self.memory.writes = results.len();
        for (workload, policy, result) in results {
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
                    self.memory.is_failing |= write::fails_the_pass(&error);
                    let event = events::write_failed(&workload.namespace, &object::name(&workload), &error.to_string());
                    self.events.publish_to(write::policy_reference(&policy), event);
                    self.memory.failed.insert(workload, error.to_string());
                }
            }
        }
    }

    /// Whether a rollout is under way or a size in force for which this is the only record to undo by.
    fn is_needed(&self, row: &RecommendationRow, workload: &WorkloadId) -> bool {
        (row.is_under_way() || row.is_in_force()) && self.world.workload(workload).is_some()
    }

    /// Whether a Recommendation of a deleted policy waits to be withdrawn: for example because its rollout has been
    /// undone now.
    pub(crate) fn has_orphans(&self) -> bool {
        self.recommendations.entries().into_iter().filter_map(|(_, entry)| entry.ok()).any(|row| {
            let (Some(policy), Some(workload)) = (&row.policy, &row.workload) else { return false };
            !row.terminating
                && self.policies.entry("", policy).is_none()
                && gather::sees(&self.world, workload)
                && !self.is_needed(&row, workload)
        })
    }

    /// Deletes Recommendations of policies whose workload was deleted or is no longer selected, or whose policy was
    /// deleted. Rollouts under way are first brought to their end by the recommendation controller, and sizes in force
    /// keep their Recommendation: it is the record to undo them by.
    async fn withdraw_orphans(&self, plan: &Plan, identities: &HashMap<String, PolicyIdentity>, writes: &mut Writes) {
        let valid: HashSet<&str> = plan.policies.iter().map(|p| p.name.as_str()).collect();
        for (_, entry) in self.recommendations.entries() {
            let Ok(row) = entry else { continue };
            let (Some(policy), Some(workload)) = (&row.policy, &row.workload) else { continue };
            if row.terminating || plan.assigned.contains_key(workload) || !gather::sees(&self.world, workload) {
                continue;
            }
            let identity = identities.get(policy);
            // A policy whose spec is invalid at present is in doubt, and doubt withdraws nothing.
            if identity.is_some() && !valid.contains(policy.as_str()) {
                continue;
            }
            if self.is_needed(&row, workload) {
                continue;
            }
            let reason = match (identity, self.world.workload(workload)) {
                (None, _) => "PolicyGone",
                (Some(_), None) => "WorkloadGone",
                (Some(_), Some(_)) => "NoLongerSelected",
            };
            let gone = || PolicyIdentity { name: policy.clone(), uid: String::new() };
            let task = Task {
                policy: identity.cloned().unwrap_or_else(gone),
                workload: workload.clone(),
                action: Action::Withdraw(reason),
                row: Some(row.clone()),
            };
            writes.start(task).await;
        }
    }
}
