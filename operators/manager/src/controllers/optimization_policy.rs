//! Reconciles OptimizationPolicies into Recommendations. In: what is shared. Out: a task.

use tokio::task::JoinHandle;
use trimtab_optimization_policy::{
    analyzer::Analyzer,
    controller::{self, CONTROLLER, Settings},
    memory::Memory,
};

use crate::{caches::Caches, process::Process, shared::Shared};

/// Starts it.
pub fn start(shared: &Shared) -> JoinHandle<()> {
    let Process { args, metrics, now, .. } = &shared.process;
    let Caches { world, policies, recommendations, books, .. } = &shared.caches;
    let analyzer = Analyzer {
        world: world.clone(),
        sizes: shared.sizes.clone(),
        feeds: shared.feeds.clone(),
        policies: policies.clone(),
        recommendations: recommendations.clone(),
        books: books.clone(),
        writer: shared.writer(CONTROLLER),
        events: shared.events(CONTROLLER),
        runbooks: args.runbook_url.clone(),
        metrics: metrics.clone(),
        table: shared.prices.clone(),
        memory: Memory::default(),
    };
    let settings = Settings { interval: args.interval, ..Settings::default() };
    tokio::spawn(controller::run(analyzer, shared.terms(), settings, *now, fastrand::f64))
}
