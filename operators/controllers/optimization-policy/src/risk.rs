//! The risk of a change, from facts: each one found is a factor with its numbers, and the highest level counts.
//!
//! In: what was observed and what would change. Out: a [`Risk`]. Pure.

use std::collections::BTreeSet;

use jiff::Timestamp;
use trimtab_api::risk::{
    Risk, RiskFactor,
    RiskLevel::{self, High, Low, Medium},
};
use trimtab_core::{
    WorkloadKind,
    text::{count, part, verb},
};
use trimtab_sizing::Sizes;
use trimtab_world::row::Owner;

use crate::{
    attempt::Attempt,
    decided::Decided,
    observed::Observed,
    proposed::Proposed,
    sized::{self, SizedContainer},
    text::cut,
    uneven,
};

/// Maximum length of a message in the schema.
const MAX_MESSAGE: usize = 512;
/// Maximum number of factors in the schema.
const MAX_FACTORS: usize = 32;

/// Namespaces with workloads on which the cluster itself depends.
const SYSTEM_NAMESPACES: [&str; 3] = ["kube-system", "kube-public", "kube-node-lease"];

/// Assesses a change.
pub fn assess(observed: &Observed<'_>, decided: &[Decided], sized: &[SizedContainer]) -> Risk {
    let mut factors = Vec::new();
    let mut add = into(&mut factors);
    about_any(observed, decided, sized, &mut add);
    limits::about_removed(decided, By::Policy, &mut add);
    drop(add);
    weighed(factors)
}

/// Assesses a person's proposal for an existing workload. `others` are the last rollouts of other proposals for it.
pub fn assess_proposed(observed: &Observed<'_>, proposed: &Proposed, others: &[Attempt], now: Timestamp) -> Risk {
    let mut factors = Vec::new();
    let mut add = into(&mut factors);
    about_any(observed, &proposed.decided, &proposed.pod, &mut add);
    for attempt in others {
        past::about_failed_memory(Some(attempt), &proposed.pod, &mut add);
    }
    limits::about_removed(&proposed.decided, By::Person, &mut add);
    own::about_a_persons(observed, proposed, now, &mut add);
    drop(add);
    weighed(factors)
}

/// The risk of what cannot be evaluated: High, since doubt is no reason to be less careful.
pub fn in_doubt(reason: &str, message: String) -> Risk {
    let mut factors = Vec::new();
    into(&mut factors)(reason, High, message);
    weighed(factors)
}

fn into(factors: &mut Vec<RiskFactor>) -> impl FnMut(&str, RiskLevel, String) {
    |reason: &str, level: RiskLevel, message: String| {
        // It may contain names and annotations of any length.
        factors.push(RiskFactor { reason: reason.to_owned(), level, message: cut(message, MAX_MESSAGE) });
    }
}

/// Factors of any change, whoever proposed it.
fn about_any(
    observed: &Observed<'_>,
    decided: &[Decided],
    sized: &[SizedContainer],
    mut add: &mut impl FnMut(&str, RiskLevel, String),
) {
    about_the_workload(observed, &mut add);
    about_the_change(observed, sized, &mut add);
    limits::about_the_bounds(decided, &mut add);
    past::about_what_was_undone(observed.undone, &mut add);
    past::about_failed_memory(observed.attempt, sized, &mut add);
    past::about_its_past(decided, &mut add);
    past::about_peaks(decided, &mut add);
    past::about_low_confidence(decided, &mut add);
    doubt::about_doubtful_evidence(decided, observed.node, &mut add);
    pods::about_running_pods(observed, decided, &mut add);
    if let Some(uneven) = uneven::find(observed, decided).filter(|u| u.raises) {
        add("UnevenUsage", Medium, uneven.fact);
    }
}

/// The factors in order, and the highest level.
fn weighed(mut factors: Vec<RiskFactor>) -> Risk {
    factors.sort_by(|a, b| b.level.cmp(&a.level).then_with(|| a.reason.cmp(&b.reason)));
    // Each reason once, at its highest level: the schema uses it as a key.
    let mut seen = BTreeSet::new();
    factors.retain(|f| seen.insert(f.reason.clone()));
    // Those of the highest level are kept.
    factors.truncate(MAX_FACTORS);
    Risk { level: factors.first().map_or(Low, |f| f.level), factors, proposal_digest: None }
}

