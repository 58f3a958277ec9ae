//! All watches. In: the process. Out: caches that fill themselves until shutdown, and what `/readyz` checks of each.

use std::{collections::BTreeSet, sync::Arc};

use tokio::sync::watch;
use trimtab_admission_sizes::{SizesAdmission, SizesRow};
use trimtab_api::{OptimizationPolicy, PriceBook, Recommendation};
use trimtab_core::{CustomKind, WorkloadKind};
use trimtab_driver::emergency_stop::EmergencyStop;
use trimtab_guard::Guard;
use trimtab_recommendation::{
    pod_resize::PodResize,
    policies::{PolicyRow, policy_row},
};
use trimtab_recommendation_row::RecommendationRow;
use trimtab_runtime::store::Store;
use trimtab_world::{Kind, Options, World};

use crate::{guard, process::Process, readiness::Readiness};

/// All watches.
#[derive(Debug)]
pub struct Caches {
    /// The cluster.
    pub world: Arc<World>,
    /// Policies, as stored.
    pub policies: Store<OptimizationPolicy>,
    /// What policies say about rollouts.
    pub policy_rows: Store<PolicyRow>,
    /// Price books.
    pub books: Store<PriceBook>,
    /// Recommendations.
    pub recommendations: Store<RecommendationRow>,
    /// The approval guard.
    pub guard: Guard,
    /// What the API server lets change in a running pod.
    pub pod_resize: watch::Receiver<PodResize>,
    /// The admission policy that gives new pods their sizes.
    pub admission: SizesAdmission,
    /// The objects that it reads.
    pub applied: Store<SizesRow>,
    /// The emergency stop, which is read on demand.
    pub emergency_stop: EmergencyStop,
    custom: Vec<CustomKind>,
}

impl Caches {
    /// Starts the watches.
    pub fn start(process: &Process) -> Self {
        let Process { args, client, namespace, now, stop, .. } = process;
        let (page_size, custom) = (args.page_size, custom(&args.workload_kinds));
        let world = World::start(
            client.clone(),
            Options { page_size, custom: custom.clone(), ..Options::default() },
            stop.clone().cancelled_owned(),
        );
        let (policies, policy_rows) = Store::start_pair(
            client.clone(),
            page_size,
            |policy: &OptimizationPolicy| Some(policy.clone()),
            |policy: &OptimizationPolicy| Some(policy_row(policy)),
            stop.clone(),
        );
        let books = Store::start(client.clone(), page_size, |book: &PriceBook| Some(book.clone()), stop.clone());
        let recommendations =
            Store::start(client.clone(), page_size, |r: &Recommendation| RecommendationRow::of(r), stop.clone());
        let (guard, pod_resize) = guard::start(client, page_size, *now, stop);
        let admission = SizesAdmission::start(client.clone(), stop.clone());
        let applied = Store::start(client.clone(), page_size, SizesRow::of, stop.clone());
        let emergency_stop = EmergencyStop::new(client.clone(), namespace);
        Self {
            world,
            policies,
            policy_rows,
            books,
            recommendations,
            guard,
            pod_resize,
            admission,
            applied,
            emergency_stop,
            custom,
        }
    }

    /// The watches that have to work.
    pub fn readiness(&self) -> Readiness {
        let mut watches = Readiness::default();
        let custom = self.custom.iter().copied().map(Kind::Custom);
        watches.world(&self.world, Kind::ALL.into_iter().chain(custom));
        watches.store("optimizationpolicies", &self.policies);
        watches.store("recommendations", &self.recommendations);
        watches.store("pricebooks", &self.books);
        watches.store("appliedsizes", &self.applied);
        watches.guard(&self.guard);
        self.admission.watches().iter().for_each(|(resource, store)| watches.optional(resource, store));
        watches
    }
}

/// The custom resources among `kinds`; the others are sized anyway.
fn custom(kinds: &[WorkloadKind]) -> Vec<CustomKind> {
    let of = |kind: &WorkloadKind| match kind {
        WorkloadKind::Custom(custom) => Some(*custom),
        _ => None,
    };
    let custom: BTreeSet<CustomKind> = kinds.iter().filter_map(of).collect();
    custom.into_iter().collect()
}
