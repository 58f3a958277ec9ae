//! How risky a change is, from facts: each one found is a factor with its numbers, and the highest level counts.
//!
//! In: what was observed and what would change. Out: a [`Risk`]. Pure.

use trimtab_api::{
    policy_rollout::RiskLevel::{self, High, Low, Medium},
    recommendation_status::{Risk, RiskFactor},
};
use trimtab_core::WorkloadKind;
use trimtab_sizing::{Note, Sizes};
use trimtab_world::row::Owner;

use crate::{
    amount,
    decide::Decided,
    observed::Observed,
    sized::{self, SizedContainer},
};

/// Namespaces whose workloads the cluster itself stands on.
const SYSTEM_NAMESPACES: [&str; 3] = ["kube-system", "kube-public", "kube-node-lease"];

/// Weighs a change.
pub fn assess(observed: &Observed<'_>, decided: &[Decided], sized: &[SizedContainer]) -> Risk {
    let mut factors = Vec::new();
    let mut add = |reason: &str, level: RiskLevel, message: String| {
        factors.push(RiskFactor { reason: reason.to_owned(), level, message });
    };
    about_the_workload(observed, &mut add);
    about_the_change(observed, sized, &mut add);
    about_its_past(decided, &mut add);
    factors.sort_by(|a, b| b.level.cmp(&a.level).then_with(|| a.reason.cmp(&b.reason)));
    factors.dedup_by(|a, b| a.reason == b.reason);
    Risk { level: factors.first().map_or(Low, |f| f.level), factors }
}

fn about_the_workload(observed: &Observed<'_>, add: &mut impl FnMut(&str, RiskLevel, String)) {
    let row = observed.workload;
    if SYSTEM_NAMESPACES.contains(&&*row.id.namespace) {
        add("SystemNamespace", High, format!("namespace {} belongs to the cluster itself", row.id.namespace));
    }
    match row.id.kind {
        WorkloadKind::Deployment | WorkloadKind::StatefulSet if row.desired == 1 => {
            add("SingleReplica", Medium, "one replica: while it restarts, nothing serves".to_owned());
        }
        _ => {}
    }
    if row.id.kind == WorkloadKind::StatefulSet {
        add("StatefulSet", Medium, "its pods hold state and change one after the other".to_owned());
    }
    for pdb in observed.pdbs.iter().filter(|p| p.disruptions_allowed == 0) {
        add(
            "PdbWithoutRoom",
            Medium,
            format!(
                "PodDisruptionBudget {} allows no disruption now: {} of {} pods are healthy, {} must be",
                pdb.name, pdb.current_healthy, pdb.expected_pods, pdb.desired_healthy
            ),
        );
    }
    if let Some(hpa) = observed.hpas.first() {
        let level = if hpa.scales_on_cpu_utilization() || hpa.scales_on_memory_utilization() { Medium } else { Low };
        add("Autoscaled", level, format!("HorizontalPodAutoscaler {} changes its number of pods", hpa.name));
    }
    for owner in row.owners.iter() {
        match owner {
            Owner::Controller { kind, name } => add(
                "OwnedByController",
                High,
                format!("{kind} {name} makes it and may set its template back: change that object instead"),
            ),
            Owner::ArgoCd { app } => add(
                "GitOpsOwned",
                Low,
                format!("Argo CD{} sets its template back", name(app.as_deref(), " application ")),
            ),
            Owner::Flux { kind, name: flux, .. } => {
                add("GitOpsOwned", Low, format!("Flux {kind}{} sets its template back", name(flux.as_deref(), " ")));
            }
            Owner::Helm { release } => {
                add("HelmOwned", Low, format!("the next upgrade of Helm release {release} sets its template back"));
            }
        }
    }
    for kind in observed.unknown_kinds {
        add("WorldIncomplete", Medium, format!("{kind} objects cannot be watched, so none of them was looked at"));
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
        let cpu = c.from.cpu_request != c.to.cpu_request || c.from.cpu_limit != c.to.cpu_limit;
        let memory = c.from.memory_request != c.to.memory_request || c.from.memory_limit != c.to.memory_limit;
        if let Some(t) = observed.workload.template.container(&c.name)
            && ((cpu && t.cpu_resize_restarts) || (memory && t.memory_resize_restarts))
        {
            add("RestartNeeded", Medium, format!("the resizePolicy of container {} asks for a restart", c.name));
        }
        if let (Some(from), Some(to)) = (c.from.memory_limit, c.to.memory_limit)
            && to < from
        {
            add(
                "MemoryLimitDecrease",
                Low,
                format!("container {} may use {} instead of {}", c.name, amount::memory(to), amount::memory(from)),
            );
        }
        for (resource, from, to) in
            [("CPU", c.from.cpu_request, c.to.cpu_request), ("memory", c.from.memory_request, c.to.memory_request)]
        {
            if let (Some(from), Some(to)) = (from, to)
                && from > 0
                && to * 4 < from
            {
                let percent = 100 - to * 100 / from;
                add(
                    if resource == "CPU" { "LargeCpuDecrease" } else { "LargeMemoryDecrease" },
                    Medium,
                    format!("container {} would ask for {percent} % less {resource}", c.name),
                );
            }
        }
    }
    let side = |s: fn(&SizedContainer) -> Sizes| sized::qos(containers, s);
    let (before, after) = (side(|c| c.from), side(|c| c.to));
    if before != after {
        add(
            "QosClassChange",
            Medium,
            format!("pods change from {} to {}, which needs new pods", before.as_str(), after.as_str()),
        );
    }
}

fn about_its_past(decided: &[Decided], add: &mut impl FnMut(&str, RiskLevel, String)) {
    for (container, d) in decided.iter().filter_map(|d| d.decision.as_ref().map(|x| (&d.sized.name, x))) {
        for note in &d.notes {
            match note {
                Note::OomKilled => add(
                    "OomKilled",
                    Low,
                    format!("container {container} was OOM-killed {} times in the window", d.evidence.oom_kills),
                ),
                Note::MemoryGrows => add(
                    "MemoryGrows",
                    Medium,
                    format!(
                        "the memory of container {container} grows by {:.1} % a day",
                        d.evidence.memory_trend_percent_per_day
                    ),
                ),
                Note::RecentChange => {
                    add("UsageChanged", Medium, format!("the usage of container {container} changed within days"));
                }
                Note::ShortHistory => {
                    add("ShortHistory", Low, format!("{} days of container {container} are known", d.evidence.days))
                }
                Note::Throttled | Note::SamplesRefused | Note::RuntimeHeapFromLimit => {}
            }
        }
    }
}
