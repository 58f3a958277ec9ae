//! PodDisruptionBudgets: how many pods may be evicted at a time.
//!
//! In: a PodDisruptionBudget as the API server sends it. Out: its selector and its counters. A change of the selector
//! wakes its namespace; the allowed disruptions move with readiness, and are read when needed.

use std::{collections::BTreeMap, sync::Arc};

use serde::Deserialize;
use trimtab_core::selector::{Operator, Requirement, Selector};

use super::{Tabled, Watched, kind::Api};
use crate::{
    intern::Interner,
    row::Labels,
    tables::{Dirty, Key, Table, Tables},
    wire::{Head, Parts, count},
    world::World,
};

pub(crate) const API: Api = Api::new("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets");

/// A PodDisruptionBudget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PdbRow {
    /// Its namespace.
    pub namespace: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// Its pod selector. No selector matches none, an empty one all pods of the namespace.
    pub selector: Option<Selector>,
    /// How many pods may be evicted now.
    pub disruptions_allowed: u32,
    /// Healthy pods.
    pub current_healthy: u32,
    /// Minimum number of healthy pods.
    pub desired_healthy: u32,
    /// Number of pods that it covers.
    pub expected_pods: u32,
}

/// `policy/v1` PodDisruptionBudget.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PodDisruptionBudget;

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
    /// One that is not known makes the object malformed: what it guards could not be told.
    operator: Operator,
    #[serde(default)]
    values: Option<Vec<String>>,
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
            requirements.push(Requirement::exactly(interner.text(key), interner.text(value)));
        }
        for e in self.match_expressions.iter().flatten() {
            requirements.push(Requirement {
                key: interner.text(&e.key),
                operator: e.operator,
                values: e.values.iter().flatten().map(|v| interner.text(v)).collect(),
            });
        }
        requirements.into_iter().collect()
    }
}

impl Watched for PodDisruptionBudget {
    type Wire = Parts<Head, PdbSpec, PdbStatus>;
    type Store = Table<PdbRow>;
}

impl Tabled for PodDisruptionBudget {
    type Row = PdbRow;

    fn row((namespace, name): Key, object: Self::Wire, interner: &mut Interner) -> PdbRow {
        let Parts { spec, status, .. } = object;
        PdbRow {
            namespace,
            name,
            selector: spec.selector.map(|s| s.row(interner)),
            disruptions_allowed: count(status.disruptions_allowed, 0),
            current_healthy: count(status.current_healthy, 0),
            desired_healthy: count(status.desired_healthy, 0),
            expected_pods: count(status.expected_pods, 0),
        }
    }

    fn matters(row: &PdbRow) -> impl PartialEq {
        &row.selector
    }

    fn wakes(row: &PdbRow, dirty: &mut Dirty) {
        dirty.namespaces.insert(row.namespace.clone());
    }
}

impl Tables {
    /// The disruption budgets of a namespace that guard pods with `labels`.
    pub fn pdbs_for(&self, namespace: &str, labels: &Labels) -> Vec<Arc<PdbRow>> {
        // An empty selector of a disruption budget guards all pods of its namespace.
        let selects = |s: &Selector| s.is_empty() || s.matches(|key| labels.get(key));
        let guards = |row: &&Arc<PdbRow>| row.selector.as_ref().is_some_and(selects);
        self.stores.pod_disruption_budget.of(namespace).filter(guards).cloned().collect()
    }
}

impl World {
    /// See [`Tables::pdbs_for`].
    pub fn pdbs_for(&self, namespace: &str, labels: &Labels) -> Vec<Arc<PdbRow>> {
        self.read(|t| t.pdbs_for(namespace, labels))
    }
}
