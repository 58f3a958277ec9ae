//! The Prometheus source, whose credentials are read again while the program runs.
//!
//! In: the process. Out: a source that uses new credentials about a minute after they change. While they cannot be read,
//! or are not valid, it keeps those that it has. Where it has none yet, every read of it says what is wrong, and all that
//! needs no usage goes on.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use kube::Client;
use tokio_util::sync::CancellationToken;
use trimtab_metrics_sources::{PrometheusConfig, ReplaceableSource, UnusableSource, UsageSource};
use trimtab_runtime::{one_line, telemetry::Redactor};

use crate::{cli::PrometheusArgs, credentials::Credentials, process::Process, prometheus};

/// Time between two reads, as for the service account of the pod.
const EVERY: Duration = Duration::from_secs(60);

/// The source that the arguments name; `None` if they name no server.
///
/// # Errors
/// What is wrong with the arguments themselves. What files and the Secret hold may be mended while the program runs.
pub async fn source(process: &Process, redactor: &Redactor) -> anyhow::Result<Option<Arc<dyn UsageSource>>> {
    let Process { args, client, namespace, stop, .. } = process;
    let Some(config) = prometheus::by_flags(&args.prometheus, redactor)? else { return Ok(None) };
    tracing::info!(server = config.server(), "usage is read from Prometheus");
    let mut reload = Reload::new(args.prometheus.clone(), client, namespace, redactor, config);
    reload.look().await;
    let source = reload.source.clone();
    if reload.credentials.is_none() || Credentials::may_change(&reload.args) {
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
    /// As far as flags say.
    config: PrometheusConfig,
    source: Arc<ReplaceableSource>,
    /// Those that the source uses; none until they could be used for the first time.
    credentials: Option<Credentials>,
    /// Whether the last read failed.
    failed: bool,
}

impl Reload {
    /// Before the first read.
    fn new(
        args: PrometheusArgs,
        client: &Client,
        namespace: &str,
        redactor: &Redactor,
        config: PrometheusConfig,
    ) -> Self {
        let source = UnusableSource::new(&config, "they are not read yet");
        Self {
            args,
            client: client.clone(),
            namespace: namespace.to_owned(),
            redactor: redactor.clone(),
            config,
            source: Arc::new(ReplaceableSource::new(Arc::new(source))),
            credentials: None,
            failed: false,
        }
    }

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
        let has_some = self.credentials.is_some();
        match self.renew().await {
            Ok(renewed) => {
                match renewed {
                    true if has_some || self.failed => {
                        tracing::info!(server = self.source.server(), "new credentials for Prometheus are used");
                    }
                    false if self.failed => tracing::info!("the credentials for Prometheus can be read again"),
                    _ => {}
                }
                self.failed = false;
            }
            Err(error) => {
                let error = one_line::text(&*error);
                match (has_some, self.failed) {
                    (true, false) => {
                        tracing::warn!(error, "the credentials for Prometheus stay: new ones cannot be used");
                    }
                    (false, false) => tracing::warn!(
                        error,
                        "the credentials for Prometheus cannot be used: no usage is read until they can; they are read \
                         again every minute"
                    ),
                    (_, true) => tracing::debug!(error, "the credentials for Prometheus still cannot be used"),
                }
                if !has_some {
                    let why = format!("{error} (read again every minute)");
                    self.source.replace(Arc::new(UnusableSource::new(&self.config, why)));
                }
                self.failed = true;
            }
        }
    }

    /// Replaces the source if they have changed; whether they have.
    async fn renew(&mut self) -> anyhow::Result<bool> {
        let credentials = Credentials::read(&self.args, &self.client, &self.namespace).await?;
        if self.credentials.as_ref() == Some(&credentials) {
            return Ok(false);
        }
        let source = prometheus::source(&self.args, &credentials, &self.redactor)
            .with_context(|| Credentials::places(&self.args, &self.namespace))?;
        if let Some(source) = source {
            self.source.replace(Arc::new(source));
        }
        self.credentials = Some(credentials);
        Ok(true)
    }
}

#[cfg(test)]
#[path = "reload_tests.rs"]
mod tests;