fn about_the_workload(observed: &Observed<'_>, add: &mut impl FnMut(&str, RiskLevel, String)) {
    let row = observed.workload;
    if SYSTEM_NAMESPACES.contains(&&*row.id.namespace) {
        add("SystemNamespace", High, format!("namespace {} runs the cluster itself", row.id.namespace));
    }
    match row.id.kind {
        WorkloadKind::Deployment | WorkloadKind::StatefulSet | WorkloadKind::Rollout | WorkloadKind::Custom(_)
            if row.desired == 1 =>
        {
            add("SingleReplica", Medium, "it has one replica, so it is unavailable while it restarts".to_owned());
        }
        _ => {}
    }
    if row.id.kind == WorkloadKind::StatefulSet {
        add("StatefulSet", Medium, "its pods hold state and are changed one at a time".to_owned());
    }
    if let Some(deployment) = &row.template_from {
        let message = format!("its template is that of Deployment {deployment}: the change belongs there");
        add("TemplateOfDeployment", Low, message);
    }
    if matches!(row.id.kind, WorkloadKind::Custom(_)) {
        let message = format!(
            "it is a {} of {}, and it is not known what its controller does with resized pods",
            row.id.kind.as_str(),
            row.id.kind.group()
        );
        add("CustomResource", Medium, message);
    }
    for pdb in observed.pdbs.iter().filter(|p| p.disruptions_allowed == 0) {
        add(
            "PdbWithoutRoom",
            Medium,
            format!(
                "PodDisruptionBudget {} allows no disruptions now: {} {} healthy, and {} must be",
                pdb.name,
                part(pdb.current_healthy, pdb.expected_pods, "pod"),
                verb(pdb.expected_pods, "is", "are"),
                pdb.desired_healthy
            ),
        );
    }
    // No policy changes a resource on whose utilisation an autoscaler scales.
    if let Some(hpa) = observed.hpas.first() {
        let message = format!(
            "HorizontalPodAutoscaler {} scales it between {} and {}",
            hpa.name,
            hpa.min_replicas,
            count(hpa.max_replicas, "pod")
        );
        add("Autoscaled", Low, message);
    }
    if let Some(vpa) = observed.vpas.iter().find(|vpa| !vpa.writes()) {
        let message = format!("VerticalPodAutoscaler {} recommends sizes of its own for it and applies none", vpa.name);
        add("VpaRecommends", Low, message);
    }
    for owner in row.owners.iter() {
        match owner {
            Owner::Controller { kind, name } => add(
                "OwnedByController",
                High,
                format!("{kind} {name} owns it and may revert its template: change that object instead"),
            ),
            Owner::ArgoCd { app } => add(
                "GitOpsOwned",
                Low,
                format!("Argo CD{} reverts changes to its template", name(app.as_deref(), " application ")),
            ),
            Owner::Flux { kind, name: flux, .. } => {
                add(
                    "GitOpsOwned",
                    Low,
                    format!("Flux {kind}{} reverts changes to its template", name(flux.as_deref(), " ")),
                );
            }
            Owner::Helm { release } => {
                add(
                    "HelmOwned",
                    Low,
                    format!("the next upgrade of Helm release {release} reverts changes to its template"),
                );
            }
        }
    }
    if !observed.unknown_kinds.is_empty() {
        let kinds = observed.unknown_kinds.join(", ");
        add("WorldIncomplete", Medium, format!("{kinds} objects cannot be watched, so none of them was considered"));
    }
}

fn name(name: Option<&str>, before: &str) -> String {
    name.map_or_else(String::new, |n| format!("{before}{n}"))
}

fn about_the_change(
    observed: &Observed<'_>,
    containers: &[SizedContainer],
    add: &mut impl FnMut(&str, RiskLevel, String),
) {
    for c in containers.iter().filter(|c| c.changes()) {
        if let Some(t) = observed.workload.template.container(&c.name)
            && ((c.cpu_changes() && t.cpu_resize_restarts) || (c.memory_changes() && t.memory_resize_restarts))
        {
            add("RestartNeeded", Medium, format!("the resizePolicy of container {} requires a restart", c.name));
        }
        for (resource, reason, from, to) in [
            ("CPU", "LargeCpuDecrease", c.from.cpu_request, c.to.cpu_request),
            ("memory", "LargeMemoryDecrease", c.from.memory_request, c.to.memory_request),
        ] {
            if let (Some(from), Some(to)) = (from, to)
                && from > 0
                && to.saturating_mul(4) < from
            {
                // Nearly all is not all: something is still requested.
                let percent = (100 - to.saturating_mul(100) / from).min(99);
                add(reason, Medium, format!("container {} would request {percent}% less {resource}", c.name));
            }
        }
    }
    let side = |s: fn(&SizedContainer) -> Sizes| sized::qos(containers, s);
    let (before, after) = (side(|c| c.from), side(|c| c.to));
    if before != after {
        add(
            "QosClassChange",
            Medium,
            format!(
                "the QoS class of its pods changes from {} to {}, which requires new pods",
                before.as_str(),
                after.as_str()
            ),
        );
    }
}

use limits::By;

mod doubt;
mod limits;
mod own;
mod past;
mod pods;

pub use pods::recreated;

#[cfg(test)]
mod tests;
