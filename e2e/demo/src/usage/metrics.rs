//! The metrics of one container: their names, labels and values.
//!
//! In: a [`Track`], a container and a [`Reading`]. Out: labels and values as exposed by a kubelet's cAdvisor endpoint
//! (through a scrape job named `kubelet`) and kube-state-metrics. Pure.

use std::collections::BTreeMap;

use super::tracks::Track;
use crate::{fleet::Container, model::Reading};

/// The exporter a metric would come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum From {
    Cadvisor,
    KubeStateMetrics,
}

/// Which containers have a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    All,
    WithCpuLimit,
    OomKilled,
}

/// One metric.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// `counter` or `gauge`.
    pub kind: &'static str,
    from: From,
    of: Of,
    value: fn(&Reading) -> f64,
}

/// All metrics of the demo.
pub const METRICS: [Metric; 6] = [
    Metric {
        name: "container_cpu_usage_seconds_total",
        kind: "counter",
        from: From::Cadvisor,
        of: Of::All,
        value: |r| r.cpu_seconds,
    },
    Metric {
        name: "container_memory_working_set_bytes",
        kind: "gauge",
        from: From::Cadvisor,
        of: Of::All,
        value: |r| r.memory_bytes,
    },
    Metric {
        name: "container_cpu_cfs_periods_total",
        kind: "counter",
        from: From::Cadvisor,
        of: Of::WithCpuLimit,
        value: |r| r.periods,
    },
    Metric {
        name: "container_cpu_cfs_throttled_periods_total",
        kind: "counter",
        from: From::Cadvisor,
        of: Of::WithCpuLimit,
        value: |r| r.throttled_periods,
    },
    Metric {
        name: "kube_pod_container_status_restarts_total",
        kind: "counter",
        from: From::KubeStateMetrics,
        of: Of::All,
        value: |r| r.restarts,
    },
    Metric {
        name: "kube_pod_container_status_last_terminated_reason",
        kind: "gauge",
        from: From::KubeStateMetrics,
        of: Of::OomKilled,
        value: |_| 1.0,
    },
];

impl Metric {
    /// Its value for a container with this reading; `None` where the container has no such metric.
    pub fn value(&self, container: &Container, reading: &Reading) -> Option<f64> {
        let there = match self.of {
            Of::All => true,
            Of::WithCpuLimit => container.cpu_limit.is_some(),
            Of::OomKilled => reading.restarts > 0.0,
        };
        there.then(|| (self.value)(reading))
    }

    /// Its labels without the name. Equal for history and live data, so that they are one series.
    pub fn labels(&self, track: &Track<'_>, container: &Container) -> BTreeMap<&'static str, String> {
        let mut labels = BTreeMap::from([
            ("namespace", track.workload.namespace.to_owned()),
            ("pod", track.pod.clone()),
            ("container", container.name.clone()),
        ]);
        match self.from {
            From::Cadvisor => {
                labels.extend([
                    ("job", "kubelet".to_owned()),
                    ("metrics_path", "/metrics/cadvisor".to_owned()),
                    ("image", container.image.clone()),
                ]);
                if !track.node.is_empty() {
                    labels.extend([("node", track.node.clone()), ("instance", format!("{}:10250", track.node))]);
                }
                if self.name == "container_cpu_usage_seconds_total" {
                    labels.insert("cpu", "total".to_owned());
                }
            }
            From::KubeStateMetrics => {
                labels.extend([
                    ("job", "kube-state-metrics".to_owned()),
                    ("instance", "kube-state-metrics:8080".to_owned()),
                ]);
                if self.of == Of::OomKilled {
                    labels.insert("reason", "OOMKilled".to_owned());
                }
            }
        }
        labels
    }
}
