//! HorizontalPodAutoscalers: what else changes the replica count of a workload, and on which metrics.
//!
//! In: a HorizontalPodAutoscaler as the API server sends it. Out: its target, its bounds and its metrics. A change of
//! these wakes the target workload; the replica counts in its status are read when needed.

use std::sync::Arc;

use serde::Deserialize;
use trimtab_core::{WorkloadId, quantity};

use super::{Tabled, Watched, kind::Api};
use crate::{
    intern::Interner,
    row::HpaTarget,
    tables::{Dirty, Key, Table, Tables},
    wire::{Head, Parts, TargetRef, count},
    world::World,
};

pub(crate) const API: Api = Api::new("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers");

/// Target value of an autoscaler metric.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HpaTargetValue {
    /// Percent of the request, averaged over pods.
    Utilization(u32),
    /// Millicores or bytes, averaged over pods.
    AverageValue(u64),
}

/// One metric of an autoscaler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HpaMetric {
    /// CPU, of one container (`ContainerResource`) or of the whole pod.
    Cpu {
        /// The container, if only one is measured.
        container: Option<Arc<str>>,
        /// Its target value.
        target: HpaTargetValue,
    },
    /// Memory, of one container (`ContainerResource`) or of the whole pod.
    Memory {
        /// The container, if only one is measured.
        container: Option<Arc<str>>,
        /// Its target value.
        target: HpaTargetValue,
    },
    /// Any other metric: pods, object and external metrics, and other resources. Named by its type.
    Other(Arc<str>),
}

/// A HorizontalPodAutoscaler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HpaRow {
    /// Its namespace.
    pub namespace: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// The scale target.
    pub target: HpaTarget,
    /// Minimum replicas; 1 where unset.
    pub min_replicas: u32,
    /// Maximum replicas.
    pub max_replicas: u32,
    /// Current replicas in its status.
    pub current_replicas: u32,
    /// Desired replicas in its status.
    pub desired_replicas: u32,
    /// Its metrics.
    pub metrics: Box<[HpaMetric]>,
}

impl HpaRow {
    /// Whether it scales on CPU utilisation: then resizing CPU moves its set point.
    pub fn scales_on_cpu_utilization(&self) -> bool {
        self.metrics.iter().any(|m| matches!(m, HpaMetric::Cpu { target: HpaTargetValue::Utilization(_), .. }))
    }

    /// Whether it scales on memory utilisation.
    pub fn scales_on_memory_utilization(&self) -> bool {
        self.metrics.iter().any(|m| matches!(m, HpaMetric::Memory { target: HpaTargetValue::Utilization(_), .. }))
    }
}

/// `autoscaling/v2` HorizontalPodAutoscaler.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HorizontalPodAutoscaler;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct HpaSpec {
    scale_target_ref: Option<TargetRef>,
    min_replicas: Option<i64>,
    max_replicas: Option<i64>,
    metrics: Option<Vec<Metric>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Metric {
    r#type: String,
    resource: Option<ResourceMetric>,
    container_resource: Option<ResourceMetric>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct ResourceMetric {
    name: String,
    container: Option<String>,
    target: Option<MetricTarget>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct MetricTarget {
    average_utilization: Option<i64>,
    average_value: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct HpaStatus {
    current_replicas: Option<i64>,
    desired_replicas: Option<i64>,
}

impl Metric {
    fn row(&self, interner: &mut Interner) -> HpaMetric {
        let resource = match self.r#type.as_str() {
            "Resource" => self.resource.as_ref(),
            "ContainerResource" => self.container_resource.as_ref(),
            _ => None,
        };
        let known = resource.and_then(|r| {
            let target = r.target.as_ref()?;
            let parse = |text: &str| match r.name.as_str() {
                "cpu" => quantity::cpu_millis(text).ok(),
                _ => quantity::bytes(text).ok(),
            };
            let target = match (target.average_utilization, target.average_value.as_deref()) {
                (Some(percent), _) => HpaTargetValue::Utilization(count(Some(percent), 0)),
                (None, Some(value)) => HpaTargetValue::AverageValue(parse(value)?),
                (None, None) => return None,
            };
            let container = interner.option(r.container.as_deref());
            match r.name.as_str() {
                "cpu" => Some(HpaMetric::Cpu { container, target }),
                "memory" => Some(HpaMetric::Memory { container, target }),
                _ => None,
            }
        });
        known.unwrap_or_else(|| HpaMetric::Other(interner.text(&self.r#type)))
    }
}

impl Watched for HorizontalPodAutoscaler {
    type Wire = Parts<Head, HpaSpec, HpaStatus>;
    type Store = Table<HpaRow>;
}

impl Tabled for HorizontalPodAutoscaler {
    type Row = HpaRow;

    fn row((namespace, name): Key, object: Self::Wire, interner: &mut Interner) -> HpaRow {
        let Parts { spec, status, .. } = object;
        let target = spec.scale_target_ref.unwrap_or_default().row(&namespace, interner);
        let mut metrics: Vec<HpaMetric> = spec.metrics.iter().flatten().map(|m| m.row(interner)).collect();
        if metrics.is_empty() {
            // The API server's default without metrics: 80 % of the CPU request.
            metrics.push(HpaMetric::Cpu { container: None, target: HpaTargetValue::Utilization(80) });
        }
        HpaRow {
            target,
            min_replicas: count(spec.min_replicas, 1),
            max_replicas: count(spec.max_replicas, 0),
            current_replicas: count(status.current_replicas, 0),
            desired_replicas: count(status.desired_replicas, 0),
            metrics: metrics.into(),
            namespace,
            name,
        }
    }

    fn matters(row: &HpaRow) -> impl PartialEq {
        (&row.target, row.min_replicas, row.max_replicas, &row.metrics)
    }

    fn wakes(row: &HpaRow, dirty: &mut Dirty) {
        dirty.workloads.extend(row.target.workload.clone());
    }
}

impl Tables {
    /// The autoscalers whose target is a workload.
    pub fn hpas_for(&self, id: &WorkloadId) -> Vec<Arc<HpaRow>> {
        let scales = |row: &&Arc<HpaRow>| row.target.workload.as_ref() == Some(id);
        self.stores.horizontal_pod_autoscaler.of(&id.namespace).filter(scales).cloned().collect()
    }
}

impl World {
    /// See [`Tables::hpas_for`].
    pub fn hpas_for(&self, id: &WorkloadId) -> Vec<Arc<HpaRow>> {
        self.read(|t| t.hpas_for(id))
    }
}
