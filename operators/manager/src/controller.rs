//! `trimtab controller`: assembles the parts and runs them until a signal.
//!
//! In: the command line. Out: nothing; the process ends on a signal, or when it cannot start.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use trimtab_runtime::{
    shutdown,
    telemetry::{self, Redactor, TelemetryOptions},
};

use crate::{
    admin,
    caches::Caches,
    cli::ControllerArgs,
    controllers::{optimization_policy, price_book, recommendation, sizes, usage_profile},
    election::Election,
    feeds,
    installed_crds::InstalledCrds,
    process::Process,
    shared::Shared,
};

/// How long the parts have to end after a signal.
const GRACE: Duration = Duration::from_secs(8);

/// Runs the controllers.
pub fn main(args: ControllerArgs) -> anyhow::Result<()> {
    // The process mostly waits; two threads keep decisions and requests apart.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(run(args))
}

async fn run(args: ControllerArgs) -> anyhow::Result<()> {
    let redactor = Redactor::new();
    let telemetry = telemetry::init(&TelemetryOptions {
        format: args.log_format,
        filter: Some(args.log.clone()),
        otlp_endpoint: args.otlp_endpoint.clone(),
        redactor: redactor.clone(),
    })?;
    let stop = shutdown::on_signal()?;
    let result = serve(args, &redactor, &stop).await;
    stop.cancel();
    telemetry.shutdown(Duration::from_secs(2)).await;
    result
}

async fn serve(args: ControllerArgs, redactor: &Redactor, stop: &CancellationToken) -> anyhow::Result<()> {
    let process = Process::connect(args, stop.clone())?;
    let crds = InstalledCrds::start(&process.client, &process.stop);
    let (feeds, restored) = feeds::of(&process, redactor).await?;
    let caches = Caches::start(&process);
    let admin = admin::start(&process, &caches, &crds)?;
    let (leadership, election) = Election::start(&process, crds.eligible())?;
    let shared = Shared::new(process, caches, feeds, leadership)?;
    let parts = [
        Some(admin),
        Some(recommendation::start(&shared)),
        Some(sizes::start(&shared)),
        Some(optimization_policy::start(&shared)),
        Some(price_book::start(&shared)),
        usage_profile::start(&shared, restored),
    ];
    stop.cancelled().await;
    if tokio::time::timeout(GRACE, end(parts, election)).await.is_err() {
        tracing::warn!("some parts did not stop in time");
    }
    tracing::info!("stopped");
    Ok(())
}

/// Waits for the tasks to end, in the order in which they were started.
async fn end(parts: impl IntoIterator<Item = Option<JoinHandle<()>>>, election: Election) {
    for part in parts.into_iter().flatten() {
        // A part that panicked has reported it; the others still end in order.
        let _ = part.await;
    }
    // Last, because the final writes still need the Lease.
    election.end().await;
}
