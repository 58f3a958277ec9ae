//! What the running pods of a workload have that its template does not say: injected containers, and their class of service.
//!
//! In: the template and the pods. Out: facts about what runs. Pure. A template says what was asked for; admission may add
//! sidecars and defaults, and quotas, LimitRanges and the class of service are about what comes of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use trimtab_world::row::{PodContainer, PodRow, QosClass, Template};

/// The most injected containers that are looked at.
const MOST: usize = 16;

/// What is known of the pods that run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Running {
    /// Containers of the pods that the template does not have, each as the pods have it. Sorted by name.
    pub injected: Vec<PodContainer>,
    /// The class of service of the pods, where the API server has said it and it is the same for all.
    pub qos: Option<QosClass>,
}

/// What `pods` have beyond `template`. A container counts as injected where at least half of the pods have it: what a person
/// adds to one pod for a while is none of the workload's.
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
    Running {
        injected: injected.map(|(_, container)| container.clone()).collect(),
        qos: first.filter(|first| classes.all(|qos| qos == Some(*first))),
    }
}
