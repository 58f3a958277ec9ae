//! LimitRanges: minima, maxima and defaults for containers and pods of a namespace.
//!
//! In: a LimitRange as the API server sends it. Out: its items for containers and pods. A change wakes its namespace.

use std::sync::Arc;

use serde::Deserialize;

use super::{Tabled, Watched, kind::Api};
use crate::{
    intern::Interner,
    row::ResourceAmounts,
    tables::{Dirty, Key, Table, Tables},
    wire::{Amount, Head, Millis, Parts, ResourceList},
    world::World,
};

pub(crate) const API: Api = Api::new("", "v1", "LimitRange", "limitranges");

/// Maximum ratio of limit to request, in thousandths (1500 is 1.5), where set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LimitRatio {
    /// For CPU.
    pub cpu_thousandths: Option<u64>,
    /// For memory.
    pub memory_thousandths: Option<u64>,
}

/// What an item of a LimitRange applies to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LimitRangeScope {
    /// Each container.
    Container,
    /// The sum over a pod.
    Pod,
}

/// One item of a LimitRange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitRangeItem {
    /// What it applies to.
    pub scope: LimitRangeScope,
    /// Minimum request.
    pub min: ResourceAmounts,
    /// Maximum limit.
    pub max: ResourceAmounts,
    /// Default limit.
    pub default_limit: ResourceAmounts,
    /// Default request.
    pub default_request: ResourceAmounts,
    /// Maximum ratio of limit to request.
    pub max_limit_request_ratio: LimitRatio,
}

/// A LimitRange: its items for containers and pods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitRangeRow {
    /// Its namespace.
    pub namespace: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// Its items of type `Container` and `Pod`.
    pub items: Box<[LimitRangeItem]>,
}

/// `v1` LimitRange.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LimitRange;

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

impl Watched for LimitRange {
    type Wire = Parts<Head, LimitRangeSpec>;
    type Store = Table<LimitRangeRow>;
}

impl Tabled for LimitRange {
    type Row = LimitRangeRow;

    fn row((namespace, name): Key, object: Self::Wire, _: &mut Interner) -> LimitRangeRow {
        let items = object.spec.limits.iter().flatten().filter_map(LimitItem::row).collect();
        LimitRangeRow { namespace, name, items }
    }

    fn matters(row: &LimitRangeRow) -> impl PartialEq {
        row
    }

    fn wakes(row: &LimitRangeRow, dirty: &mut Dirty) {
        dirty.namespaces.insert(row.namespace.clone());
    }
}

impl Tables {
    /// The limit ranges of a namespace.
    pub fn limit_ranges(&self, namespace: &str) -> Vec<Arc<LimitRangeRow>> {
        self.stores.limit_range.of(namespace).cloned().collect()
    }
}

impl World {
    /// See [`Tables::limit_ranges`].
    pub fn limit_ranges(&self, namespace: &str) -> Vec<Arc<LimitRangeRow>> {
        self.read(|t| t.limit_ranges(namespace))
    }
}
