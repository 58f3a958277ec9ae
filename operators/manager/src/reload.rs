//! The Prometheus source, whose credentials are read again while the program runs.
//!
//! In: the process. Out: a source that uses new credentials about a minute after they change. While they cannot be read, or
//! are not valid, it keeps those that it has.

use std::{sync::Arc, time::Duration};

use kube::Client;
use tokio_util::sync::CancellationToken;
use trimtab_metrics_sources::{ReplaceableSource, UsageSource};
use trimtab_runtime::telemetry::Redactor;

use crate::{cli::PrometheusArgs, credentials::Credentials, process::Process, prometheus};

/// Time between two reads, as for the service account of the pod.
const EVERY: Duration = Duration::from_secs(60);

/// The source that the arguments name; `None` if they name no server.
pub async fn source(process: &Process, redactor: &Redactor) -> anyhow::Result<Option<Arc<dyn UsageSource>>> {
    let Process { args, client, namespace, stop, .. } = process;
    let args = &args.prometheus;
    if args.prometheus_url.is_none() {
        return Ok(None);
    }
    let credentials = Credentials::read(args, client, namespace).await?;
    let Some(first) = prometheus::source(args, &credentials, redactor)? else { return Ok(None) };
    tracing::info!(server = first.server(), "usage is read from Prometheus");
    let source = Arc::new(ReplaceableSource::new(Arc::new(first)));
    if Credentials::may_change(args) {
        let reload = Reload {
            args: args.clone(),
            client: client.clone(),
            namespace: namespace.clone(),
            redactor: redactor.clone(),
            source: source.clone(),
            credentials,
            failed: false,
        };
        tokio::spawn(reload.run(stop.clone()));
    }
    Ok(Some(source))
}

/// The source and what its credentials are read from.
struct Reload {
    args: PrometheusArgs,
    client: Client,
    namespace: String,
    redactor: Redactor,
    source: Arc<ReplaceableSource>,
    /// Those that the source uses.
    credentials: Credentials,
    /// Whether the last read failed.
    failed: bool,
}

impl Reload {
    async fn run(mut self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(EVERY) => self.look().await,
            }
        }
    }

    /// Reads them once.
    async fn look(&mut self) {
        let result = self.renew().await;
        match &result {
            Ok(true) => tracing::info!(server = self.source.server(), "new credentials for Prometheus are used"),
            Ok(false) if self.failed => tracing::info!("the credentials for Prometheus can be read again"),
            Ok(false) => {}
            Err(error) if !self.failed => {
                tracing::warn!(
                    error = format!("{error:#}"),
                    "the credentials for Prometheus stay: new ones cannot be used"
                );
            }
            Err(error) => tracing::debug!(error = format!("{error:#}"), "the credentials for Prometheus stay"),
        }
        self.failed = result.is_err();
    }

    /// Replaces the source if they have changed; whether they have.
    async fn renew(&mut self) -> anyhow::Result<bool> {
        let credentials = Credentials::read(&self.args, &self.client, &self.namespace).await?;
        if credentials == self.credentials {
            return Ok(false);
        }
        if let Some(source) = prometheus::source(&self.args, &credentials, &self.redactor)? {
            self.source.replace(Arc::new(source));
        }
        self.credentials = credentials;
        Ok(true)
    }
}

#[cfg(test)]
#[path = "reload_tests.rs"]
mod tests;
