//! Telling pods of other clusters on the same server from deleted pods of this one.
//!
//! In: the series read of a namespace, and the findings of earlier reads. Out: the pods that count, those held back
//! until it is clear, and a summary of the others. Pure: times are arguments.
//!
//! A pod with fresh samples that this cluster does not have is foreign. But a server returns the last reading of a
//! series for minutes after its end, and a pod can live and end between two reads. So a fresh pod never seen here is
//! held back: if later reads show that it lived on, it is foreign; if not, it was ours and counts from then on. A
//! cluster label that differs from that of all living pods proves a living pod foreign at once, and an ended one if it
//! existed beside ours. So does a node that this cluster does not have, while the pod of the same name ran on its own.
//! History from removed nodes is ours.

mod clashes;
mod mixture;
pub(crate) mod origins;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashMap},
};

use trimtab_core::WorkloadId;
use trimtab_metrics_sources::Difference;

use crate::{
    guest::Guest,
    staging::{Space, pod_hash},
};
use clashes::Clashes;
pub use mixture::Mixture;
use mixture::{By, Foreign};
use origins::{Own, Times};

/// A pod whose newest sample is at most this many steps before the end of a read is fresh.
const FRESH_STEPS: i64 = 3;
/// A pod is foreign if it has samples this long after the end of the read that first saw it: that read was made within
/// some minutes after its end, and an ended series is returned for five more.
const PROOF_S: i64 = 900;
/// How long a deleted pod counts as ours.
const GRACE_S: i64 = 3600;
/// How long a workload whose series did not fit together stays ambiguous: later reads are too short to prove it again,
/// but not to confirm it.
const AT_ODDS_S: i64 = 3600;
/// Maximum number of pods held back; the rest is left out.
const MOST_HELD: usize = 2000;
/// How long the old and the new label of one cluster may be seen side by side: a server returns the last reading of a
/// series for minutes, and a rate is based on readings of some more. At least as many steps as a pod is fresh.
const LABEL_CHANGE_S: i64 = 900;

/// Times of a read, in seconds since the epoch.
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

impl When {
    /// Samples after this time are fresh.
    fn fresh_s(self) -> i64 {
        self.end_s - FRESH_STEPS * self.step_s
    }

    fn slack_s(self) -> i64 {
        (FRESH_STEPS * self.step_s).max(LABEL_CHANGE_S)
    }
}

/// State kept from read to read.
#[derive(Debug, Default)]
pub(crate) struct Neighbours {
    /// Pods seen in this cluster, hashed, with the end of the last read that saw them.
    ours: HashMap<u64, i64>,
    held: HashMap<Box<str>, BTreeMap<Box<str>, Held>>,
    foreign: HashMap<Box<str>, Foreign>,
    own: HashMap<Box<str>, Own>,
    /// Labels and values that identify foreign pods.
    labels: BTreeSet<(String, String)>,
    mixtures: HashMap<Box<str>, Mixture>,
    /// Workloads whose series do not fit together, with the end of the last read that showed it.
    at_odds: HashMap<WorkloadId, i64>,
    clashes: Clashes,
}

