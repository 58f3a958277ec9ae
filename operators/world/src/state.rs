//! The state of each watch, and whether all of them have listed their objects.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use crate::{kinds::Kind, refusal::Refusal};

/// A kind that the world does without, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Missing {
    /// The kind.
    pub kind: Kind,
    /// The namespace, where namespaces are watched individually.
    pub namespace: Option<String>,
    /// Why, as in `Forbidden: verb list on poddisruptionbudgets`.
    pub reason: Refusal,
}

/// A watch: a kind in all namespaces or one.
pub(crate) type Scope = (Kind, Option<String>);

/// A refused watch is retried at least this often; without a refusal for longer than this it works again.
const REFUSAL_HOLDS: Duration = Duration::from_secs(90);

/// The last known state of a watch: one that works again reports nothing until an event arrives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fares {
    /// All objects are listed, and no failure since its last event. Also for kinds that the server does not have.
    Well,
    /// Not all objects are listed yet, and why, if known.
    Unlisted(Option<String>),
    /// It has failed since its last event.
    Failed {
        /// The latest error.
        reason: String,
        /// When it occurred.
        at: Instant,
    },
}

#[derive(Clone, Debug, Default)]
struct Watch {
    listed: bool,
    refused: Option<(Refusal, Instant)>,
    failed: Option<(String, Instant)>,
    /// The server does not have the kind.
    absent: bool,
}

/// The state of all watches.
#[derive(Debug, Default)]
pub(crate) struct Watches(BTreeMap<Scope, Watch>);

impl Watches {
    pub(crate) fn new(scopes: impl IntoIterator<Item = Scope>) -> Self {
        Self(scopes.into_iter().map(|s| (s, Watch::default())).collect())
    }

    /// The watch has listed all objects.
    pub(crate) fn listed(&mut self, scope: &Scope) {
        if let Some(watch) = self.0.get_mut(scope) {
            *watch = Watch { listed: true, ..Watch::default() };
        }
    }

    /// The watch delivers events.
    pub(crate) fn delivered(&mut self, scope: &Scope) {
        if let Some(watch) = self.0.get_mut(scope).filter(|w| w.listed) {
            (watch.refused, watch.failed) = (None, None);
        }
    }

    /// The API server refuses the watch. Returns whether that is news.
    pub(crate) fn refused(&mut self, scope: &Scope, reason: Refusal, now: Instant) -> bool {
        let Some(watch) = self.0.get_mut(scope) else { return false };
        let news = watch.refused.as_ref().is_none_or(|(r, _)| *r != reason);
        (watch.failed, watch.absent) = (Some((reason.to_string(), now)), false);
        watch.refused = Some((reason, now));
        news
    }

    /// The API server does not have the kind: missing, but no fault of the watch. Returns whether that is news.
    pub(crate) fn absent(&mut self, scope: &Scope, reason: Refusal, now: Instant) -> bool {
        let news = self.refused(scope, reason, now);
        if let Some(watch) = self.0.get_mut(scope) {
            (watch.failed, watch.absent) = (None, true);
        }
        news
    }

    /// The watch failed for a reason that may pass.
    pub(crate) fn failed(&mut self, scope: &Scope, reason: String, now: Instant) {
        if let Some(watch) = self.0.get_mut(scope) {
            watch.failed = Some((reason, now));
        }
    }

    /// The state of the watches of a kind; of several, the worst.
    pub(crate) fn fares(&self, kind: Kind) -> Fares {
        let of = |watch: &Watch| match (&watch.failed, watch.listed || watch.absent) {
            (failed, false) => Fares::Unlisted(failed.as_ref().map(|(reason, _)| reason.clone())),
            (Some((reason, at)), true) => Fares::Failed { reason: reason.clone(), at: *at },
            (None, true) => Fares::Well,
        };
        let weight = |fares: &Fares| match fares {
            Fares::Well => 0,
            Fares::Failed { .. } => 1,
            Fares::Unlisted(_) => 2,
        };
        let all = self.0.iter().filter(|((of, _), _)| *of == kind).map(|(_, watch)| of(watch));
        all.max_by_key(weight).unwrap_or(Fares::Well)
    }

    /// Whether each watch has either listed all objects or been refused.
    pub(crate) fn synced(&self) -> bool {
        self.0.values().all(|w| w.listed || w.refused.is_some())
    }

    /// What is missing.
    pub(crate) fn missing(&self, now: Instant) -> Vec<Missing> {
        self.0
            .iter()
            .filter_map(|((kind, namespace), watch)| {
                let (reason, at) = watch.refused.as_ref()?;
                // Once listed, a watch that works again reports nothing until an event arrives.
                let holds = !watch.listed || now.duration_since(*at) < REFUSAL_HOLDS;
                holds.then(|| Missing { kind: *kind, namespace: namespace.clone(), reason: reason.clone() })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forbidden() -> Refusal {
        Refusal::Forbidden { verb: "list", on: "pods".to_owned() }
    }

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
        assert!(watches.refused(&nodes, forbidden(), start));
        assert!(!watches.refused(&nodes, forbidden(), start));
        assert!(watches.synced());
        let later = start + REFUSAL_HOLDS * 10;
        assert_eq!(watches.missing(later).len(), 1, "a list that was never allowed stays missing");
        watches.listed(&nodes);
        assert!(watches.missing(start).is_empty() && watches.synced());
    }

    #[test]
    fn a_watch_fares_as_it_last_told() {
        let (pods, start): (Scope, Instant) = ((Kind::Pod, None), Instant::now());
        let mut watches = Watches::new([pods.clone()]);
        let failed = |reason: &str| Fares::Failed { reason: reason.to_owned(), at: start };
        assert_eq!(watches.fares(Kind::Pod), Fares::Unlisted(None));
        watches.failed(&pods, "no answer".to_owned(), start);
        assert_eq!(watches.fares(Kind::Pod), Fares::Unlisted(Some("no answer".to_owned())));
        watches.refused(&pods, forbidden(), start);
        assert_eq!(watches.fares(Kind::Pod), Fares::Unlisted(Some(forbidden().to_string())), "synced, and not listed");
        watches.listed(&pods);
        assert_eq!(watches.fares(Kind::Pod), Fares::Well);
        watches.failed(&pods, "no answer".to_owned(), start);
        assert_eq!(watches.fares(Kind::Pod), failed("no answer"));
        watches.delivered(&pods);
        assert_eq!(watches.fares(Kind::Pod), Fares::Well);
        watches.refused(&pods, forbidden(), start);
        assert_eq!(watches.fares(Kind::Pod), failed("Forbidden: verb list on pods"));
        watches.absent(&pods, Refusal::NotFound("core pods".to_owned()), start);
        assert_eq!(watches.fares(Kind::Pod), Fares::Well, "what the server does not have is no fault of the watch");
        assert_eq!(watches.missing(start).len(), 1);
    }

    #[test]
    fn a_right_taken_away_shows_and_ends_by_itself() {
        let pods: Scope = (Kind::Pod, None);
        let mut watches = Watches::new([pods.clone()]);
        let start = Instant::now();
        watches.listed(&pods);
        watches.refused(&pods, forbidden(), start);
        assert!(watches.synced());
        assert_eq!(watches.missing(start).len(), 1);
        assert!(watches.missing(start + REFUSAL_HOLDS).is_empty());
        watches.refused(&pods, forbidden(), start);
        watches.delivered(&pods);
        assert!(watches.missing(start).is_empty());
    }
}
