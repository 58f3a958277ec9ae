//! Metrics of passes. In: when a pass starts and how it ended. Out: the `controller_runtime_*` series under the names
//! that existing dashboards query.

use std::time::Instant;

use prometheus_client::metrics::{counter::Counter, gauge::Gauge, histogram::Histogram};

use super::{ControllerLabels, Metrics, ResultLabels};

/// How a pass ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Done, nothing to do until something changes.
    Success,
    /// Failed.
    Error,
    /// Done, to be requeued after a time.
    RequeueAfter,
}

/// The handles of one controller. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ControllerMetrics {
    results: [Counter; 3],
    errors: Counter,
    time: Histogram,
    active: Gauge,
}

impl ControllerMetrics {
    pub(super) fn new(metrics: &Metrics, controller: &'static str, max_concurrent: u16) -> Self {
        let labels = ControllerLabels { controller };
        let result = |result| metrics.reconciles.get_or_create_owned(&ResultLabels { controller, result });
        metrics.max_concurrent.get_or_create(&labels).set(i64::from(max_concurrent));
        Self {
            results: [result("success"), result("error"), result("requeue_after")],
            errors: metrics.reconcile_errors.get_or_create_owned(&labels),
            time: metrics.reconcile_time.get_or_create_owned(&labels),
            active: metrics.active_workers.get_or_create_owned(&labels),
        }
    }

    /// A pass starts. Dropping the [`Pass`] without [`Pass::finish`] or [`Pass::cut_off`] (a panic, a cancelled task)
    /// counts as an error.
    #[must_use]
    pub fn start(&self) -> Pass {
        self.active.inc();
        Pass { metrics: self.clone(), started: Instant::now(), outcome: Some(Outcome::Error) }
    }
}

/// A pass under way.
#[derive(Debug)]
pub struct Pass {
    metrics: ControllerMetrics,
    started: Instant,
    /// `None`: it has none.
    outcome: Option<Outcome>,
}

impl Pass {
    /// The pass has ended.
    pub fn finish(mut self, outcome: Outcome) {
        self.outcome = Some(outcome);
    }

    /// The program ends in the middle of the pass, or another instance leads: that is no error, and it has no outcome and
    /// no duration.
    pub fn cut_off(mut self) {
        self.outcome = None;
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let took = self.started.elapsed().as_secs_f64();
        let m = &self.metrics;
        m.active.dec();
        let Some(outcome) = self.outcome else { return };
        m.time.observe(took);
        let [success, error, requeue_after] = &m.results;
        match outcome {
            Outcome::Success => success.inc(),
            Outcome::RequeueAfter => requeue_after.inc(),
            Outcome::Error => {
                m.errors.inc();
                error.inc()
            }
        };
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn an_abandoned_pass_is_an_error_and_frees_its_worker() {
        let metrics = Metrics::new("1", None);
        let c = metrics.controller("c", 1);
        c.start().finish(Outcome::RequeueAfter);
        let pass = c.start();
        assert!(metrics.encode().contains("controller_runtime_active_workers{controller=\"c\"} 1\n"));
        drop(pass);
        let text = metrics.encode();
        assert!(text.contains("controller_runtime_active_workers{controller=\"c\"} 0\n"));
        assert!(text.contains("controller_runtime_reconcile_total{controller=\"c\",result=\"error\"} 1\n"));
        assert!(text.contains("controller_runtime_reconcile_errors_total{controller=\"c\"} 1\n"));
        assert!(text.contains("controller_runtime_reconcile_total{controller=\"c\",result=\"requeue_after\"} 1\n"));
        assert!(text.contains("controller_runtime_reconcile_time_seconds_count{controller=\"c\"} 2\n"));
    }

    #[test]
    fn a_pass_that_is_cut_off_is_no_error_and_frees_its_worker() {
        let metrics = Metrics::new("1", None);
        metrics.controller("c", 1).start().cut_off();
        let text = metrics.encode();
        assert!(text.contains("controller_runtime_active_workers{controller=\"c\"} 0\n"));
        assert!(text.contains("controller_runtime_reconcile_total{controller=\"c\",result=\"error\"} 0\n"));
        assert!(text.contains("controller_runtime_reconcile_errors_total{controller=\"c\"} 0\n"));
        assert!(text.contains("controller_runtime_reconcile_time_seconds_count{controller=\"c\"} 0\n"));
    }
}
