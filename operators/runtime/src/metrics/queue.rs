//! Metrics of a work queue. In: what is added, started and done. Out: the `workqueue_*` series under the names that
//! existing dashboards query. A controller that reconciles everything in one pass has no queue, and no such series.

use std::time::Duration;

use prometheus_client::metrics::{counter::Counter, gauge::Gauge, histogram::Histogram};

use super::{Metrics, QueueLabels};

/// The handles of one queue. Cheap to clone.
#[derive(Clone, Debug)]
pub struct QueueMetrics {
    depth: Gauge,
    adds: Counter,
    retries: Counter,
    waited: Histogram,
    worked: Histogram,
}

impl QueueMetrics {
    pub(super) fn new(metrics: &Metrics, controller: &'static str) -> Self {
        let labels = QueueLabels { name: controller, controller };
        Self {
            depth: metrics.queue_depth.get_or_create_owned(&labels),
            adds: metrics.queue_adds.get_or_create_owned(&labels),
            retries: metrics.queue_retries.get_or_create_owned(&labels),
            waited: metrics.queue_time.get_or_create_owned(&labels),
            worked: metrics.work_time.get_or_create_owned(&labels),
        }
    }

    /// An object was added.
    pub fn added(&self) {
        self.adds.inc();
    }

    /// Sets the number of queued objects.
    pub fn set_depth(&self, waiting: usize) {
        self.depth.set(i64::try_from(waiting).unwrap_or(i64::MAX));
    }

    /// An object was queued for this long, and its processing begins.
    pub fn started(&self, waited: Duration) {
        self.waited.observe(waited.as_secs_f64());
    }

    /// Processing an object took this long.
    pub fn done(&self, worked: Duration) {
        self.worked.observe(worked.as_secs_f64());
    }

    /// An object that failed will be requeued.
    pub fn retried(&self) {
        self.retries.inc();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_controller_with_a_queue_has_its_series() {
        let metrics = Metrics::new("1", None);
        let _without = metrics.controller("sweeps", 1);
        let queue = metrics.queue("queues");
        queue.added();
        queue.set_depth(3);
        queue.started(Duration::from_millis(20));
        queue.done(Duration::from_secs(2));
        queue.retried();
        let text = metrics.encode();
        for line in [
            "workqueue_adds_total{name=\"queues\",controller=\"queues\"} 1",
            "workqueue_depth{name=\"queues\",controller=\"queues\"} 3",
            "workqueue_queue_duration_seconds_count{name=\"queues\",controller=\"queues\"} 1",
            "workqueue_work_duration_seconds_sum{name=\"queues\",controller=\"queues\"} 2.0",
            "workqueue_retries_total{name=\"queues\",controller=\"queues\"} 1",
        ] {
            assert!(text.lines().any(|l| l == line), "missing: {line}\n{text}");
        }
        assert!(!text.lines().any(|l| l.starts_with("workqueue_") && l.contains("sweeps")), "{text}");
    }
}
