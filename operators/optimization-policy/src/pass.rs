//! One pass over the cluster: read usage, decide, write what changed, and say in each policy's status what came of it.
//!
//! In: the world, the usage feeds, and the shelves of policies, recommendations and price books. Out: writes. All of the
//! deciding is done by the pure modules; this one and `round` only bring them together.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::{Arc, PoisonError},
};

use jiff::{Timestamp, tz::TimeZone};
use trimtab_api::{OptimizationPolicy, PriceBook};
use trimtab_core::WorkloadId;
use trimtab_pricing::PriceTable;
use trimtab_runtime::{ApplyError, Metrics, Writer, events::Events, shelf::Shelf};
use trimtab_sizes::Keeper;
use trimtab_world::World;

use crate::{
    events,
    feed::Feeds,
    gather::{self, WorldRows},
    known::{CarriedOut, Known},
    memory::Memory,
    object::{self, PolicyIdentity},
    outcome::{Skip, Tally},
    plan::Plan,
    prices::NodePrices,
    round::Round,
    unmatched,
    validate::{ValidatedPolicy, validate},
    write::{self, Action, Task},
    writes::Writes,
};

/// What a pass looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Everything, with what is new of its usage.
    All,
    /// These workloads and everything in these namespaces, with the usage that is known.
    Only(BTreeSet<WorkloadId>, BTreeSet<Arc<str>>),
}

impl Extent {
    /// Whether the pass looks at `workload`.
    pub fn covers(&self, workload: &WorkloadId) -> bool {
        match self {
            Self::All => true,
            Self::Only(workloads, namespaces) => {
                workloads.contains(workload) || namespaces.contains(&workload.namespace)
            }
        }
    }
}

/// What passes work with, and what they keep from one to the next.
#[derive(Debug)]
pub struct Analyzer {
    /// The cluster.
    pub world: Arc<World>,
    /// Usage.
    pub feeds: Feeds,
    /// Policies, as they are stored.
    pub policies: Shelf<OptimizationPolicy>,
    /// Recommendations.
    pub recommendations: Shelf<Known>,
    /// The sizes that admission gives new pods.
    pub sizes: Keeper,
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
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|id, _| matches!(self.memory.tallies.get(id), Some((_, Tally::Skipped(Skip::InvalidAnnotation)))));
        self.memory.undecodable.retain(|name, _| identities.contains_key(name));
        let names = unmatched::find(&plan, &WorldRows(&self.world));
        self.tell_names(&plan, &identities, &names);
        self.write_policy_statuses(&plan, names, &blind, now).await;
        self.memory.failed.clone()
    }

    fn writes(&self, now: Timestamp) -> Writes {
        Writes::new(self.writer.clone(), self.events.clone(), self.metrics.clone(), now)
    }

    pub(crate) fn identities(&self) -> HashMap<String, PolicyIdentity> {
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

    pub(crate) fn plan(&self) -> Plan {
        let valid: Vec<ValidatedPolicy> =
            self.policies.entries().iter().filter_map(|(_, entry)| validate(entry.as_ref().ok()?).ok()).collect();
        Plan::new(valid, &self.world.namespaces(), |namespace| self.world.workloads_in(namespace))
    }

    pub(crate) fn prices(&self, now: Timestamp) -> NodePrices {
        let today = now.to_zoned(TimeZone::UTC).date();
        // The first book in the alphabet that can be used; shelves are sorted by name.
        let book =
            self.books.entries().into_iter().find_map(|(_, entry)| trimtab_pricing::object::book(&*entry.ok()?).ok());
        let nodes = self.world.nodes();
        let prices = NodePrices::new(nodes.iter().map(|n| &**n), book.as_ref(), &self.table, today);
        for (node, error) in &prices.unpriced {
            tracing::warn!(node, error, "node has no price");
        }
        prices
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
