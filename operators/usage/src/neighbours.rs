//! Pods of other clusters in the same server, told from those of this one that are gone.
//!
//! In: what was read of a namespace, and what earlier reads said. Out: the pods that count, those that are held back until it is
//! clear, and what is said of the others. Pure: times are arguments.
//!
//! A pod that has fresh samples and that this cluster does not have is foreign. But a server answers with the last reading of a
//! series for minutes after its end, and a pod can live and end between two reads. So a fresh pod that was never seen here is
//! held back: where later reads show that it lived on, it is foreign; where they do not, it was ours and counts from then on.
//! A label that tells clusters apart, and that differs from that of all pods which are here, is proof at once. So is a pod that ran on
//! a node which this cluster does not have, while the one of its name ran on its own. History from nodes that were removed is ours.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use trimtab_core::WorkloadId;
use trimtab_sources::{Difference, Origin, origin::is_cluster_label};

use crate::{
    guest::Guest,
    staging::{Space, pod_hash},
};

/// A pod whose newest sample is at most this many steps before the end of a read is fresh.
const FRESH_STEPS: i64 = 3;
/// How long after the end of the read that first saw it a pod must have samples to be foreign: that read was made within some
/// minutes after its end, and a series that has ended is answered with for five more.
const PROOF_S: i64 = 900;
/// How long a pod that was here counts as ours when it has gone.
const GRACE_S: i64 = 3600;
/// How long a workload stays ambiguous of which several series did not fit together: later reads are too short to prove it again,
/// but not to confirm it.
const AT_ODDS_S: i64 = 3600;
/// How many pods are held back at most; what does not fit is left out.
const MOST_HELD: usize = 2000;
/// How many foreign pods are remembered at most.
const MOST_FOREIGN: usize = 20_000;

/// When a read was, in seconds since the epoch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct When {
    pub(crate) end_s: i64,
    pub(crate) step_s: i64,
}

#[derive(Debug)]
struct Held {
    guest: Guest,
    /// The end of the read that first saw it.
    since_s: i64,
}

/// What of one namespace is not this cluster's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mixture {
    /// Living pods of other clusters that have names as pods of this one's workloads have.
    pub foreign_pods: usize,
    /// Workloads of which two clusters tell under the same pod names. Nothing is read of them.
    pub ambiguous: BTreeSet<WorkloadId>,
    /// Labels that differ: to the left the value of this cluster where it is known, to the right the other's.
    pub labels: BTreeMap<String, (String, String)>,
    /// A label and a node by which foreign pods are known: this cluster has no such node.
    pub node: Option<(String, String)>,
}

/// What is remembered from read to read.
#[derive(Debug, Default)]
pub(crate) struct Neighbours {
    /// Pods that were here, hashed, with the end of the last read that saw them.
    ours: HashMap<u64, i64>,
    held: HashMap<Box<str>, BTreeMap<Box<str>, Held>>,
    /// Foreign pods, hashed, by namespace.
    foreign: HashMap<Box<str>, HashMap<u64, i64>>,
    /// Labels and values by which foreign pods are known.
    labels: BTreeSet<(String, String)>,
    mixtures: HashMap<Box<str>, Mixture>,
    /// Workloads of which several series do not fit together, with the end of the last read that showed it.
    at_odds: HashMap<WorkloadId, i64>,
}

impl Neighbours {
    /// Says which guests of a namespace count, and takes them out of it. Everything of workloads that are ambiguous goes.
    pub(crate) fn judge(&mut self, namespace: &str, space: &mut Space, when: When) -> Vec<(Box<str>, Guest)> {
        self.ours.extend(space.alive.iter().map(|pod| (*pod, when.end_s)));
        let mut mixture = Mixture::default();
        let mut counted = Vec::new();
        let mut held = self.held.remove(namespace).unwrap_or_default();
        let fresh_s = when.end_s - FRESH_STEPS * when.step_s;
        // Those that are fresh first: by their labels others are known.
        let mut guests: Vec<_> = std::mem::take(&mut space.guests).into_iter().collect();
        guests.sort_by_key(|(_, guest)| guest.newest_s <= fresh_s);
        for (pod, guest) in guests {
            let hash = pod_hash(namespace, &pod);
            let before = held.remove(&pod);
            let stranger = stranger(&guest.origin, &space.own);
            let fresh = guest.newest_s > fresh_s;
            let proof = self.is_foreign(namespace, hash)
                || stranger.as_ref().is_some_and(|d| fresh || self.labels.contains(&mark(&d.label, &d.right)))
                || guest.node.as_ref().is_some_and(|node| guest.beside || self.labels.contains(node));
            if proof {
                if fresh {
                    self.remember(namespace, hash, when.end_s, stranger.as_ref(), guest.node.as_ref());
                }
                mixture.note(stranger.as_ref(), guest.node.as_ref());
                continue;
            }
            let ours = self.ours.get(&hash).is_some_and(|seen_s| *seen_s > guest.newest_s.saturating_sub(GRACE_S));
            if !fresh || ours {
                counted.push((pod, join(before, guest)));
                continue;
            }
            let since_s = before.as_ref().map_or(when.end_s, |held| held.since_s);
            if guest.newest_s > since_s + PROOF_S {
                self.remember(namespace, hash, when.end_s, None, guest.node.as_ref());
                mixture.note(None, guest.node.as_ref());
                continue;
            }
            if held.len() + self.held.values().map(BTreeMap::len).sum::<usize>() < MOST_HELD {
                held.insert(pod, Held { guest: join_waiting(before, guest), since_s });
            }
        }
        // Those of which nothing is new have ended, or are here by now.
        let (waiting, ended): (BTreeMap<_, _>, BTreeMap<_, _>) =
            held.into_iter().partition(|(_, held)| held.since_s >= when.end_s || held.guest.newest_s > fresh_s);
        self.held.insert(Box::from(namespace), waiting);
        counted.extend(ended.into_iter().map(|(pod, held)| (pod, settled(held.guest))));
        self.finish(namespace, space, mixture, when);
        counted.retain(|(_, guest)| !space.ambiguous.contains_key(&guest.workload));
        counted
    }

