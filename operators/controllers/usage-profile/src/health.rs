//! The health of sampling: logged once per change of state, counted every time.
//!
//! In: the result of each sampling. Out: metrics and log lines. A failure disturbs nothing else.

use trimtab_metrics_sources::{Responsible, SourceError, UsageSource};
use trimtab_runtime::{Class, Metrics, Severity};
use trimtab_usage_history::Sampled;

use crate::controller::CONTROLLER;

/// The source's name for people.
const FEED: &str = "MetricsServer";

/// The state of sampling.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Health {
    /// Nothing was sampled yet.
    #[default]
    Unknown,
    /// Samples arrive.
    Good,
    /// The source answers, but has nothing new about any pod.
    Silent,
    /// The source cannot be read.
    Failing,
}

impl Health {
    /// The state that a sampling result shows.
    pub(crate) fn of(result: &Result<Sampled, SourceError>) -> Self {
        match result {
            Err(_) => Self::Failing,
            Ok(sampled) if sampled.fresh == 0 => Self::Silent,
            Ok(_) => Self::Good,
        }
    }

    /// Records the result of a sampling.
    pub(crate) fn note(&mut self, result: &Result<Sampled, SourceError>, source: &dyn UsageSource, metrics: &Metrics) {
        metrics.set_circuit(source.name(), source.circuit_open());
        let after = Self::of(result);
        let news = std::mem::replace(self, after) != after;
        match result {
            Ok(sampled) => {
                let report = &sampled.report;
                metrics.count_source(FEED, u64::from(report.requests), sampled.fresh, report.bytes);
            }
            Err(error) => metrics.count_failure(CONTROLLER, "sample", class(error), Severity::Error),
        }
        match (result, after) {
            _ if !news => {}
            (Err(error), _) => {
                let reason = error.reason();
                tracing::warn!(reason, %error, "usage cannot be sampled; retrying");
            }
            (Ok(sampled), Self::Good) => {
                tracing::info!(source = source.name(), samples = sampled.fresh, "usage is sampled");
            }
            (Ok(sampled), _) => tracing::warn!(
                source = source.name(),
                stale = sampled.stale,
                "the source has no new data for any pod: check its log and the kubelets"
            ),
        }
    }
}

fn class(error: &SourceError) -> Class {
    match error.fault() {
        Responsible::User => Class::User,
        Responsible::System => Class::System,
    }
}
