//! Whether the series of a namespace name pods of this cluster at all.
//!
//! In: the pods that series of CPU and memory name. Out: whether any of them is this cluster's, else how many there are and
//! by which labels people would know their cluster. Pure.

use std::collections::{BTreeSet, HashSet};

use trimtab_metrics_sources::{Origin, origin::is_cluster_label};

/// Maximum number of pods counted; more are as many.
const MOST_PODS: usize = 1_000;
/// Maximum number of labels kept.
const MOST_LABELS: usize = 3;

/// The pods that the series of a namespace name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Whose {
    /// Whether one of them was this cluster's at the time of its newest sample. Nothing else is kept then.
    pub ours: bool,
    /// Labels that name a cluster, with their values, on series of the others.
    pub labels: BTreeSet<(String, String)>,
    /// The others, hashed.
    others: HashSet<u64>,
}

impl Whose {
    /// How many pods are named that this cluster does not have; 1,000 stands for more too.
    pub fn others(&self) -> usize {
        self.others.len()
    }

    /// A series names a pod of this cluster.
    pub(crate) fn own(&mut self) {
        *self = Self { ours: true, ..Self::default() };
    }

    /// A series names a pod, hashed, that this cluster does not have, or did not have yet.
    pub(crate) fn other(&mut self, pod: u64, origin: &Origin) {
        if self.ours {
            return;
        }
        if self.others.len() < MOST_PODS {
            self.others.insert(pod);
        }
        for label in origin.labels().iter().filter(|(name, _)| is_cluster_label(name)) {
            // Asked first, since nearly all series have the same: no copy of it is made for each.
            if self.labels.len() < MOST_LABELS && !self.labels.contains(label) {
                self.labels.insert(label.clone());
            }
        }
    }

    /// Adds a later read.
    pub(crate) fn join(&mut self, later: Self) {
        if self.ours || later.ours {
            self.own();
            return;
        }
        let room = MOST_PODS.saturating_sub(self.others.len());
        self.others.extend(later.others.into_iter().take(room));
        let room = MOST_LABELS.saturating_sub(self.labels.len());
        self.labels.extend(later.labels.into_iter().take(room));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_pod_of_ours_is_enough_and_the_others_are_bounded() {
        let origin = |cluster: &str| {
            Origin::new([("cluster".to_owned(), cluster.to_owned()), ("planet".to_owned(), "mars".to_owned())])
        };
        let mut whose = Whose::default();
        for pod in 0..5_000 {
            whose.other(pod % 2_500, &origin(&format!("c{}", pod % 10)));
        }
        assert_eq!((whose.ours, whose.others(), whose.labels.len()), (false, MOST_PODS, MOST_LABELS));
        assert!(whose.labels.iter().all(|(name, _)| name == "cluster"), "{:?}", whose.labels);

        let mut later = Whose::default();
        later.other(9_999, &origin("late"));
        whose.join(later.clone());
        assert_eq!((whose.others(), whose.labels.len()), (MOST_PODS, MOST_LABELS));
        let mut first = Whose::default();
        first.join(later);
        assert_eq!((first.others(), first.labels.len()), (1, 1));

        let mut own = Whose::default();
        own.own();
        own.other(1, &origin("c"));
        whose.join(own.clone());
        assert_eq!(whose, own);
        assert_eq!((own.ours, own.others(), own.labels.len()), (true, 0, 0));
    }
}
