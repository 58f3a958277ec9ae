//! Interning: equal values are stored once. Values that no row uses are swept, so that churn does not grow the process.

use std::{borrow::Borrow, collections::HashSet, hash::Hash, sync::Arc};

/// A set of shared values.
#[derive(Debug)]
struct Pool<T: ?Sized> {
    values: HashSet<Arc<T>>,
    sweep_at: usize,
}

/// Pools below this size are not worth a sweep.
const LEAST_SWEEP: usize = 1024;

impl<T: ?Sized + Eq + Hash> Pool<T> {
    fn new() -> Self {
        Self { values: HashSet::new(), sweep_at: LEAST_SWEEP }
    }

    fn get(&mut self, value: &T, make: impl FnOnce() -> Arc<T>) -> Arc<T>
    where
        Arc<T>: Borrow<T>,
    {
        if let Some(known) = self.values.get(value) {
            return known.clone();
        }
        // Sweeping at each doubling costs a constant share of each insertion, and needs no clock.
        if self.values.len() >= self.sweep_at {
            self.values.retain(|v| Arc::strong_count(v) > 1);
            self.sweep_at = (self.values.len() * 2).max(LEAST_SWEEP);
            self.values.shrink_to(self.sweep_at);
        }
        let made = make();
        self.values.insert(made.clone());
        made
    }
}

/// Pools of strings and of resources.
#[derive(Debug)]
pub(crate) struct Interner {
    strings: Pool<str>,
    resources: Pool<crate::row::Resources>,
}

impl Interner {
    pub(crate) fn new() -> Self {
        Self { strings: Pool::new(), resources: Pool::new() }
    }

    /// The shared string equal to `text`.
    pub(crate) fn text(&mut self, text: &str) -> Arc<str> {
        self.strings.get(text, || Arc::from(text))
    }

    /// The same for an optional string; an empty one counts as absent.
    pub(crate) fn option(&mut self, text: Option<&str>) -> Option<Arc<str>> {
        text.filter(|t| !t.is_empty()).map(|t| self.text(t))
    }

    /// The shared resources equal to `resources`.
    pub(crate) fn resources(&mut self, resources: crate::row::Resources) -> Arc<crate::row::Resources> {
        self.resources.get(&resources, || Arc::new(resources))
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.strings.values.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_strings_are_one() {
        let mut interner = Interner::new();
        assert!(Arc::ptr_eq(&interner.text("web"), &interner.text("web")));
        assert_eq!(interner.option(Some("")), None);
    }

    #[test]
    fn churn_does_not_grow_it_and_used_strings_stay() {
        let mut interner = Interner::new();
        let kept: Vec<_> = (0..500).map(|i| interner.text(&format!("kept-{i}"))).collect();
        for i in 0..200_000 {
            interner.text(&format!("gone-{i}"));
        }
        assert!(interner.len() <= 2 * LEAST_SWEEP, "{}", interner.len());
        assert!(Arc::ptr_eq(&kept[7], &interner.text("kept-7")));
    }
}