impl Neighbours {
    /// Decides which guests of a namespace count, and removes them from it. All data of ambiguous workloads is dropped.
    pub(crate) fn judge(&mut self, namespace: &str, space: &mut Space, when: When) -> Vec<(Box<str>, Guest)> {
        self.ours.extend(space.alive.iter().map(|pod| (*pod, when.end_s)));
        let mut mixture = Mixture::default();
        let mut counted = Vec::new();
        let mut held = self.held.remove(namespace).unwrap_or_default();
        let (fresh_s, slack_s) = (when.fresh_s(), when.slack_s());
        self.clashes.read(namespace, space.origins.clashes(), when.end_s, slack_s, AT_ODDS_S);
        for (workload, difference) in self.clashes.proven(namespace) {
            space.ambiguous.entry(workload.clone()).or_insert_with(|| Some(difference.clone()));
        }
        let mut own = self.own.remove(namespace).unwrap_or_default();
        own.read(&space.origins, |workload| space.ambiguous.contains_key(workload));
        // The newest first: the labels of those that live or lived beside ours identify others.
        let mut guests: Vec<_> = std::mem::take(&mut space.guests).into_iter().collect();
        guests.sort_by_key(|(_, guest)| Reverse(guest.newest_s));
        for (pod, guest) in guests {
            let hash = pod_hash(namespace, &pod);
            let before = held.remove(&pod);
            let stranger = own.stranger(&guest.origin);
            let (fresh, used) = (guest.newest_s > fresh_s, guest.newest_s > i64::MIN);
            let times = Times { first_s: guest.oldest_s, last_s: guest.newest_s };
            let beside = fresh || (used && own.was_beside(times, slack_s));
            let known = match self.foreign.get(namespace).and_then(|foreign| foreign.by(hash)) {
                None => false,
                // One of ours may have had the name of one of theirs. Kills alone carry no label to tell.
                Some(By::Label) => stranger.is_some() || !used,
                Some(By::Node | By::Life) => true,
            };
            let proof = known
                || stranger.as_ref().is_some_and(|d| beside || self.labels.contains(&mark(&d.label, &d.right)))
                || guest.node.as_ref().is_some_and(|node| guest.beside || self.labels.contains(node));
            if proof {
                if used {
                    let seen = if fresh { (when.end_s, true) } else { (guest.newest_s, false) };
                    self.remember(namespace, hash, seen, stranger.as_ref(), guest.node.as_ref());
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
                self.remember(namespace, hash, (when.end_s, true), None, guest.node.as_ref());
                mixture.note(None, guest.node.as_ref());
                continue;
            }
            if held.len() + self.held.values().map(BTreeMap::len).sum::<usize>() < MOST_HELD {
                held.insert(pod, Held { guest: join_waiting(before, guest), since_s });
            }
        }
        // Those without new samples have ended, or belong to this cluster now.
        let (waiting, ended): (BTreeMap<_, _>, BTreeMap<_, _>) =
            held.into_iter().partition(|(_, held)| held.since_s >= when.end_s || held.guest.newest_s > fresh_s);
        self.held.insert(Box::from(namespace), waiting);
        self.own.insert(Box::from(namespace), own);
        counted.extend(ended.into_iter().map(|(pod, held)| (pod, settled(held.guest))));
        self.finish(namespace, space, mixture, when);
        counted.retain(|(_, guest)| !space.ambiguous.contains_key(&guest.workload));
        counted
    }

    /// `seen` is the time, and whether it was fresh.
    fn remember(
        &mut self,
        namespace: &str,
        pod: u64,
        seen: (i64, bool),
        difference: Option<&Difference>,
        node: Option<&(String, String)>,
    ) {
        // Of those that have ended, one without a label identifies no other: ours may long have had none.
        let telling = difference.filter(|d| seen.1 || !d.right.is_empty());
        self.labels.extend(telling.map(|d| mark(&d.label, &d.right)));
        self.labels.extend(node.cloned());
        self.foreign.entry(Box::from(namespace)).or_default().remember(pod, seen, difference, node);
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
        if let Some(foreign) = self.foreign.get(namespace) {
            foreign.tell(&mut mixture, when.fresh_s());
        }
        if mixture.is_empty() {
            self.mixtures.remove(namespace);
        } else {
            self.mixtures.insert(Box::from(namespace), mixture);
        }
    }

    /// Workloads whose series do not fit together are ambiguous, from the proving read until none shows it for long.
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

    /// The data of a namespace that is not this cluster's.
    pub(crate) fn mixture(&self, namespace: &str) -> Option<&Mixture> {
        self.mixtures.get(namespace)
    }

    /// A namespace is read from its beginning: what was held back of it is read again, and so are its labels.
    pub(crate) fn begin(&mut self, namespace: &str) {
        self.held.remove(namespace);
        self.own.remove(namespace);
    }

    /// Drops what is too old to matter before `time_s`.
    pub(crate) fn forget(&mut self, time_s: i64) {
        let newest_s = self.ours.values().max().copied().unwrap_or(0);
        self.ours.retain(|_, seen_s| *seen_s > newest_s - GRACE_S);
        self.foreign.retain(|_, foreign| foreign.forget(time_s));
        self.own.retain(|_, own| own.forget(time_s));
    }

    /// Drops everything about namespaces that `wanted` does not name.
    pub(crate) fn retain(&mut self, wanted: impl Fn(&str) -> bool) {
        self.held.retain(|namespace, _| wanted(namespace));
        self.foreign.retain(|namespace, _| wanted(namespace));
        self.own.retain(|namespace, _| wanted(namespace));
        self.mixtures.retain(|namespace, _| wanted(namespace));
        self.at_odds.retain(|workload, _| wanted(&workload.namespace));
        self.clashes.retain(wanted);
    }
}

/// A label and its value that identify foreign pods.
fn mark(label: &str, value: &str) -> (String, String) {
    (label.to_owned(), value.to_owned())
}

/// A guest that counts, merged with its held-back data.
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
