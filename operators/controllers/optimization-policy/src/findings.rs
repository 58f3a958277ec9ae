//! The findings of a pass about each policy: its status, and events for news.
//!
//! In: the plan of the pass, the recorded outcome of each workload, and names that match nothing. Out: status writes
//! and events.

use std::collections::{BTreeSet, HashMap};

use futures::future::join_all;
use jiff::Timestamp;
use trimtab_core::WorkloadId;
use trimtab_recommendation_row::RealisedAmounts;
use trimtab_runtime::ApplyError;

use crate::{
    analyzer::Analyzer,
    events,
    feed::{UnusableUsage, absent},
    gather,
    object::PolicyIdentity,
    outcome::Tally,
    plan::Plan,
    status::Findings,
    status_write,
    unmatched::Names,
    unowned,
    validate::ValidatedPolicy,
    write,
};

/// Maximum number of unmatched names reported per pass and policy; the condition counts them all.
const MOST_TOLD: usize = 20;

impl Analyzer {
    /// Reports on each policy which names match nothing, each once.
    pub(crate) fn tell_names(&mut self, plan: &Plan, identities: &HashMap<String, PolicyIdentity>, names: &[Names]) {
        let mut told = HashMap::new();
        for (policy, names) in plan.policies.iter().zip(names) {
            let Some(identity) = identities.get(&policy.name).filter(|_| !names.list.is_empty()) else { continue };
            let before = self.memory.told_names.remove(&policy.name).unwrap_or_default();
            let now: BTreeSet<String> = names.list.iter().take(MOST_TOLD).map(|u| u.message.clone()).collect();
            for unmatched in names.list.iter().take(MOST_TOLD).filter(|u| !before.contains(&u.message)) {
                self.events.publish_to(write::policy_reference(identity), events::unmatched(unmatched));
            }
            told.insert(policy.name.clone(), now);
        }
        // A name that matches again is reported anew should the mismatch return.
        self.memory.told_names = told;
    }

    #[tracing::instrument(skip_all)]
    pub(crate) async fn write_policy_statuses(
        &mut self,
        plan: &Plan,
        mut names: Vec<Names>,
        blind: &[String],
        now: Timestamp,
    ) {
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
        let mut realised = self.realised();
        let unseen = gather::unseen(&self.world);
        let told = self.memory.told.lock().clone();
        let entries = self.policies.entries();
        let (this, pages) = (&*self, &self.runbooks);
        let writes = entries.iter().filter_map(|(key, entry)| {
            if entry.as_ref().is_err_and(|broken| !this.memory.undecodable.is_news(key, broken)) {
                return None;
            }
            let name = &key.1;
            let findings = plan.policies.iter().position(|p| p.name == *name).map(|index| Findings {
                outcomes: tallies.get(name.as_str()).cloned().unwrap_or_default(),
                missing_namespaces: plan.missing_namespaces[index].clone(),
                unowned: unowned::sum(plan.namespaces[index].iter().map(|namespace| this.world.unowned(namespace))),
                unseen: unseen
                    .iter()
                    .filter(|(kind, _)| plan.policies[index].kinds.contains(kind))
                    .map(|(_, why)| why.clone())
                    .collect(),
                lost_to: plan.lost_to[index].clone(),
                won_from: plan.won_from[index].clone(),
                source: this.feeds.of(plan.policies[index].source).map_or("", |f| f.name),
                metrics_fault: this.fault_of(&plan.policies[index]),
                ambiguity: this.ambiguity(&plan.policies[index], tallies.get(name.as_str())),
                blind: blind.to_vec(),
                write_failures: failures.get(name.as_str()).cloned(),
                realised: realised.remove(name).unwrap_or_default(),
                annotations: told
                    .iter()
                    .filter(|(id, _)| this.memory.tallies.get(id).is_some_and(|(policy, _)| policy == name))
                    .map(|(id, message)| (id.clone(), message.clone()))
                    .collect(),
                names: names.get_mut(index).map(std::mem::take).unwrap_or_default(),
            });
            Some(async move { (key, entry, status_write::write(&this.writer, entry, findings, pages, now).await) })
        });
        let written = join_all(writes).await;
        let mut said = Vec::new();
        for (key, entry, result) in written {
            let name = &key.1;
            match (entry, result) {
                (Err(broken), Ok(())) => said.push((key, broken)),
                // The API server rejects a status for an object on which its own rules cannot be evaluated: an event
                // reports it.
                (Err(broken), Err(ApplyError::Invalid { .. })) => {
                    if let Some(uid) = broken.metadata.uid.clone() {
                        let policy = PolicyIdentity { name: name.clone(), uid };
                        self.events.publish_to(write::policy_reference(&policy), events::undecodable(broken));
                    }
                    said.push((key, broken));
                }
                (_, Ok(()) | Err(ApplyError::NotFound { .. } | ApplyError::NotLeader)) => {}
                (_, Err(error)) => {
                    tracing::warn!(policy = name, %error, "policy status could not be written");
                    self.metrics.count_error("optimization-policy", "status", &error);
                    self.memory.is_failing |= write::is_unexpected(&error);
                }
            }
        }
        for (key, broken) in said {
            self.memory.undecodable.note(key.clone(), broken);
        }
        self.memory.undecodable.keep(&entries);
    }

    /// The realised savings of each policy's Recommendations.
    fn realised(&self) -> HashMap<String, Vec<RealisedAmounts>> {
        let mut realised: HashMap<String, Vec<RealisedAmounts>> = HashMap::new();
        for (_, entry) in self.recommendations.entries() {
            if let Ok(row) = entry
                && let (Some(policy), Some(saved)) = (&row.policy, row.realised_amounts())
            {
                realised.entry(policy.clone()).or_default().push(saved);
            }
        }
        realised
    }

    fn fault_of(&self, policy: &ValidatedPolicy) -> Option<UnusableUsage> {
        match self.feeds.of(policy.source) {
            None => Some(absent(policy.source)),
            Some(_) => self.memory.faults.get(&policy.name).cloned(),
        }
    }
}
