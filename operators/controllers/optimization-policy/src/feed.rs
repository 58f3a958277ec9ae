//! Usage feeds: a source with the histories read from it, and which policy uses which.

use std::{fmt, sync::Arc};

use tokio::sync::watch;
use trimtab_api::{
    conditions::reasons::{METRICS_STALE, METRICS_UNAVAILABLE},
    policy_sizing::MetricsSource,
};
use trimtab_core::{
    WorkloadKind,
    text::{lasting, moment},
};
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
/// decisions. `strangers` says, with the time of the newest sample, if no series is of a pod that runs in this cluster.
pub fn fault(
    feed: &Feed,
    failure: Option<&Failure>,
    strangers: impl FnOnce(Option<i64>) -> Option<String>,
    max_age_s: i64,
    now_s: i64,
) -> Option<UnusableUsage> {
    if let Some(failure) = failure {
        return Some((METRICS_UNAVAILABLE, failure.error.in_status()));
    }
    let newest = feed.store.newest_sample_s();
    if newest.is_some_and(|newest_s| now_s - newest_s <= max_age_s) {
        return None;
    }
    let strangers = strangers(newest);
    Some(match newest {
        None => (METRICS_UNAVAILABLE, strangers.unwrap_or_else(|| nothing(feed.name))),
        Some(newest_s) => (METRICS_STALE, strangers.unwrap_or_else(|| stale(feed.name, newest_s, max_age_s))),
    })
}

fn nothing(feed: &str) -> String {
    format!("{feed} has no usage of any selected workload: check that container metrics are collected")
}

fn stale(feed: &str, newest_s: i64, max_age_s: i64) -> String {
    format!(
        "the newest sample in {feed} is of {} and metrics.maxAge allows {}: until there is a newer one, \
         only workloads that run to completion are decided on, by their past runs",
        moment(newest_s),
        lasting(max_age_s)
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
    #![allow(clippy::unwrap_used)]
    use std::sync::Arc;

    use trimtab_core::{WorkloadId, WorkloadKind};
    use trimtab_metrics_sources::{PrometheusConfig, PrometheusSettings, SourceError, UnusableSource};
    use trimtab_usage_history::{Failure, UsageStore};

    use super::{Feed, fault};

    const NEWEST: i64 = 1_796_094_720;

    fn feed(newest: Option<i64>) -> Feed {
        let config = PrometheusConfig::check(PrometheusSettings::new("http://p:9090")).unwrap();
        let store = UsageStore::new();
        let web = WorkloadId::new(WorkloadKind::Deployment, "shop", "web");
        if let Some(time_s) = newest {
            store.with_container(&web, "app", |history| history.observe_memory(time_s, 1e8));
        }
        let source = Arc::new(UnusableSource::new(&config, "unused"));
        Feed { source, store: Arc::new(store), name: "Prometheus", step_seconds: 300, restored: None }
    }

    fn told(newest: Option<i64>, strangers: Option<&str>, now_s: i64) -> Option<(&'static str, String)> {
        fault(&feed(newest), None, |_| strangers.map(ToOwned::to_owned), 1800, now_s)
    }

    #[test]
    fn stale_usage_is_told_with_a_time_that_stays_while_it_grows_older() {
        let (reason, message) = told(Some(NEWEST), None, NEWEST + 1801).unwrap();
        assert_eq!(reason, "MetricsStale");
        let starts =
            "the newest sample in Prometheus is of 2026-12-01T03:12:00Z and metrics.maxAge allows 30 minutes: ";
        assert!(message.starts_with(starts), "{message}");
        assert_eq!(
            told(Some(NEWEST), None, NEWEST + 7202 * 60),
            Some((reason, message)),
            "a status write for each pass"
        );
        assert_eq!(told(Some(NEWEST), Some("not asked"), NEWEST + 1800), None);
    }

    #[test]
    fn a_server_that_is_not_queried_for_now_is_told_by_its_last_failure() {
        let open = |failures, retry_in_s| {
            let last = "can't be reached: refused".to_owned();
            let error = SourceError::CircuitOpen { server: "http://p:9090".to_owned(), failures, retry_in_s, last };
            let failure = Failure { namespaces: vec!["shop".to_owned()], error };
            fault(&feed(None), Some(&failure), |_| None, 1800, NEWEST).unwrap().1
        };
        assert_eq!(open(5, 30), "http://p:9090: can't be reached: refused");
        assert_eq!(open(9, 7), open(5, 30), "a status write for each pass");
    }

    #[test]
    fn that_no_series_is_of_this_cluster_says_more_than_an_age() {
        let why = "no series is of a pod here";
        let strangers = Some(why);
        assert_eq!(told(Some(NEWEST), strangers, NEWEST + 1801).unwrap(), ("MetricsStale", why.to_owned()));
        assert_eq!(told(None, strangers, NEWEST).unwrap(), ("MetricsUnavailable", why.to_owned()));
        assert!(told(None, None, NEWEST).unwrap().1.contains("no usage of any selected workload: check"));
    }
}
