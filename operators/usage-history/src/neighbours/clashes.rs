//! Workloads whose series are partly or all another cluster's, from read to read.
//!
//! In: label clashes in one read. Out: the proven ones. A read of a few steps alone proves nothing, because a changed
//! label shows the old and the new one side by side for some minutes; several reads in a row do. Pure.

use std::collections::HashMap;

use trimtab_core::WorkloadId;
use trimtab_metrics_sources::Difference;

use super::origins::Clash;

#[derive(Debug)]
struct Running {
    difference: Difference,
    since_s: i64,
    until_s: i64,
    /// The end of the last read that showed it.
    seen_s: i64,
    proven: bool,
}

/// The clashes seen so far.
#[derive(Debug, Default)]
pub(crate) struct Clashes {
    running: HashMap<WorkloadId, Running>,
}

impl Clashes {
    /// Merges what a read of a namespace up to `end_s` showed. A clash that no read has shown for `keep_s` is dropped.
    pub(crate) fn read(&mut self, namespace: &str, found: Vec<Clash>, end_s: i64, slack_s: i64, keep_s: i64) {
        for Clash { workload, difference, times } in found {
            let known = self.running.entry(workload).or_insert_with(|| Running {
                difference: difference.clone(),
                since_s: times.first_s,
                until_s: times.last_s,
                seen_s: end_s,
                proven: false,
            });
            if times.first_s > known.until_s + slack_s || times.last_s < known.since_s {
                (known.since_s, known.until_s) = (times.first_s, times.last_s);
            }
            known.since_s = known.since_s.min(times.first_s);
            known.until_s = known.until_s.max(times.last_s);
            known.seen_s = end_s;
            known.difference = difference;
            known.proven |= known.until_s - known.since_s > slack_s;
        }
        self.running.retain(|workload, known| *workload.namespace != *namespace || known.seen_s > end_s - keep_s);
    }

    /// The proven ones of a namespace.
    pub(crate) fn proven(&self, namespace: &str) -> impl Iterator<Item = (&WorkloadId, &Difference)> {
        let here = self.running.iter().filter(move |(workload, _)| *workload.namespace == *namespace);
        here.filter(|(_, known)| known.proven).map(|(workload, known)| (workload, &known.difference))
    }

    /// Drops everything about namespaces that `wanted` does not name.
    pub(crate) fn retain(&mut self, wanted: impl Fn(&str) -> bool) {
        self.running.retain(|workload, _| wanted(&workload.namespace));
    }
}
