//! Resizes of pods that the watch does not show yet (see [`trimtab_driver::pending`]), as far as they concern one
//! Recommendation. In: effects that were accepted. Out: the sizes that pods have by now.

use trimtab_api::resources::ContainerResources;
use trimtab_driver::pending::PendingByKey;
use trimtab_rollout::effect::Effect;

/// The resizes of one Recommendation's reconciles.
#[derive(Clone, Debug, Default)]
pub struct PendingPods {
    /// By pod uid: the sizes of its containers.
    pods: PendingByKey<String, Vec<ContainerResources>>,
}

impl PendingPods {
    /// Records that `effect` was accepted, which gave its object `version`.
    pub fn sent(&mut self, effect: &Effect, version: u64) {
        if let Effect::Resize { uid, containers, .. } = effect {
            self.resized(uid.clone(), version, containers.clone());
        }
    }

    /// Records the resize of a pod.
    fn resized(&mut self, uid: String, version: u64, containers: Vec<ContainerResources>) {
        self.pods.wrote(uid, version, containers);
    }

    /// What was written to the pod with this uid, if the watch shows a version up to `version`.
    pub fn pod(&mut self, uid: &str, version: u64) -> Option<(u64, &[ContainerResources])> {
        self.pods.beyond(uid, version).map(|(written, containers)| (written, containers.as_slice()))
    }

    /// Whether the watch has caught up with all of them.
    pub fn is_empty(&self) -> bool {
        self.pods.is_empty()
    }

    /// Forgets pods that no longer exist.
    pub fn keep_pods(&mut self, exists: impl Fn(&str) -> bool) {
        self.pods.keep(|uid| exists(uid));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resize_shows_until_the_pod_is_seen_with_it() {
        let mut pending = PendingPods::default();
        pending.resized("uid-1".to_owned(), 9, Vec::new());
        assert_eq!(pending.pod("uid-1", 8).map(|(version, _)| version), Some(9));
        assert_eq!(pending.pod("uid-2", 8), None);
        assert_eq!(pending.pod("uid-1", 9), None);
        assert_eq!(pending.pod("uid-1", 8), None);
        pending.resized("uid-3".to_owned(), 9, Vec::new());
        pending.keep_pods(|uid| uid != "uid-3");
        assert!(pending.is_empty(), "a pod that is gone is forgotten");
    }
}
