//! Rolls out approved Recommendations. In: what is shared. Out: a task.

use std::sync::Arc;

use tokio::task::JoinHandle;
use trimtab_driver::schedule;
use trimtab_optimization_policy::feed::Feeds;
use trimtab_recommendation::{
    CONTROLLER,
    gather::{Sources, Usage},
    refused_pods::RefusedPods,
    requests::Sender,
    rollouts::reconciler,
};

use crate::{caches::Caches, process::Process, shared::Shared};

/// Starts it.
pub fn start(shared: &Shared) -> JoinHandle<()> {
    let Process { args, client, metrics, now, stop, .. } = &shared.process;
    let Caches { world, policy_rows, recommendations, guard, pod_resize, admission, emergency_stop, .. } =
        &shared.caches;
    let sources = Sources {
        world: world.clone(),
        policies: policy_rows.clone(),
        guard: guard.clone(),
        sizes: shared.sizes.clone(),
        admission: admission.clone(),
        usage: usage(&shared.feeds),
        emergency_stop: emergency_stop.clone(),
        pod_resize: pod_resize.clone(),
        limiter: Arc::default(),
        refused_pods: RefusedPods::start(client.clone(), args.page_size, stop.clone()),
        nodes: Arc::default(),
        questions: Arc::default(),
    };
    let sender = Sender { writer: shared.writer(CONTROLLER), client: client.clone(), sizes: shared.sizes.clone() };
    let (rows, events, runbooks) = (recommendations.clone(), shared.events(CONTROLLER), args.runbook_url.clone());
    let reconciler = reconciler(rows, sources, sender, events, metrics.clone(), runbooks, *now);
    tokio::spawn(schedule::run(reconciler, shared.terms()))
}

/// Where usage queries go: Prometheus, else the samples of metrics-server.
fn usage(feeds: &Feeds) -> Option<Usage> {
    let feed = feeds.prometheus.as_ref().or(feeds.metrics_server.as_ref())?;
    Some(Usage { source: feed.source.clone(), store: feed.store.clone() })
}
