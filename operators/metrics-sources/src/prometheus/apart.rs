//! Separates rows recorded on another node than their pod's: a pod has one node at a time.
//!
//! In: the rows of a grid in order of their keys, the places named in their labels, and a look-up of this cluster's
//! nodes. Out: a part for each row, 0 for those that belong together, and a description of the others. Pure except for
//! the look-up.
//!
//! A label counts only if it is known to name this cluster's nodes: if by the same label of the same scrape job a pod
//! was recorded on the very node that it is on. An address of an exporter, a proxy or an unknown network proves
//! nothing.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::place::{Nodes, Place, Stranger};
use crate::source::{Batch, Metric};

use super::grid::Row;
use super::merge::runs_beside;

/// The places of a batch; the first is none.
#[derive(Debug, Default)]
pub(super) struct Places {
    all: Vec<Place>,
    index_of: HashMap<String, u32>,
    key: String,
}

impl Places {
    /// The number of a place; 0 for none, and if there are too many to tell apart.
    pub(super) fn number(&mut self, (label, value): (&str, &str), job: &str) -> u32 {
        self.key.clear();
        for part in [label, "\0", value, "\0", job] {
            self.key.push_str(part);
        }
        if let Some(number) = self.index_of.get(&self.key) {
            return *number;
        }
        self.all.push(Place::new(label, value, job));
        let number = u32::try_from(self.all.len()).unwrap_or(0);
        self.index_of.insert(self.key.clone(), number);
        number
    }

    fn get(&self, number: u32) -> Option<&Place> {
        self.all.get((number as usize).checked_sub(1)?)
    }
}

/// Whether a metric is measured on the node of its container. Those of kube-state-metrics are recorded on its own node.
pub(super) fn is_measured_on_the_node(metric: Metric) -> bool {
    matches!(metric, Metric::CpuCores | Metric::MemoryWorkingSet | Metric::CpuPeriods | Metric::CpuThrottledPeriods)
}

/// Knowledge of the places of a batch.
#[derive(Debug, Default)]
pub(super) struct Whereabouts {
    /// By number, the node of this cluster, if it has one.
    nodes: HashMap<u32, Arc<str>>,
    /// Forms of labels that are known to name this cluster's nodes.
    forms: BTreeSet<String>,
}

impl Whereabouts {
    /// Looks up each place, and gives each row its part: its place, if its pod is on one node and was recorded on
    /// another. `rows` are in order, and `key` tells their keys apart; namespace and pod come first. Rows of one key
    /// are then in order of their parts.
    pub(super) fn set_apart<'n>(
        rows: &mut [Row],
        places: &Places,
        key: impl Fn(&Row) -> [&'n str; 3],
        known: &mut dyn Nodes,
    ) -> Self {
        let mut nodes = HashMap::new();
        for (number, place) in (1..).zip(&places.all) {
            if let Some(node) = known.node(&place.host) {
                nodes.insert(number, node);
            }
        }
        let mut seen = BTreeSet::new();
        for row in rows.iter() {
            let Some((place, node)) = places.get(row.place).zip(nodes.get(&row.place)) else { continue };
            let [namespace, pod, _] = key(row);
            if !seen.contains(&place.form) && known.home(namespace, pod).as_ref() == Some(node) {
                seen.insert(place.form.clone());
            }
        }
        let this = Self { forms: known.vouch(seen), nodes };
        for rows in rows.chunk_by_mut(|left, right| left.metric == right.metric && key(left) == key(right)) {
            if rows.iter().all(|row| row.place == 0) {
                continue;
            }
            let Some([namespace, pod, _]) = rows.first().map(&key) else { continue };
            if let Some(home) = known.home(namespace, pod) {
                this.part(rows, &home, places);
                rows.sort_by_key(|row| row.part);
            }
        }
        this
    }

    /// Whether a place is certainly none of this cluster's present nodes.
    fn is_elsewhere(&self, places: &Places, number: u32) -> bool {
        places.get(number).is_some_and(|place| !self.nodes.contains_key(&number) && self.forms.contains(&place.form))
    }

    /// Another of this cluster's nodes counts only beside the pod's own: otherwise the pod has moved, or one address
    /// stands for all.
    fn part(&self, rows: &mut [Row], home: &str, places: &Places) {
        let at_home = |row: &Row| self.nodes.get(&row.place).is_some_and(|node| **node == *home);
        let is_recorded = rows.iter().any(at_home);
        for row in rows {
            let moved = is_recorded && self.nodes.contains_key(&row.place) && !at_home(row);
            if moved || self.is_elsewhere(places, row.place) {
                row.part = row.place;
            }
        }
    }

    /// The node of a part of the rows of one key (`all`), if it is not the pod's own.
    pub(super) fn stranger<'p>(
        &self,
        part: &[Row],
        all: &[Row],
        places: &'p Places,
        slots: &[f64],
        batch: &Batch,
    ) -> Option<Stranger<'p>> {
        let first = part.first()?;
        let place = places.get(first.place)?;
        let elsewhere = part.iter().all(|row| self.is_elsewhere(places, row.place));
        if first.part == 0 && !elsewhere {
            return None;
        }
        let mut own = all.iter().filter(|row| row.part == 0 && first.part != 0);
        let beside = elsewhere && own.any(|row| part.iter().any(|theirs| runs_beside(row, theirs, slots, batch)));
        Some(Stranger { label: &place.label, node: &place.host, known: !elsewhere, beside })
    }
}
