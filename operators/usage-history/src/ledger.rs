//! Which spans of which namespaces have been read, so that nothing is read twice or left out.
//!
//! In: reads that began and ended. Out: what the next read must cover. Pure bookkeeping, no clock.

use std::collections::{BTreeMap, HashMap};

use trimtab_metrics_sources::{NamespaceLoad, ReadKind, ReadRequest};

/// The part of a namespace's past in memory: samples in `(from_s, until_s]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Read {
    from_s: i64,
    until_s: i64,
}

/// What has been read, per namespace.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    read: HashMap<String, Read>,
}

/// The reads that are due.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Due {
    pub(crate) requests: Vec<ReadRequest>,
    /// Namespaces that are complete up to the end of the span.
    pub(crate) current: Vec<String>,
}

impl Ledger {
    /// What to read so that `(end_s - window_s, end_s]` is complete for `loads`. Times are multiples of `step_s`.
    pub(crate) fn due(&self, loads: Vec<NamespaceLoad>, end_s: i64, window_s: i64, step_s: i64) -> Due {
        let mut due = Due::default();
        let start_s = (end_s - window_s).div_euclid(step_s) * step_s;
        let mut history = Vec::new();
        let mut recent: BTreeMap<i64, Vec<NamespaceLoad>> = BTreeMap::new();
        for load in loads {
            match self.read.get(&load.name) {
                // A day of grace: the window moves on with every pass, and that alone is no reason to read again.
                Some(read) if read.from_s <= start_s + 86_400 && read.until_s > start_s => {
                    if read.until_s >= end_s {
                        due.current.push(load.name);
                    } else {
                        recent.entry(read.until_s).or_default().push(load);
                    }
                }
                // Never read, more of the past is wanted, or the gap was longer than the window.
                _ => history.push(load),
            }
        }
        if !history.is_empty() {
            due.requests.push(ReadRequest { namespaces: history, start_s, end_s, step_s, kind: ReadKind::History });
        }
        for (start_s, namespaces) in recent {
            due.requests.push(ReadRequest { namespaces, start_s, end_s, step_s, kind: ReadKind::Recent });
        }
        due
    }

    /// Whether a namespace's whole past was ever read.
    pub(crate) fn knows(&self, namespace: &str) -> bool {
        self.read.contains_key(namespace)
    }

    /// A namespace's whole past from `from_s` was read up to `until_s`.
    pub(crate) fn read_history(&mut self, namespace: &str, from_s: i64, until_s: i64) {
        self.read.insert(namespace.to_owned(), Read { from_s, until_s });
    }

    /// A namespace's news was read up to `until_s`.
    pub(crate) fn read_recent(&mut self, namespace: &str, until_s: i64) {
        if let Some(read) = self.read.get_mut(namespace) {
            read.until_s = read.until_s.max(until_s);
        }
    }

    /// Retains only what `wanted` selects.
    pub(crate) fn retain(&mut self, wanted: impl Fn(&str) -> bool) {
        self.read.retain(|namespace, _| wanted(namespace));
    }
}

#[cfg(test)]
mod tests {
    use super::Ledger;
    use trimtab_metrics_sources::{NamespaceLoad, ReadKind};

    fn load(name: &str) -> NamespaceLoad {
        NamespaceLoad { name: name.to_owned(), containers: 2, ..NamespaceLoad::default() }
    }

    #[test]
    fn the_first_read_is_the_history_and_later_ones_only_what_is_new() {
        let mut ledger = Ledger::default();
        let due = ledger.due(vec![load("a"), load("b")], 1_000_500, 86_400, 300);
        assert_eq!(due.requests.len(), 1);
        assert_eq!((due.requests[0].kind, due.requests[0].start_s), (ReadKind::History, 914_100));
        for name in ["a", "b"] {
            ledger.read_history(name, 914_100, 1_000_500);
        }
        let later = ledger.due(vec![load("a"), load("b")], 1_000_800, 86_400, 300);
        assert_eq!(later.requests.len(), 1, "one read for all that were read to the same time");
        assert_eq!((later.requests[0].kind, later.requests[0].start_s), (ReadKind::Recent, 1_000_500));
        assert_eq!(ledger.due(vec![load("a")], 1_000_500, 86_400, 300).current, ["a"]);
    }

    #[test]
    fn a_longer_window_or_a_long_silence_starts_anew() {
        let mut ledger = Ledger::default();
        ledger.read_history("a", 914_100, 1_000_500);
        let longer = ledger.due(vec![load("a")], 1_000_800, 10 * 86_400, 300);
        assert_eq!((longer.requests.len(), longer.requests[0].kind), (1, ReadKind::History));
        let silent = ledger.due(vec![load("a")], 1_000_500 + 2 * 86_400, 86_400, 300);
        assert_eq!(silent.requests[0].kind, ReadKind::History);
    }

    #[test]
    fn a_namespace_that_lags_is_read_from_where_it_stands() {
        let mut ledger = Ledger::default();
        ledger.read_history("a", 0, 600_000);
        ledger.read_history("b", 0, 600_300);
        let due = ledger.due(vec![load("a"), load("b")], 600_600, 600_000, 300);
        let starts: Vec<i64> = due.requests.iter().map(|r| r.start_s).collect();
        assert_eq!(starts, [600_000, 600_300]);
    }
}
