//! The dependencies of passes: the analyzer, the extent of a pass, and the input of its decisions.
//!
//! In: the world, the usage feeds, and the stores of policies, Recommendations and price books. Out: the plan, the
//! prices and the identities with which a pass begins. Reads memory only.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use jiff::{Timestamp, tz::TimeZone};
use trimtab_admission_sizes::AppliedSizesWriter;
use trimtab_api::{OptimizationPolicy, PriceBook, runbooks::Runbooks};
use trimtab_core::WorkloadId;
use trimtab_pricing::PriceTable;
use trimtab_recommendation_row::RecommendationRow;
use trimtab_runtime::{Metrics, Writer, events::Events, store::Store};
use trimtab_world::World;

use crate::{
    attempt::Attempt,
    feed::Feeds,
    memory::Memory,
    object::PolicyIdentity,
    plan::Plan,
    prices::NodePrices,
    validate::{ValidatedPolicy, validate},
};

/// What a pass covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Everything, with newly read usage.
    All,
    /// These workloads and everything in these namespaces, with the usage already known.
    Only(BTreeSet<WorkloadId>, BTreeSet<Arc<str>>),
}

impl Extent {
    /// Whether the pass covers `workload`.
    pub fn covers(&self, workload: &WorkloadId) -> bool {
        match self {
            Self::All => true,
            Self::Only(workloads, namespaces) => {
                workloads.contains(workload) || namespaces.contains(&workload.namespace)
            }
        }
    }
}

/// The input of a pass's decisions.
#[derive(Debug)]
pub struct Round<'a> {
    /// Which policy applies to which workload.
    pub plan: &'a Plan,
    /// Policies by name.
    pub identities: &'a HashMap<String, PolicyIdentity>,
    /// What the pass covers.
    pub extent: &'a Extent,
    /// Node prices.
    pub prices: &'a NodePrices,
    /// What people's Recommendations apply or have in force, by workload.
    pub sized_by_people: HashMap<WorkloadId, Vec<Attempt>>,
    /// Kinds that cannot be watched, so that a risk may go unseen.
    pub risk_blind: Vec<&'static str>,
    /// The time of the pass.
    pub now: Timestamp,
}

/// The dependencies of passes, and the state kept between them.
#[derive(Debug)]
pub struct Analyzer {
    /// The cluster.
    pub world: Arc<World>,
    /// Usage.
    pub feeds: Feeds,
    /// Policies, as stored.
    pub policies: Store<OptimizationPolicy>,
    /// Recommendations.
    pub recommendations: Store<RecommendationRow>,
    /// The sizes that admission gives new pods.
    pub sizes: AppliedSizesWriter,
    /// Price books, as stored.
    pub books: Store<PriceBook>,
    /// Writes under this controller's name.
    pub writer: Writer,
    /// Publishes events under this controller's name.
    pub events: Events,
    /// Where messages lead.
    pub runbooks: Runbooks,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// List prices.
    pub table: Arc<PriceTable>,
    /// State kept between passes.
    pub memory: Memory,
}

impl Analyzer {
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
        // The first usable book in alphabetical order; stores are sorted by name.
        let book =
            self.books.entries().into_iter().find_map(|(_, entry)| trimtab_pricing::object::book(&*entry.ok()?).ok());
        let nodes = self.world.nodes();
        let prices = NodePrices::new(nodes.iter().map(|n| &**n), book.as_ref(), &self.table, today);
        for (node, error) in &prices.unpriced {
            tracing::warn!(node, error, "node has no price");
        }
        prices
    }
}
