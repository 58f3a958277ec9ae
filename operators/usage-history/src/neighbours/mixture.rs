//! Summary of a namespace's foreign data for people, and the foreign pods that are remembered.
//!
//! In: foreign pods as they are found. Out: how many live and how many have ended, and the labels that tell them apart,
//! which stay as long as such pods are remembered. Pure.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use trimtab_core::WorkloadId;
use trimtab_metrics_sources::Difference;

/// Maximum number of foreign pods remembered in a namespace, and the number up to which ended ones are added.
const MOST_FOREIGN: usize = 20_000;
const MOST_PAST: usize = 10_000;

/// The data of one namespace that is not this cluster's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mixture {
    /// Living pods of other clusters whose names match this one's workloads.
    pub foreign_pods: usize,
    /// Such pods that have ended, as far as a label or a node tells them from those of this cluster.
    pub past_pods: usize,
    /// Workloads with pods of two clusters under the same names. None of their data is used.
    pub ambiguous: BTreeSet<WorkloadId>,
    /// Labels that differ: on the left the value of this cluster if known, on the right the other's.
    pub labels: BTreeMap<String, (String, String)>,
    /// A label and a node that identify foreign pods: this cluster has no such node.
    pub node: Option<(String, String)>,
}

impl Mixture {
    pub(crate) fn note(&mut self, difference: Option<&Difference>, node: Option<&(String, String)>) {
        if let Some(difference) = difference {
            self.labels
                .entry(difference.label.clone())
                .or_insert_with(|| (difference.left.clone(), difference.right.clone()));
        }
        // The first by name, so that the message does not change from read to read.
        self.node = self.node.take().into_iter().chain(node.cloned()).min();
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.foreign_pods == 0 && self.past_pods == 0 && self.ambiguous.is_empty()
    }
}

/// How a pod is known to be foreign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    Label,
    Node,
    /// It lived on, and this cluster does not have it.
    Life,
}

/// Foreign pods of a namespace.
#[derive(Debug, Default)]
pub(crate) struct Foreign {
    /// Hashed, each with the end of the last read in which it was fresh, or else the time of its newest sample.
    pods: HashMap<u64, (i64, By)>,
    /// The labels and the node that identify them.
    known: Mixture,
}

impl Foreign {
    pub(crate) fn by(&self, pod: u64) -> Option<By> {
        self.pods.get(&pod).map(|(_, by)| *by)
    }

    /// Remembers a pod. Ended ones never take the last places from living ones.
    pub(crate) fn remember(
        &mut self,
        pod: u64,
        (seen_s, fresh): (i64, bool),
        difference: Option<&Difference>,
        node: Option<&(String, String)>,
    ) {
        let by = match (difference, node) {
            (Some(_), _) => By::Label,
            (None, Some(_)) => By::Node,
            (None, None) => By::Life,
        };
        self.known.note(difference, node);
        let most = if fresh { MOST_FOREIGN } else { MOST_PAST };
        if let Some((known_s, known_by)) = self.pods.get_mut(&pod) {
            *known_s = seen_s.max(*known_s);
            // A later read may have no series that carries the label.
            if by != By::Life {
                *known_by = by;
            }
        } else if self.pods.len() < most {
            self.pods.insert(pod, (seen_s, by));
        }
    }

    /// Adds the remembered pods to the summary. Pods seen after `fresh_s` live.
    pub(crate) fn tell(&self, mixture: &mut Mixture, fresh_s: i64) {
        mixture.foreign_pods = self.pods.values().filter(|(seen_s, _)| *seen_s > fresh_s).count();
        // For one known only because it lived on, there is nothing left to report.
        mixture.past_pods = self.pods.values().filter(|(seen_s, by)| *seen_s <= fresh_s && *by != By::Life).count();
        if mixture.foreign_pods + mixture.past_pods == 0 {
            return;
        }
        for (label, values) in &self.known.labels {
            mixture.labels.entry(label.clone()).or_insert_with(|| values.clone());
        }
        mixture.note(None, self.known.node.as_ref());
    }

    /// Drops pods last seen at `time_s` or before; returns whether any is left.
    pub(crate) fn forget(&mut self, time_s: i64) -> bool {
        self.pods.retain(|_, (seen_s, _)| *seen_s > time_s);
        !self.pods.is_empty()
    }
}
