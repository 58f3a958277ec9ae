//! Usage feeds: a source with the histories read from it, and which policy uses which.

use std::{fmt, sync::Arc};

use tokio::sync::watch;
use trimtab_api::{
    conditions::reasons::{METRICS_STALE, METRICS_UNAVAILABLE},
    policy_sizing::MetricsSource,
};
use trimtab_core::{WorkloadKind, text::count};
use trimtab_metrics_sources::{RUN_STEP_S, UsageSource};
use trimtab_usage_history::{Failure, UsageStore};

/// A usage source with the histories read from it.
#[derive(Clone)]
pub struct Feed {
    /// The source.
    pub source: Arc<dyn UsageSource>,
    /// Its histories.
    pub store: Arc<UsageStore>,
    /// Its name for people: `Prometheus` or `MetricsServer`.
    pub name: &'static str,
    /// Seconds between two samples of one pod.
    pub step_seconds: i64,
    /// Whether histories kept across a restart have been read back; nothing is decided before.
    pub restored: Option<watch::Receiver<bool>>,
}

impl Feed {
    /// Seconds between two samples of one pod of a workload of this kind: what runs to completion is read at a finer
    /// step if the source has a history.
    pub fn step_of(&self, kind: WorkloadKind) -> i64 {
        step_of(self.source.has_history(), self.step_seconds, kind)
    }
}

/// Seconds between two samples of a source with this usual step.
pub fn step_of(has_history: bool, step_seconds: i64, kind: WorkloadKind) -> i64 {
    if has_history && kind.runs_to_completion() { RUN_STEP_S.min(step_seconds) } else { step_seconds }
}

/// The available feeds.
#[derive(Clone, Debug, Default)]
pub struct Feeds {
    /// Prometheus, if configured.
    pub prometheus: Option<Feed>,
    /// metrics-server, if sampled.
    pub metrics_server: Option<Feed>,
}

impl Feeds {
    /// Completes when every feed can be used for decisions.
    pub async fn restored(&mut self) {
        for feed in [&mut self.prometheus, &mut self.metrics_server].into_iter().flatten() {
            if let Some(restored) = &mut feed.restored {
                // The sender is dropped only at shutdown, when nothing is decided any more.
                let _ = restored.wait_for(|restored| *restored).await;
            }
        }
    }

    /// The feed that a policy with this setting uses.
    pub fn of(&self, source: MetricsSource) -> Option<&Feed> {
        match source {
            MetricsSource::Auto => self.prometheus.as_ref().or(self.metrics_server.as_ref()),
            MetricsSource::Prometheus => self.prometheus.as_ref(),
            MetricsSource::MetricsServer => self.metrics_server.as_ref(),
        }
    }
}

impl fmt::Debug for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feed").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The problem with a policy's usage: a reason and a message.
pub type UnusableUsage = (&'static str, String);

/// The problem with a feed at `now_s` for a policy with a namespace that `failure` hit; `None` if it can be used for
/// decisions.
pub fn fault(feed: &Feed, failure: Option<&Failure>, max_age_s: i64, now_s: i64) -> Option<UnusableUsage> {
    if let Some(failure) = failure {
        return Some((METRICS_UNAVAILABLE, failure.error.to_string()));
    }
    let Some(newest) = feed.store.newest_sample_s() else {
        let message =
            format!("{} has no usage of any selected workload: check that container metrics are collected", feed.name);
        return Some((METRICS_UNAVAILABLE, message));
    };
    let age_s = now_s - newest;
    (age_s > max_age_s).then(|| (METRICS_STALE, stale(feed.name, age_s, max_age_s)))
}

fn stale(feed: &str, age_s: i64, max_age_s: i64) -> String {
    // Rounded up, so that it is never what the policy allows.
    let minutes = (age_s + 59) / 60;
    format!(
        "the newest sample in {feed} is {} old and metrics.maxAge allows {}: until there is a newer one, \
         only workloads that run to completion are decided on, by their past runs",
        count(minutes, "minute"),
        max_age_s / 60
    )
}

/// The fault of a policy whose source is not configured in the operator.
pub fn absent(source: MetricsSource) -> UnusableUsage {
    let message = match source {
        MetricsSource::Prometheus => "no Prometheus is configured: set --prometheus-url",
        _ => "the operator has no usage source: set --prometheus-url or --metrics-server",
    };
    (METRICS_UNAVAILABLE, message.to_owned())
}

#[cfg(test)]
mod tests {
    use super::stale;

    #[test]
    fn the_age_of_stale_usage_is_more_than_is_allowed() {
        let old = |age_s: i64| stale("Prometheus", age_s, 60);
        assert!(old(61).starts_with("the newest sample in Prometheus is 2 minutes old and metrics.maxAge allows 1: "));
        assert!(old(3600).contains(" is 60 minutes old "), "{}", old(3600));
    }
}
