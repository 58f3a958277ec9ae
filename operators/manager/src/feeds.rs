//! Usage sources. In: the command line, the cluster. Out: the feeds that policies read.

use std::sync::Arc;

use anyhow::Context;
use tokio::sync::watch;
use trimtab_metrics_sources::{MetricsServerSource, UsageSource};
use trimtab_optimization_policy::{
    evidence::STEP_SECONDS,
    feed::{Feed, Feeds},
};
use trimtab_runtime::telemetry::Redactor;
use trimtab_usage_history::UsageStore;

use crate::{process::Process, reload};

/// Builds the feeds. Whoever restores earlier samples of metrics-server signals completion by the sender.
pub async fn of(process: &Process, redactor: &Redactor) -> anyhow::Result<(Feeds, watch::Sender<bool>)> {
    let Process { args, client, server, .. } = process;
    let prometheus = reload::source(process, redactor).await?;
    let sampled = args.metrics_server || prometheus.is_none();
    let sampled_every =
        i64::try_from(args.metrics_server_interval.as_secs()).context("--metrics-server-interval is too long")?;
    let (ready, restored) = watch::channel(false);
    let metrics_server =
        || -> Arc<dyn UsageSource> { Arc::new(MetricsServerSource::new(client.clone(), server.clone())) };
    let feeds = Feeds {
        prometheus: prometheus.map(|source| feed(source, "Prometheus", STEP_SECONDS, None)),
        metrics_server: sampled.then(|| feed(metrics_server(), "MetricsServer", sampled_every, Some(restored))),
    };
    Ok((feeds, ready))
}

fn feed(
    source: Arc<dyn UsageSource>,
    name: &'static str,
    step_seconds: i64,
    restored: Option<watch::Receiver<bool>>,
) -> Feed {
    Feed { source, store: Arc::new(UsageStore::new()), name, step_seconds, restored }
}
