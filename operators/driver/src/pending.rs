//! Own writes that a watch does not show yet, so that a reconcile continues from what it has just done. In: what was
//! written, and the version that resulted. Out: the same, until the watch has caught up. A crash costs no more than one
//! premature reconcile.

use std::{borrow::Borrow, collections::HashMap, hash::Hash};

/// The last write of one kind to one object: `V` is what was written.
#[derive(Clone, Debug)]
pub struct Pending<V>(Option<(u64, V)>);

impl<V> Default for Pending<V> {
    fn default() -> Self {
        Self(None)
    }
}

impl<V> Pending<V> {
    /// Records a write, which gave its object `version`.
    pub fn wrote(&mut self, version: u64, value: V) {
        self.0 = Some((version, value));
    }

    /// The write and the version that it resulted in, if the watch shows `watched`, an earlier one. What a watch has
    /// caught up with is forgotten: the row of a watch that is ahead of the write includes its effect.
    pub fn beyond(&mut self, watched: u64) -> Option<(u64, &V)> {
        if self.0.as_ref().is_some_and(|(version, _)| *version <= watched) {
            self.0 = None;
        }
        self.0.as_ref().map(|(version, value)| (*version, value))
    }

    /// Whether the watch has caught up.
    pub const fn is_empty(&self) -> bool {
        self.0.is_none()
    }
}

/// The last write to each of several objects.
#[derive(Clone, Debug)]
pub struct PendingByKey<K, V>(HashMap<K, Pending<V>>);

impl<K, V> Default for PendingByKey<K, V> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Eq + Hash, V> PendingByKey<K, V> {
    /// Records a write to `key`, which gave it `version`.
    pub fn wrote(&mut self, key: K, version: u64, value: V) {
        self.0.entry(key).or_default().wrote(version, value);
    }

    /// The write to `key`, see [`Pending::beyond`].
    pub fn beyond<Q: Eq + Hash + ?Sized>(&mut self, key: &Q, watched: u64) -> Option<(u64, &V)>
    where
        K: Borrow<Q>,
    {
        self.0.get_mut(key)?.beyond(watched)
    }

    /// Forgets objects that no longer exist.
    pub fn keep(&mut self, exists: impl Fn(&K) -> bool) {
        self.0.retain(|key, _| exists(key));
    }

    /// Whether the watches have caught up with all writes.
    pub fn is_empty(&self) -> bool {
        self.0.values().all(Pending::is_empty)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_shows_until_the_watch_has_it_and_not_a_moment_longer() {
        let mut pending = Pending::default();
        assert!(pending.is_empty() && pending.beyond(0).is_none());
        pending.wrote(5, "five");
        assert_eq!(pending.beyond(4), Some((5, &"five")));
        pending.wrote(7, "seven");
        assert_eq!(pending.beyond(5), Some((7, &"seven")), "the later of both writes");
        assert_eq!(pending.beyond(7), None, "from here on the watch is believed");
        assert_eq!(pending.beyond(4), None, "what was forgotten does not come back");
        assert!(pending.is_empty());
    }

    #[test]
    fn each_object_has_a_write_of_its_own_until_it_is_seen_or_gone() {
        let mut pending = PendingByKey::default();
        pending.wrote("a".to_owned(), 9, 1);
        pending.wrote("b".to_owned(), 8, 2);
        assert_eq!(pending.beyond("a", 8), Some((9, &1)));
        assert_eq!(pending.beyond("c", 8), None);
        assert_eq!(pending.beyond("b", 8), None);
        pending.keep(|key| key != "a");
        assert!(pending.is_empty());
    }
}
