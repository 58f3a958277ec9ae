//! The endpoints `/healthz`, `/readyz` and `/metrics`. In: the process, its caches, the installed CRDs. Out: the task of the server.

use tokio::task::JoinHandle;
use trimtab_runtime::{access::Access, admin};

use crate::{caches::Caches, gauges, installed_crds::InstalledCrds, process::Process};

/// Registers the gauges and starts the server.
pub fn start(process: &Process, caches: &Caches, crds: &InstalledCrds) -> anyhow::Result<JoinHandle<()>> {
    let Process { args, client, metrics, stop, .. } = process;
    gauges::register(metrics, caches, crds);
    let checks = caches.readiness().start(stop.clone());
    let installed = crds.clone();
    checks.add("customresourcedefinitions", move || installed.check());
    let access = Access::of(args.metrics_auth, client);
    let (address, task) = admin::serve(args.admin_address, checks, metrics.clone(), access, stop.clone())?;
    tracing::info!(%address, metrics_auth = %args.metrics_auth, "serving /healthz, /readyz and /metrics");
    Ok(task)
}
