//! Autoscalers, disruption budgets, quotas and limit ranges on the wire.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, de::IgnoredAny};

use super::{
    Object, Wire,
    amount::{Amount, Millis, ResourceList, Whole},
    target::TargetRef,
};
use crate::{
    intern::Interner,
    kind::Kind,
    row::{
        HpaMetric, HpaRow, HpaTargetValue, LimitRangeItem, LimitRangeRow, LimitRangeScope, LimitRatio, PdbRow,
        QuotaAmounts, QuotaRow, Requirement, Resources, Selector, SelectorOperator,
    },
    tables::Tables,
};

macro_rules! guard_kinds {
    ($($(#[$doc:meta])* $name:ident($spec:ty, $status:ty) => $store:expr),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub(crate) struct $name;

        impl Wire for $name {
            type Labels = IgnoredAny;
            type Annotations = IgnoredAny;
            type ManagedFields = IgnoredAny;
            type Spec = $spec;
            type Status = $status;

            fn store(_: Kind, object: Object<Self>, tables: &mut Tables) {
                let (namespace, name) = object.head.key(&mut tables.interner);
                $store(namespace, name, object.spec, object.status, tables);
            }
        }
    )*};
}

guard_kinds!(
    /// `autoscaling/v2` HorizontalPodAutoscaler.
    HorizontalPodAutoscaler(HpaSpec, HpaStatus) => store_hpa,
    /// `policy/v1` PodDisruptionBudget.
    PodDisruptionBudget(PdbSpec, PdbStatus) => store_pdb,
    /// `v1` ResourceQuota.
    ResourceQuota(QuotaSpec, QuotaStatus) => store_quota,
    /// `v1` LimitRange.
    LimitRange(LimitRangeSpec, IgnoredAny) => store_limit_range,
);

fn count(n: Option<i64>, unset: u32) -> u32 {
    n.map_or(unset, |n| u32::try_from(n.max(0)).unwrap_or(u32::MAX))
}

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
                "cpu" => trimtab_core::quantity::cpu_millis(text).ok(),
                _ => trimtab_core::quantity::bytes(text).ok(),
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

fn store_hpa(namespace: Arc<str>, name: Arc<str>, spec: HpaSpec, status: HpaStatus, tables: &mut Tables) {
    let interner = &mut tables.interner;
    let target = spec.scale_target_ref.unwrap_or_default().row(&namespace, interner);
    let mut metrics: Vec<HpaMetric> = spec.metrics.iter().flatten().map(|m| m.row(interner)).collect();
    if metrics.is_empty() {
        // What the API server does without metrics: 80 % of the CPU request.
        metrics.push(HpaMetric::Cpu { container: None, target: HpaTargetValue::Utilization(80) });
    }
    let row = HpaRow {
        target,
        min_replicas: count(spec.min_replicas, 1),
        max_replicas: count(spec.max_replicas, 0),
        current_replicas: count(status.current_replicas, 0),
        desired_replicas: count(status.desired_replicas, 0),
        metrics: metrics.into(),
        namespace,
        name,
    };
    tables.put_hpa(row);
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct PdbSpec {
    selector: Option<SelectorWire>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct SelectorWire {
    match_labels: Option<BTreeMap<String, String>>,
    match_expressions: Option<Vec<Expression>>,
}

#[derive(Clone, Debug, Deserialize)]
struct Expression {
    key: String,
    operator: Operator,
    #[serde(default)]
    values: Option<Vec<String>>,
}

/// An unknown operator makes the object malformed: what it guards could not be told.
#[derive(Clone, Copy, Debug, Deserialize)]
enum Operator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct PdbStatus {
    disruptions_allowed: Option<i64>,
    current_healthy: Option<i64>,
    desired_healthy: Option<i64>,
    expected_pods: Option<i64>,
}

impl SelectorWire {
    fn row(&self, interner: &mut Interner) -> Selector {
        let mut requirements = Vec::new();
        for (key, value) in self.match_labels.iter().flatten() {
            requirements.push(Requirement {
                key: interner.text(key),
                operator: SelectorOperator::In,
                values: [interner.text(value)].into(),
            });
        }
        for e in self.match_expressions.iter().flatten() {
            requirements.push(Requirement {
                key: interner.text(&e.key),
                operator: match e.operator {
                    Operator::In => SelectorOperator::In,
                    Operator::NotIn => SelectorOperator::NotIn,
                    Operator::Exists => SelectorOperator::Exists,
                    Operator::DoesNotExist => SelectorOperator::DoesNotExist,
                },
                values: e.values.iter().flatten().map(|v| interner.text(v)).collect(),
            });
        }
        Selector { requirements: requirements.into() }
    }
}

fn store_pdb(namespace: Arc<str>, name: Arc<str>, spec: PdbSpec, status: PdbStatus, tables: &mut Tables) {
    let row = PdbRow {
        namespace,
        name,
        selector: spec.selector.map(|s| s.row(&mut tables.interner)),
        disruptions_allowed: count(status.disruptions_allowed, 0),
        current_healthy: count(status.current_healthy, 0),
        desired_healthy: count(status.desired_healthy, 0),
        expected_pods: count(status.expected_pods, 0),
    };
    tables.put_pdb(row);
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct QuotaSpec {
    hard: Option<QuotaList>,
    scopes: Option<Vec<IgnoredAny>>,
    scope_selector: Option<IgnoredAny>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct QuotaStatus {
    hard: Option<QuotaList>,
    used: Option<QuotaList>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
struct QuotaList {
    cpu: Option<Amount<Millis>>,
    memory: Option<Amount<Whole>>,
    #[serde(rename = "requests.cpu")]
    requests_cpu: Option<Amount<Millis>>,
    #[serde(rename = "requests.memory")]
    requests_memory: Option<Amount<Whole>>,
    #[serde(rename = "limits.cpu")]
    limits_cpu: Option<Amount<Millis>>,
    #[serde(rename = "limits.memory")]
    limits_memory: Option<Amount<Whole>>,
    pods: Option<Amount<Whole>>,
}

impl QuotaList {
    fn row(self) -> QuotaAmounts {
        // `cpu` is another word for `requests.cpu`; where both are set the narrower one binds first.
        let least = |a: Option<u64>, b: Option<u64>| a.into_iter().chain(b).min();
        QuotaAmounts {
            resources: Resources {
                cpu_request: least(self.cpu.map(|a| a.0), self.requests_cpu.map(|a| a.0)),
                cpu_limit: self.limits_cpu.map(|a| a.0),
                memory_request: least(self.memory.map(|a| a.0), self.requests_memory.map(|a| a.0)),
                memory_limit: self.limits_memory.map(|a| a.0),
            },
            pods: self.pods.map(|a| a.0),
        }
    }
}

fn store_quota(namespace: Arc<str>, name: Arc<str>, spec: QuotaSpec, status: QuotaStatus, tables: &mut Tables) {
    let row = QuotaRow {
        namespace,
        name,
        hard: spec.hard.or(status.hard).unwrap_or_default().row(),
        used: status.used.unwrap_or_default().row(),
        scoped: spec.scopes.is_some_and(|s| !s.is_empty()) || spec.scope_selector.is_some(),
    };
    tables.put_quota(row);
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct LimitRangeSpec {
    limits: Option<Vec<LimitItem>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct LimitItem {
    r#type: String,
    min: Option<ResourceList>,
    max: Option<ResourceList>,
    default: Option<ResourceList>,
    default_request: Option<ResourceList>,
    max_limit_request_ratio: Option<Ratio>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
struct Ratio {
    cpu: Option<Amount<Millis>>,
    memory: Option<Amount<Millis>>,
}

impl LimitItem {
    fn row(&self) -> Option<LimitRangeItem> {
        let scope = match self.r#type.as_str() {
            "Container" => LimitRangeScope::Container,
            "Pod" => LimitRangeScope::Pod,
            _ => return None,
        };
        let amounts = |list: Option<ResourceList>| list.unwrap_or_default().amounts();
        let ratio = self.max_limit_request_ratio.unwrap_or_default();
        Some(LimitRangeItem {
            scope,
            min: amounts(self.min),
            max: amounts(self.max),
            default_limit: amounts(self.default),
            default_request: amounts(self.default_request),
            max_limit_request_ratio: LimitRatio {
                cpu_thousandths: ratio.cpu.map(|a| a.0),
                memory_thousandths: ratio.memory.map(|a| a.0),
            },
        })
    }
}

fn store_limit_range(namespace: Arc<str>, name: Arc<str>, spec: LimitRangeSpec, _: IgnoredAny, tables: &mut Tables) {
    let items = spec.limits.iter().flatten().filter_map(LimitItem::row).collect();
    tables.put_limit_range(LimitRangeRow { namespace, name, items });
}
