//! How each watch fares, and whether all of them have said what there is.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use crate::kind::Kind;

/// A kind that the world does without, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Missing {
    /// The kind.
    pub kind: Kind,
    /// The namespace, where namespaces are watched one by one.
    pub namespace: Option<String>,
    /// Why, as in `Forbidden: verb list on poddisruptionbudgets`.
    pub reason: String,
}

/// A watch: a kind in all namespaces or one.
pub(crate) type Scope = (Kind, Option<String>);

/// A refused watch is tried again at least this often; without a refusal for longer it works again.
const REFUSAL_HOLDS: Duration = Duration::from_secs(90);

#[derive(Clone, Debug)]
struct Watch {
    listed: bool,
    refused: Option<(String, Instant)>,
}

/// The state of all watches.
#[derive(Debug, Default)]
pub(crate) struct Watches(BTreeMap<Scope, Watch>);

impl Watches {
    pub(crate) fn new(scopes: impl IntoIterator<Item = Scope>) -> Self {
        Self(scopes.into_iter().map(|s| (s, Watch { listed: false, refused: None })).collect())
    }

    /// The watch has told of all objects.
    pub(crate) fn listed(&mut self, scope: &Scope) {
        if let Some(watch) = self.0.get_mut(scope) {
            *watch = Watch { listed: true, refused: None };
        }
    }

    /// The watch delivers.
    pub(crate) fn delivered(&mut self, scope: &Scope) {
        if let Some(watch) = self.0.get_mut(scope).filter(|w| w.listed) {
            watch.refused = None;
        }
    }

    /// The API server refuses the watch. Answers whether that is news.
    pub(crate) fn refused(&mut self, scope: &Scope, reason: String, now: Instant) -> bool {
        let Some(watch) = self.0.get_mut(scope) else { return false };
        let news = watch.refused.as_ref().is_none_or(|(r, _)| *r != reason);
        watch.refused = Some((reason, now));
        news
    }

    /// Whether each watch has either told of all objects or been refused.
    pub(crate) fn synced(&self) -> bool {
        self.0.values().all(|w| w.listed || w.refused.is_some())
    }

    /// What is missing.
    pub(crate) fn missing(&self, now: Instant) -> Vec<Missing> {
        self.0
            .iter()
            .filter_map(|((kind, namespace), watch)| {
                let (reason, at) = watch.refused.as_ref()?;
                // Once listed, a watch that works again says nothing until something happens.
                let holds = !watch.listed || now.duration_since(*at) < REFUSAL_HOLDS;
                holds.then(|| Missing { kind: *kind, namespace: namespace.clone(), reason: reason.clone() })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn synced_when_each_is_listed_or_refused() {
        let (pods, nodes): (Scope, Scope) = ((Kind::Pod, None), (Kind::Node, None));
        let mut watches = Watches::new([pods.clone(), nodes.clone()]);
        let start = Instant::now();
        assert!(!watches.synced());
        watches.delivered(&pods);
        assert!(!watches.synced(), "an object is not yet a list");
        watches.listed(&pods);
        assert!(!watches.synced());
        assert!(watches.refused(&nodes, "Forbidden".into(), start));
        assert!(!watches.refused(&nodes, "Forbidden".into(), start));
        assert!(watches.synced());
        let later = start + REFUSAL_HOLDS * 10;
        assert_eq!(watches.missing(later).len(), 1, "a list that was never allowed stays missing");
        watches.listed(&nodes);
        assert!(watches.missing(start).is_empty() && watches.synced());
    }

    #[test]
    fn a_right_taken_away_shows_and_ends_by_itself() {
        let pods: Scope = (Kind::Pod, None);
        let mut watches = Watches::new([pods.clone()]);
        let start = Instant::now();
        watches.listed(&pods);
        watches.refused(&pods, "Forbidden".into(), start);
        assert!(watches.synced());
        assert_eq!(watches.missing(start).len(), 1);
        assert!(watches.missing(start + REFUSAL_HOLDS).is_empty());
        watches.refused(&pods, "Forbidden".into(), start);
        watches.delivered(&pods);
        assert!(watches.missing(start).is_empty());
    }
}
