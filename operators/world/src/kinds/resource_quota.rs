//! ResourceQuotas: limits on the totals of a namespace.
//!
//! In: a ResourceQuota as the API server sends it. Out: its hard limits and what is used. A change of the hard limits
//! wakes its namespace; usage is read when needed.

use std::sync::Arc;

use serde::{Deserialize, de::IgnoredAny};

use super::{Tabled, Watched, kind::Api};
use crate::{
    intern::Interner,
    row::Resources,
    tables::{Dirty, Key, Table, Tables},
    wire::{Amount, Head, Millis, Parts, Whole},
    world::World,
};

pub(crate) const API: Api = Api::new("", "v1", "ResourceQuota", "resourcequotas");

/// Amounts of a quota. `None` is unlimited (or not reported). CPU in millicores, memory in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QuotaAmounts {
    /// CPU, memory requests and limits.
    pub resources: Resources,
    /// Number of pods.
    pub pods: Option<u64>,
}

/// A ResourceQuota.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotaRow {
    /// Its namespace.
    pub namespace: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// The hard limits.
    pub hard: QuotaAmounts,
    /// The current usage.
    pub used: QuotaAmounts,
    /// Whether it counts only some pods (scopes or a scope selector).
    pub scoped: bool,
}

/// `v1` ResourceQuota.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ResourceQuota;

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
        // `cpu` is an alias of `requests.cpu`; where both are set the narrower one binds first.
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

impl Watched for ResourceQuota {
    type Wire = Parts<Head, QuotaSpec, QuotaStatus>;
    type Store = Table<QuotaRow>;
}

impl Tabled for ResourceQuota {
    type Row = QuotaRow;

    fn row((namespace, name): Key, object: Self::Wire, _: &mut Interner) -> QuotaRow {
        let Parts { spec, status, .. } = object;
        QuotaRow {
            namespace,
            name,
            hard: spec.hard.or(status.hard).unwrap_or_default().row(),
            used: status.used.unwrap_or_default().row(),
            scoped: spec.scopes.is_some_and(|s| !s.is_empty()) || spec.scope_selector.is_some(),
        }
    }

    fn matters(row: &QuotaRow) -> impl PartialEq {
        (row.hard, row.scoped)
    }

    fn wakes(row: &QuotaRow, dirty: &mut Dirty) {
        dirty.namespaces.insert(row.namespace.clone());
    }
}

impl Tables {
    /// The quotas of a namespace.
    pub fn quotas(&self, namespace: &str) -> Vec<Arc<QuotaRow>> {
        self.stores.resource_quota.of(namespace).cloned().collect()
    }
}

impl World {
    /// See [`Tables::quotas`].
    pub fn quotas(&self, namespace: &str) -> Vec<Arc<QuotaRow>> {
        self.read(|t| t.quotas(namespace))
    }
}
