//! What a workload's running pods have beyond the template: injected containers, and their QoS class.
//!
//! In: the template and the pods. Out: facts about running pods. Pure. A template is what was requested; admission may
//! add sidecars and defaults, and quotas, LimitRanges and the QoS class apply to the result.

use std::collections::BTreeMap;
use std::sync::Arc;

use trimtab_world::row::{PodContainer, PodRow, QosClass, Resources, Template};

/// Maximum number of injected containers that are considered.
const MOST: usize = 16;

/// What is known of the running pods.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Running {
    /// Containers of the pods that the template lacks, each as in the pods. Sorted by name.
    pub injected: Vec<PodContainer>,
    /// The QoS class of the pods, if the API server has reported it and it is the same for all.
    pub qos: Option<QosClass>,
    /// Sizes in force of the template's containers, without duplicates. Empty if pods of another template may be among
    /// them.
    pub sizes: Vec<(Arc<str>, Resources)>,
    /// Restarts of the pods' containers, with each pod's creation time, in seconds since the epoch.
    pub restarts: Vec<(Arc<str>, i64, u32)>,
}

impl Running {
    /// How often `container` restarted in pods created at `from_s` or later: a lower bound of its restarts since then,
    /// even if no series report restarts. The status of an older pod does not say when it restarted.
    pub fn restarts_since(&self, container: &str, from_s: i64) -> u32 {
        let counted = self.restarts.iter().filter(|(name, made_s, _)| **name == *container && *made_s >= from_s);
        counted.fold(0, |sum, (_, _, restarts)| sum.saturating_add(*restarts))
    }
}

/// What `pods` have beyond `template`. A container counts as injected if at least half of the pods have it: one that a
/// person adds to a pod for a while is not part of the workload.
pub fn running(template: &Template, pods: &[Arc<PodRow>]) -> Running {
    let mut found: BTreeMap<&str, (usize, &PodContainer)> = BTreeMap::new();
    for container in pods.iter().flat_map(|pod| &pod.containers) {
        if template.container(&container.name).is_none() {
            found.entry(&container.name).or_insert((0, container)).0 += 1;
        }
    }
    let injected = found.into_values().filter(|(count, _)| count * 2 >= pods.len()).take(MOST);
    let mut classes = pods.iter().map(|pod| pod.qos);
    let first = classes.next().flatten();
    let restarts = pods.iter().flat_map(|pod| {
        let made_s = pod.created.map_or(i64::MIN, |t| t.as_second());
        pod.containers.iter().filter(|c| c.restart_count > 0).map(move |c| (c.name.clone(), made_s, c.restart_count))
    });
    Running {
        sizes: sizes(template, pods),
        restarts: restarts.collect(),
        injected: injected.map(|(_, container)| container.clone()).collect(),
        qos: first.filter(|first| classes.all(|qos| qos == Some(*first))),
    }
}

/// Maximum number of sizes of one workload that are considered.
const MOST_SIZES: usize = 64;

fn sizes(template: &Template, pods: &[Arc<PodRow>]) -> Vec<(Arc<str>, Resources)> {
    let mut found: Vec<(Arc<str>, Resources)> = Vec::new();
    let running = pods.iter().filter(|pod| pod.holds_resources() && pod.resize.is_none());
    for container in running.flat_map(|pod| &pod.containers) {
        let size = (container.name.clone(), *container.in_force());
        if template.container(&container.name).is_some() && found.len() < MOST_SIZES && !found.contains(&size) {
            found.push(size);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn restarts_of_pods_that_were_made_in_the_window_count() {
        let of = |name: &str, made_s: i64, restarts: u32| (Arc::from(name), made_s, restarts);
        let restarts = vec![of("app", 100, 3), of("app", 200, 2), of("app", i64::MIN, 9), of("proxy", 100, 7)];
        let running = Running { restarts, ..Running::default() };
        let counts = [50, 100, 101, 300].map(|from_s| running.restarts_since("app", from_s));
        assert_eq!(counts, [5, 5, 2, 0]);
        assert_eq!(running.restarts_since("other", 0), 0);
    }
}
