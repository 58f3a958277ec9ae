//! Index from workloads to their Recommendations. In: rows as they are added and removed. Out: keys by workload.

use std::collections::{BTreeSet, HashMap};

use trimtab_core::WorkloadId;

use crate::Key;

/// An index from a workload to its Recommendations: those of policies and those that people propose.
#[derive(Debug, Default)]
pub(crate) struct ByWorkload {
    keys: HashMap<WorkloadId, BTreeSet<Key>>,
    workloads: HashMap<Key, WorkloadId>,
}

impl ByWorkload {
    /// Records the target of `key`; `None` if it is gone or its target is not of a kind that is sized.
    pub(crate) fn put(&mut self, key: Key, workload: Option<WorkloadId>) {
        if self.workloads.get(&key) == workload.as_ref() {
            return;
        }
        if let Some(former) = self.workloads.remove(&key)
            && let Some(keys) = self.keys.get_mut(&former)
        {
            keys.remove(&key);
            if keys.is_empty() {
                self.keys.remove(&former);
            }
        }
        if let Some(id) = workload {
            self.keys.entry(id.clone()).or_default().insert(key.clone());
            self.workloads.insert(key, id);
        }
    }

    /// The other Recommendations of the workload of `key`.
    pub(crate) fn others(&self, key: &Key) -> Vec<Key> {
        let keys = self.workloads.get(key).into_iter().flat_map(|id| self.of(id));
        keys.filter(|other| *other != key).cloned().collect()
    }

    /// The Recommendations that target `id`.
    pub(crate) fn of(&self, id: &WorkloadId) -> impl Iterator<Item = &Key> {
        self.keys.get(id).into_iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use trimtab_core::WorkloadKind;

    use super::*;

    #[test]
    fn a_recommendation_is_found_by_what_it_is_about_now() {
        let key = |name: &str| ("shop".to_owned(), name.to_owned());
        let id = |name: &str| WorkloadId::new(WorkloadKind::Deployment, "shop", name);
        let mut index = ByWorkload::default();
        let found = |index: &ByWorkload, name: &str| index.of(&id(name)).map(|k| k.1.clone()).collect::<Vec<_>>();
        index.put(key("deploy-web"), Some(id("web")));
        index.put(key("mine"), Some(id("web")));
        assert_eq!(found(&index, "web"), ["deploy-web", "mine"]);
        assert_eq!(index.others(&key("mine")), [key("deploy-web")]);
        assert_eq!(index.others(&key("new")), [] as [Key; 0]);
        index.put(key("mine"), Some(id("api")));
        assert_eq!(
            (found(&index, "web"), found(&index, "api")),
            (vec!["deploy-web".to_owned()], vec!["mine".to_owned()])
        );
        index.put(key("deploy-web"), None);
        assert!(found(&index, "web").is_empty());
        assert_eq!((index.keys.len(), index.workloads.len()), (1, 1), "nothing is left of what is gone");
    }
}
