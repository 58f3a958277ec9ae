//! The new data of one namespace that counts: ready for the store, except for the sizes in force at kills.
//!
//! In: a staged namespace and the deleted pods that count. Out: histories by workload, and kills separately, so that a
//! known one is not counted twice.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use trimtab_core::WorkloadId;
use trimtab_sizing::Kill;

use crate::{
    guest::Guest,
    histories::{Containers, Histories},
    kills::LATE_S,
    levels::Levels,
    sizes::{self, Found, KillOf},
    staging::Space,
};

/// The new data of a namespace.
#[derive(Debug)]
pub(crate) struct News {
    pub(crate) namespace: String,
    pub(crate) histories: HashMap<WorkloadId, Containers>,
    pub(crate) levels: Levels,
    /// Kills whose sizes in force are not known yet.
    pub(crate) found: Vec<Found>,
    kills: Vec<KillOf>,
}

impl News {
    /// Merges the data read of a namespace.
    pub(crate) fn new(namespace: String, mut space: Space, guests: Vec<(Box<str>, Guest)>) -> Self {
        let guests_then_own =
            guests.iter().map(|(pod, guest)| (&**pod, guest)).chain(space.living.iter().map(|(p, g)| (&**p, g)));
        let found = sizes::found(guests_then_own);
        let histories = &mut space.histories;
        let (mut busiest, mut levels) = (space.busiest, space.levels);
        for (_, guest) in guests {
            histories.merge(&guest.workload, guest.containers);
            levels.merge(guest.levels);
            for (container, steps) in guest.busiest {
                let all: &mut BTreeMap<i64, f64> = busiest.entry((guest.workload.clone(), container)).or_default();
                for (time, cores) in steps {
                    let value = all.entry(time).or_insert(cores);
                    *value = value.max(cores);
                }
            }
        }
        for ((workload, container), steps) in busiest {
            histories.container(&workload, &container, |h| {
                for (time, cores) in steps {
                    h.observe_cpu(time, cores, 1);
                }
            });
        }
        Self { histories: histories.take(&namespace), namespace, levels, found, kills: Vec::new() }
    }

    pub(crate) fn add_kills(&mut self, kills: Vec<KillOf>) {
        self.kills.extend(kills);
    }

    /// Adds kills to `histories`, which hold both old and new data. A kill seen when it happened shows up in a series
    /// up to an hour later, and counts once: as it was seen.
    pub(crate) fn settle_kills(kills: Vec<KillOf>, histories: &mut Histories) {
        // Each kill seen live stands for one from the series.
        let mut seen: HashMap<(WorkloadId, Arc<str>), Vec<i64>> = HashMap::new();
        for (workload, container, kill) in kills {
            let known = seen.entry((workload.clone(), container.clone())).or_insert_with(|| {
                let containers = histories.get(&workload).iter();
                let history = containers.filter(|(name, _)| **name == *container).map(|(_, history)| history);
                history.flat_map(|history| history.kills()).map(|kill| kill.time).collect()
            });
            match known.iter().position(|time| (kill.time - LATE_S..=kill.time).contains(time)) {
                Some(at) => {
                    let time = known.swap_remove(at);
                    // The series may be the only source of its sizes.
                    histories.container(&workload, &container, |h| h.observe_kill(Kill { time, ..kill }));
                }
                None => histories.container(&workload, &container, |h| h.observe_kill(kill)),
            }
        }
    }

    /// The parts: histories, and kills separately.
    pub(crate) fn into_parts(self) -> (String, HashMap<WorkloadId, Containers>, Levels, Vec<KillOf>) {
        (self.namespace, self.histories, self.levels, self.kills)
    }
}
