//! One pass over the cluster: read usage, decide, write what changed, and say in each policy's status what came of it.
//!
//! In: an [`Analyzer`], and what the pass looks at. Out: writes. All of the deciding is done by the pure modules; this one and
//! `round` only bring them together.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::Timestamp;
use trimtab_core::WorkloadId;
use trimtab_runtime::ApplyError;

use crate::{
    analyzer::{Analyzer, Extent, Round},
    events,
    gather::{self, WorldRows},
    known::{CarriedOut, Known},
    object::{self, PolicyIdentity},
    outcome::{Skip, Tally},
    plan::Plan,
    unmatched,
    write::{self, Action, Task},
    writes::Writes,
};

impl Analyzer {
    /// Makes a pass. Says which workloads must be tried again, with the error of each.
    #[tracing::instrument(name = "pass", skip_all)]
    pub async fn pass(&mut self, extent: &Extent, now: Timestamp) -> BTreeMap<WorkloadId, String> {
        let identities = self.identities();
        let plan = self.plan();
        let (risk_blind, blind) = gather::blind_spots(&self.world);
        if blind.is_empty() {
            let prices = self.prices(now);
            let mut writes = self.writes(now);
            let round = Round { plan: &plan, identities: &identities, extent, prices: &prices, risk_blind, now };
            self.decide_all(&round, &mut writes).await;
            self.withdraw_orphans(&plan, &identities, &mut writes).await;
            // By now all usage is read that will be.
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

    /// Notes how the writes of a pass went.
    async fn collect(&mut self, writes: Writes) {
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
                    let event = events::write_failed(&workload.namespace, &object::name(&workload), &error.to_string());
                    self.events.publish_to(write::policy_reference(&policy), event);
                    self.memory.failed.insert(workload, error.to_string());
                }
            }
        }
    }

    /// Whether something is under way or in force that there is nothing else to undo by.
    fn is_needed(&self, known: &Known, workload: &WorkloadId) -> bool {
        let changed = known.in_force || known.carried_out == CarriedOut::UnderWay;
        changed && self.world.workload(workload).is_some()
    }

    /// Whether a recommendation waits to be withdrawn whose policy is gone: what was under way has been undone by now, say.
    pub(crate) fn has_orphans(&self) -> bool {
        self.recommendations.entries().into_iter().filter_map(|(_, entry)| entry.ok()).any(|known| {
            let (Some(policy), Some(workload)) = (&known.policy, &known.workload) else { return false };
            !known.terminating
                && self.policies.entry("", policy).is_none()
                && gather::sees(&self.world, workload)
                && !self.is_needed(&known, workload)
        })
    }

    /// Deletes recommendations of policies whose workload has gone or is no longer selected, or whose policy has gone. What is
    /// under way is first brought to its end by the recommendation controller, and what is in force stays: it is what there is to
    /// undo it by.
    async fn withdraw_orphans(&self, plan: &Plan, identities: &HashMap<String, PolicyIdentity>, writes: &mut Writes) {
        let valid: HashSet<&str> = plan.policies.iter().map(|p| p.name.as_str()).collect();
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
            if self.is_needed(&known, workload) {
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
                known: Some(known.clone()),
            };
            writes.start(task).await;
        }
    }
}
