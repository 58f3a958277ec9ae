//! The conditions of a policy after a pass.
//!
//! In: the findings of the pass. Out: an observation for each condition. Pure.

use std::collections::BTreeMap;

use trimtab_api::{
    conditions::{reasons, types},
    optimization_policy::WorkloadCounts,
};
use trimtab_core::{WorkloadId, conditions::Observation};

use super::Findings;
use crate::{
    outcome::Tally,
    text::{count, cut},
    unmatched::Names,
};

/// Maximum number of unmatched names in the condition's message.
const NAMES_SHOWN: usize = 5;
/// Maximum length of the message about such names, in bytes.
const MOST_ABOUT_NAMES: usize = 4096;

pub(super) fn observations(findings: &Findings, counts: &WorkloadCounts, unowned: Option<String>) -> Vec<Observation> {
    let mut observed = vec![
        ready(findings, counts, unowned),
        metrics(findings),
        ambiguity(findings),
        prices(&findings.outcomes),
        overlap(findings),
    ];
    observed.extend(names(&findings.names));
    if let Some((failed, first)) = &findings.write_failures {
        let what = count(*failed as u64, "recommendation");
        let message = format!("{what} could not be written and will be retried; the first error: {first}");
        observed.push(Observation::yes(types::RECONCILING, reasons::WRITE_FAILED, message));
    }
    observed
}

fn ready(findings: &Findings, counts: &WorkloadCounts, unowned: Option<String>) -> Observation {
    if !findings.blind.is_empty() {
        return Observation::no(types::READY, reasons::WORLD_INCOMPLETE, findings.blind.join("; "));
    }
    if let Some((reason, message)) = &findings.metrics_fault {
        return Observation::no(types::READY, *reason, message.clone());
    }
    let missing = &findings.missing_namespaces;
    if !missing.is_empty() {
        let message = format!("targetNamespaces names {}: no such namespace", missing.join(", "));
        return Observation::no(types::READY, reasons::NAMESPACE_NOT_FOUND, message);
    }
    if counts.selected == 0 {
        let message = if findings.lost_to.is_empty() {
            "no workload is selected: check the namespaces, workloadSelector and kinds"
        } else {
            "other policies take every workload that it selects: see condition Overlapping"
        };
        let more = unowned.iter().chain(&findings.unseen);
        let message = more.fold(message.to_owned(), |message, more| format!("{message}; {more}"));
        return Observation::yes(types::READY, reasons::NO_WORKLOADS, message);
    }
    let message = format!(
        "{}: {} with a recommendation, {} right-sized, {} skipped",
        count(counts.selected.unsigned_abs(), "workload"),
        counts.recommended,
        counts.right_sized,
        counts.skipped
    );
    let message = findings.unseen.iter().fold(message, |message, more| format!("{message}; {more}"));
    Observation::yes(types::READY, reasons::ANALYZED, message)
}

fn metrics(findings: &Findings) -> Observation {
    match &findings.metrics_fault {
        Some((reason, message)) => Observation::no(types::METRICS_AVAILABLE, *reason, message.clone()),
        None => Observation::yes(
            types::METRICS_AVAILABLE,
            reasons::METRICS_FRESH,
            format!("usage is read from {}", if findings.source.is_empty() { "nowhere yet" } else { findings.source }),
        ),
    }
}

fn ambiguity(findings: &Findings) -> Observation {
    match &findings.ambiguity {
        Some((reason, message)) => Observation::yes(types::METRICS_AMBIGUOUS, *reason, message.clone()),
        // Of what is not read, or is of no pod of this cluster, nothing is known.
        None if findings.metrics_fault.is_some() => Observation::no(
            types::METRICS_AMBIGUOUS,
            reasons::METRICS_UNAMBIGUOUS,
            "no series is known to be of two clusters; see MetricsAvailable",
        ),
        None => Observation::no(
            types::METRICS_AMBIGUOUS,
            reasons::METRICS_UNAMBIGUOUS,
            "every series that is read belongs to a pod of this cluster",
        ),
    }
}

fn prices(outcomes: &[(WorkloadId, Tally)]) -> Observation {
    let estimated = outcomes.iter().filter(|(_, o)| matches!(o, Tally::Recommended { estimated: true, .. })).count();
    if estimated == 0 {
        return Observation::no(types::PRICES_ESTIMATED, reasons::PRICES_KNOWN, "every price comes from a price list");
    }
    let message = format!(
        "the prices behind {} are estimates: add their nodes to a PriceBook",
        count(estimated as u64, "recommendation")
    );
    Observation::yes(types::PRICES_ESTIMATED, reasons::NODE_TYPE_UNKNOWN, message)
}

/// The unmatched names; the reason is that of the first, which matters most.
fn names(names: &Names) -> Option<Observation> {
    let first = names.list.first()?;
    let (shown, more) = names.shown(NAMES_SHOWN);
    let rest = if more > 0 { format!("; and {more} more") } else { String::new() };
    let message = cut(shown.join("; "), MOST_ABOUT_NAMES) + &rest;
    Some(Observation::yes(types::NAMES_UNMATCHED, first.reason, message))
}

fn overlap(findings: &Findings) -> Observation {
    let list = |map: &BTreeMap<String, usize>| {
        map.iter().map(|(policy, n)| format!("{policy} ({n})")).collect::<Vec<_>>().join(", ")
    };
    match (findings.lost_to.is_empty(), findings.won_from.is_empty()) {
        (true, true) => {
            Observation::no(types::OVERLAPPING, reasons::NO_OVERLAP, "no other policy selects its workloads")
        }
        (false, _) => Observation::yes(
            types::OVERLAPPING,
            reasons::PRECEDENCE_LOST,
            format!("other policies take precedence for some of its workloads: {}", list(&findings.lost_to)),
        ),
        (true, false) => Observation::yes(
            types::OVERLAPPING,
            reasons::PRECEDENCE_WON,
            format!("it takes precedence for workloads that other policies select too: {}", list(&findings.won_from)),
        ),
    }
}