    fn is_foreign(&self, namespace: &str, pod: u64) -> bool {
        self.foreign.get(namespace).is_some_and(|foreign| foreign.contains_key(&pod))
    }

    fn remember(
        &mut self,
        namespace: &str,
        pod: u64,
        end_s: i64,
        difference: Option<&Difference>,
        node: Option<&(String, String)>,
    ) {
        self.labels.extend(difference.map(|d| mark(&d.label, &d.right)));
        self.labels.extend(node.cloned());
        let foreign = self.foreign.entry(Box::from(namespace)).or_default();
        if foreign.len() < MOST_FOREIGN {
            foreign.insert(pod, end_s);
        }
    }

    fn finish(&mut self, namespace: &str, space: &mut Space, mut mixture: Mixture, when: When) {
        self.note_odds(namespace, space, when.end_s);
        for (workload, difference) in &space.ambiguous {
            space.histories.remove(workload);
            mixture.ambiguous.insert(workload.clone());
            mixture.note(difference.as_ref(), None);
        }
        space.busiest.retain(|(workload, _), _| !space.ambiguous.contains_key(workload));
        space.living.retain(|_, pod| !space.ambiguous.contains_key(&pod.workload));
        let fresh_s = when.end_s - FRESH_STEPS * when.step_s;
        if let Some(foreign) = self.foreign.get(namespace) {
            mixture.foreign_pods = foreign.values().filter(|end_s| **end_s > fresh_s).count();
        }
        if mixture.foreign_pods == 0 && mixture.ambiguous.is_empty() {
            self.mixtures.remove(namespace);
        } else {
            self.mixtures.insert(Box::from(namespace), mixture);
        }
    }

    /// Workloads whose series do not fit together are ambiguous, from the read that proves it until none has shown it for long.
    fn note_odds(&mut self, namespace: &str, space: &mut Space, end_s: i64) {
        for (workload, proof) in std::mem::take(&mut space.at_odds) {
            if proof || self.at_odds.contains_key(&workload) {
                self.at_odds.insert(workload, end_s);
            }
        }
        self.at_odds.retain(|workload, seen_s| *workload.namespace != *namespace || *seen_s > end_s - AT_ODDS_S);
        for workload in self.at_odds.keys().filter(|workload| *workload.namespace == *namespace) {
            space.ambiguous.entry(workload.clone()).or_default();
        }
    }

    /// What of a namespace is not this cluster's.
    pub(crate) fn mixture(&self, namespace: &str) -> Option<&Mixture> {
        self.mixtures.get(namespace)
    }

    /// A namespace is read from its beginning: what was held back of it comes again.
    pub(crate) fn begin(&mut self, namespace: &str) {
        self.held.remove(namespace);
    }

    /// Drops what is too old to matter before `time_s`.
    pub(crate) fn forget(&mut self, time_s: i64) {
        let newest_s = self.ours.values().max().copied().unwrap_or(0);
        self.ours.retain(|_, seen_s| *seen_s > newest_s - GRACE_S);
        for foreign in self.foreign.values_mut() {
            foreign.retain(|_, seen_s| *seen_s > time_s);
        }
        self.foreign.retain(|_, foreign| !foreign.is_empty());
    }

    /// Drops everything about namespaces that `wanted` does not name.
    pub(crate) fn retain(&mut self, wanted: impl Fn(&str) -> bool) {
        self.held.retain(|namespace, _| wanted(namespace));
        self.foreign.retain(|namespace, _| wanted(namespace));
        self.mixtures.retain(|namespace, _| wanted(namespace));
        self.at_odds.retain(|workload, _| wanted(&workload.namespace));
    }
}

impl Mixture {
    fn note(&mut self, difference: Option<&Difference>, node: Option<&(String, String)>) {
        if let Some(difference) = difference {
            self.labels
                .entry(difference.label.clone())
                .or_insert_with(|| (difference.left.clone(), difference.right.clone()));
        }
        // Of several the first by name, so that what is said does not move from read to read.
        self.node = self.node.take().into_iter().chain(node.cloned()).min();
    }
}

/// A label and its value, by which foreign pods are known.
fn mark(label: &str, value: &str) -> (String, String) {
    (label.to_owned(), value.to_owned())
}

/// By which label a guest is of another cluster than all pods that are here; `None` where no label says so.
fn stranger(guest: &Origin, own: &[Origin]) -> Option<Difference> {
    let mut first = None;
    for origin in own {
        let difference = origin.differs(guest).filter(|d| is_cluster_label(&d.label))?;
        first.get_or_insert(difference);
    }
    first
}

/// A guest that counts, with what was held back of it.
fn join(before: Option<Held>, guest: Guest) -> Guest {
    match before {
        None => guest,
        Some(held) => settled(join_waiting(Some(held), guest)),
    }
}

fn join_waiting(before: Option<Held>, guest: Guest) -> Guest {
    match before {
        None => guest,
        Some(mut held) => {
            held.guest.merge(guest);
            held.guest
        }
    }
}

/// A guest that was held back: the steps in which it could have been the busiest have been decided without it.
fn settled(mut guest: Guest) -> Guest {
    guest.busiest.clear();
    guest
}
