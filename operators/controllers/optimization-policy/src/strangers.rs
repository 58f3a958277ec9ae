//! Whether a usage source knows this cluster at all.
//!
//! In: which pods its series name, and which run. Out: a message where pods run and no series was ever of one of them,
//! as with the server of another cluster. Reads memory only. The message changes only when the required action changes:
//! no exact counts, no ages.

use std::collections::BTreeSet;

use trimtab_core::{WorkloadId, text::moment};
use trimtab_usage_history::{UsageStore, Whose};
use trimtab_world::{World, row::PodPhase};

use crate::{
    analyzer::Analyzer,
    feed::Feed,
    text::{about, some},
};

impl Analyzer {
    /// What to say of a feed that has never had a series of a pod that runs here, in the namespaces of these workloads.
    /// `newest_s` is the time of its newest sample that counts, in seconds since the epoch.
    pub(crate) fn strangers<'a>(
        &self,
        feed: &Feed,
        workloads: impl Iterator<Item = &'a WorkloadId> + Clone,
        newest_s: Option<i64>,
    ) -> Option<String> {
        message(feed.name, &feed.store, &self.world, workloads, newest_s)
    }
}

/// The message about the feed `name`, if none of its series is of a pod in the namespaces of these workloads although
/// some of these run.
fn message<'a>(
    name: &str,
    store: &UsageStore,
    world: &World,
    workloads: impl Iterator<Item = &'a WorkloadId> + Clone,
    newest_s: Option<i64>,
) -> Option<String> {
    let namespaces: BTreeSet<&str> = workloads.clone().map(|id| &*id.namespace).collect();
    let read: Vec<(&str, Whose)> = namespaces.iter().map(|n| Some((*n, store.whose(n)?))).collect::<Option<_>>()?;
    if read.is_empty() || read.iter().any(|(_, whose)| whose.ours) {
        return None;
    }
    // Between two runs there is nothing to measure.
    let mut lasting = workloads.filter(|id| !id.kind.runs_to_completion());
    let runs = lasting.any(|id| world.pods_of(id).iter().any(|pod| pod.phase == PodPhase::Running));
    runs.then(|| said(name, &read, newest_s))
}

fn said(name: &str, read: &[(&str, Whose)], newest_s: Option<i64>) -> String {
    let others: usize = read.iter().map(|(_, whose)| whose.others()).sum();
    let shown = |all: bool| -> String {
        let names: Vec<&str> = read.iter().filter(|(_, w)| all || w.others() > 0).map(|(n, _)| *n).collect();
        let what = if names.len() == 1 { "namespace" } else { "namespaces" };
        format!("{what} {}", some(&names, "namespaces"))
    };
    let found = if others == 0 {
        format!("{name} has no usage of any selected workload: it has no series of CPU or memory of {}", shown(true))
    } else {
        let labels: BTreeSet<String> =
            read.iter().flat_map(|(_, w)| &w.labels).map(|(label, value)| format!("{label}=\"{value}\"")).collect();
        let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
        let with = if labels.is_empty() { String::new() } else { format!(", with {},", some(&labels, "labels")) };
        let newest = newest_s.map_or_else(String::new, |time| format!(", the newest of {}", moment(time)));
        format!(
            "no series in {name} is of a pod that runs in this cluster: those of {}{with} are of {} that {} not{newest}",
            shown(false),
            about(others),
            if others == 1 { "does" } else { "do" },
        )
    };
    format!(
        "{found}. Check that --prometheus-url leads to the server that scrapes this cluster's kubelets, and that \
         --prometheus-cluster, where one server holds several clusters, has this cluster's label and value"
    )
}

#[cfg(test)]
#[path = "strangers_tests.rs"]
mod tests;
