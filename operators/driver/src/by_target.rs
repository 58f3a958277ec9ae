//! Index of objects by what they are about. In: objects as they are added and removed. Out: keys by target.

use std::{
    collections::{BTreeSet, HashMap},
    hash::Hash,
};

/// An index from a target (a workload, say) to the objects about it: those of policies and those that people create.
#[derive(Debug)]
pub struct ByTarget<T, K> {
    keys: HashMap<T, BTreeSet<K>>,
    targets: HashMap<K, T>,
}

impl<T, K> Default for ByTarget<T, K> {
    fn default() -> Self {
        Self { keys: HashMap::new(), targets: HashMap::new() }
    }
}

impl<T: Clone + Eq + Hash, K: Clone + Ord + Hash> ByTarget<T, K> {
    /// Records the target of `key`; `None` if it is gone, or if nothing of its kind of target is changed.
    pub fn put(&mut self, key: K, target: Option<T>) {
        if self.targets.get(&key) == target.as_ref() {
            return;
        }
        if let Some(former) = self.targets.remove(&key)
            && let Some(keys) = self.keys.get_mut(&former)
        {
            keys.remove(&key);
            if keys.is_empty() {
                self.keys.remove(&former);
            }
        }
        if let Some(target) = target {
            self.keys.entry(target.clone()).or_default().insert(key.clone());
            self.targets.insert(key, target);
        }
    }

    /// The other objects about the target of `key`.
    pub fn others(&self, key: &K) -> Vec<K> {
        let keys = self.targets.get(key).into_iter().flat_map(|target| self.of(target));
        keys.filter(|other| *other != key).cloned().collect()
    }

    /// The objects about `target`.
    pub fn of(&self, target: &T) -> impl Iterator<Item = &K> {
        self.keys.get(target).into_iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use trimtab_core::{WorkloadId, WorkloadKind};

    use super::*;

    /// Namespace and name.
    type Key = (String, String);

    #[test]
    fn an_object_is_found_by_what_it_is_about_now() {
        let key = |name: &str| ("shop".to_owned(), name.to_owned());
        let id = |name: &str| WorkloadId::new(WorkloadKind::Deployment, "shop", name);
        let mut index = ByTarget::default();
        let found = |index: &ByTarget<WorkloadId, Key>, name: &str| {
            index.of(&id(name)).map(|k| k.1.clone()).collect::<Vec<_>>()
        };
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
        assert_eq!((index.keys.len(), index.targets.len()), (1, 1), "nothing is left of what is gone");
    }
}
