//! Prints what was measured, as tables.

use std::collections::{BTreeMap, BTreeSet};

use super::{Figures, floor::Floor, span::Cost};
use crate::speed::Size;

/// Figures of the VPA's updater (1.7.1, in-place, default eviction limiter) on 1,000 Deployments of 2 pods.
const VPA_SECONDS: f64 = 178.0;
const VPA_WRITES_PER_POD: f64 = 2.0;

/// Prints a rollout beside the VPA's updater, and which targets it meets.
pub fn rollout(size: Size, f: &Figures) {
    println!("\n{} approved recommendations, {} pods, {} nodes\n", size.deployments, f.pods, size.nodes);
    println!("| | Trimtab | VPA updater 1.7.1 ¹ |\n|---|---|---|");
    println!("| all pods resized after | {:.1} s | {VPA_SECONDS} s |", f.all_resized_seconds);
    println!("| writes per pod | {:.2} | {VPA_WRITES_PER_POD} |", f.writes_per_pod);
    println!("| all verified and made to last after | {:.1} s | – |", f.all_applied_seconds);
    println!(
        "| approval to first pod, p50 / p99 | {:.3} / {:.3} s | – |",
        f.first_pod_p50_seconds, f.first_pod_p99_seconds
    );
    println!("| own processor time | {:.1} s | – |", f.own_cpu_seconds);
    println!("| API server's processor time | {:.1} s | – |", f.plane.apiserver);
    println!("| that of etcd, the controllers and the scheduler | {:.1} s | – |", f.plane.others);
    println!("| resident memory, peak | {:.0} MiB | – |", f.resident_peak_bytes as f64 / 1_048_576.0);
    for (request, count) in f.requests_per_workload.iter().filter(|(_, count)| **count >= 0.01) {
        println!("| {request} per workload | {count:.2} | – |");
    }
    println!("\n¹ measured earlier on a machine of this kind\n\n| target | | measured | |\n|---|---|---|---|");
    let verdict = |name: &str, target: f64, measured: f64| {
        let word = if measured <= target { "met" } else { "**missed**" };
        println!("| {name} | ≤ {target} | {measured:.2} | {word} |");
    };
    verdict("all pods resized, seconds", 20.0, f.all_resized_seconds);
    verdict("writes per pod", 1.0, f.writes_per_pod);
    verdict("approval to first pod, p99, seconds", 1.0, f.first_pod_p99_seconds);
}

/// Prints a rollout beside the resizes alone, and beside nothing.
pub fn floor(size: Size, rollout: &Figures, floor: &Floor) {
    println!("\n{} workloads, {} pods, {} nodes, no Trimtab\n", size.deployments, floor.pods, size.nodes);
    println!("| | Trimtab ¹ | the resizes alone | nothing |\n|---|---|---|---|");
    let costs = [&rollout.plane, &floor.resizes, &floor.nothing];
    let resized = (rollout.all_resized_seconds, floor.all_resized_seconds);
    println!("| all pods resized after | {:.1} s | {:.1} s | – |", resized.0, resized.1);
    row(costs, "measured for", "s", |cost| cost.seconds);
    row(costs, "API server's processor time", "s", |cost| cost.apiserver);
    row(costs, "that of etcd, the controllers and the scheduler", "s", |cost| cost.others);
    let above = |cost: &Cost, less: &Cost, of: usize| (cost.apiserver - less.apiserver) * 1_000.0 / of.max(1) as f64;
    row(costs, "API server's, above nothing, per pod", "ms", |cost| above(cost, &floor.nothing, floor.pods));
    let trimtab = above(&rollout.plane, &floor.resizes, size.deployments);
    println!("| API server's, above the resizes alone, per workload | {trimtab:.1} ms | – | – |");
    let (ours, theirs) = (&rollout.requests_per_workload, &floor.requests_per_workload);
    for request in ours.keys().chain(theirs.keys()).collect::<BTreeSet<_>>() {
        let count = |of: &BTreeMap<String, f64>| of.get(request).copied().unwrap_or_default();
        if count(ours).max(count(theirs)) >= 0.01 {
            println!("| {request} per workload | {:.2} | {:.2} | – |", count(ours), count(theirs));
        }
    }
    println!("\n¹ from the file of figures");
}

/// Prints one figure of three costs.
fn row(costs: [&Cost; 3], name: &str, unit: &str, of: impl Fn(&Cost) -> f64) {
    let [trimtab, resizes, nothing] = costs.map(of);
    println!("| {name} | {trimtab:.1} {unit} | {resizes:.1} {unit} | {nothing:.1} {unit} |");
}
