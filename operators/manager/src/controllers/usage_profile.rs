//! Samples metrics-server into UsageProfiles. In: what is shared. Out: a task, if metrics-server is sampled.

use tokio::{sync::watch, task::JoinHandle};
use trimtab_usage_profile::{CONTROLLER, Sampler, Settings};

use crate::{caches::Caches, interest, process::Process, shared::Shared};

/// Starts it, if there is something to do. Signals by `ready` that earlier samples have been restored.
pub fn start(shared: &Shared, ready: watch::Sender<bool>) -> Option<JoinHandle<()>> {
    let Process { args, client, metrics, now, .. } = &shared.process;
    let Caches { world, policies, .. } = &shared.caches;
    let feed = shared.feeds.metrics_server.clone()?;
    let sampler = Sampler {
        client: client.clone(),
        world: world.clone(),
        source: feed.source,
        store: feed.store,
        namespaces: interest::namespaces(world.clone(), policies.clone()),
        writer: shared.writer(CONTROLLER),
        events: shared.events(CONTROLLER),
        metrics: metrics.clone(),
        runbooks: args.runbook_url.clone(),
        ready,
    };
    let settings = Settings {
        sample_interval: args.metrics_server_interval,
        profile_interval: args.profile_interval,
        ..Settings::default()
    };
    Some(tokio::spawn(trimtab_usage_profile::run(sampler, shared.terms(), settings, *now)))
}
