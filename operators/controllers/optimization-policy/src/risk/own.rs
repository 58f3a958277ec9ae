//! Risks that only a person's proposal can have: no policy would propose it.
//!
//! In: what was observed, and a person's proposal, with the figures of its usage. Out: factors.

use jiff::Timestamp;
use trimtab_api::risk::RiskLevel::{self, Critical, High, Medium};
use trimtab_core::text::moment;
use trimtab_sizing::{Evidence, decide::greatest_use};

use crate::{
    amount,
    eligible::may_be_sized,
    namespace,
    observed::Observed,
    proposed::Proposed,
    quota,
    sized::{self, SizedContainer},
};

/// Age, in seconds, from which the last usage of a continuously running workload says little about the present.
const OLD_S: i64 = 86_400;

pub(super) fn about_a_persons(
    observed: &Observed<'_>,
    proposed: &Proposed,
    now: Timestamp,
    add: &mut impl FnMut(&str, RiskLevel, String),
) {
    if let Err(skip) = may_be_sized(observed) {
        add(skip.reason(), High, format!("no policy would change it: {}", skip.message()));
    }
    for name in &proposed.absent {
        add("TargetNotFound", High, format!("its template has no container {name}"));
    }
    for name in &proposed.unreadable {
        add("UnreadableAmount", High, format!("an amount that is proposed for container {name} cannot be read"));
    }
    for (c, decision) in proposed.named() {
        let e = decision.map(|d| &d.evidence);
        about_what_is_not_known(observed, c, e, now, add);
        if let Some(e) = e {
            about_memory(c, e, add);
            about_cpu(c, e, add);
            about_far_more(observed, c, e, add);
        }
        about_an_autoscaler(observed, c, add);
        if c.changes() && !c.to_is_consistent() {
            let message = format!("container {} would have a request above its limit, which no pod may have", c.name);
            add("LimitBelowRequest", High, message);
        }
        if c.changes()
            && let Some(breach) = namespace::container_breach(observed.limit_ranges, c.to)
        {
            let message = format!("a LimitRange refuses new pods with container {}: {breach}", c.name);
            add("OutsideLimitRange", High, message);
        }
    }
    about_the_pod(observed, &proposed.pod, add);
}

/// Nobody can tell whether a size fits what was never measured.
fn about_what_is_not_known(
    observed: &Observed<'_>,
    c: &SizedContainer,
    e: Option<&Evidence>,
    now: Timestamp,
    add: &mut impl FnMut(&str, RiskLevel, String),
) {
    let unmeasured = |what: &str| {
        format!("no {what} of container {} is known, so it is not known whether the proposed size fits", c.name)
    };
    // A kill at its own limit proves usage that no reading shows.
    let (cpu, memory) = e.map_or((false, false), |e| (e.cpu_samples > 0, e.memory_samples > 0 || e.oom_bytes > 0.0));
    match (cpu, memory) {
        (false, false) => return add("NotMeasured", High, unmeasured("usage")),
        (false, true) if c.cpu_changes() => add("NotMeasured", High, unmeasured("CPU usage")),
        (true, false) if c.memory_changes() => add("NotMeasured", High, unmeasured("memory usage")),
        _ => {}
    }
    let newest_s = e.map_or(0, |e| e.to_seconds);
    if c.changes() && now.as_second() - newest_s > OLD_S && !observed.workload.id.kind.runs_to_completion() {
        // Not its age, with which the status would change all the time.
        let message = format!("the newest usage of container {} is of {}", c.name, moment(newest_s));
        add("StaleUsage", Medium, message);
    }
}

/// Memory that was used once is needed again: under a lower limit the container is killed, and with a lower request it
/// is among the first that a node under memory pressure evicts.
fn about_memory(c: &SizedContainer, e: &Evidence, add: &mut impl FnMut(&str, RiskLevel, String)) {
    let used = greatest_use(e).bytes;
    let told = |what: &str, to: String| {
        let used = amount::measured_memory(used);
        format!("container {} would have {what} of {to}, and used up to {used} of it", c.name)
    };
    if let Some(to) = c.to.memory_limit
        && c.from.memory_limit.is_none_or(|from| to < from)
        && (to as f64) < used
    {
        let message = format!("{}: it will be OOM-killed", told("a memory limit", amount::memory(to)));
        add("MemoryUnderUse", Critical, message);
    }
    // A kill that no reading explains still shows that its limit was too low.
    let killed = e.oom_kills > e.oom_by_node && e.oom_limit > 0.0;
    if let Some(to) = c.to.memory_limit.filter(|to| killed && *to as f64 <= e.oom_limit)
        && c.from.memory_limit.is_none_or(|from| to < from)
    {
        let message = format!(
            "container {} would have a memory limit of {}, and was OOM-killed with one of {}",
            c.name,
            amount::memory(to),
            amount::measured_memory(e.oom_limit)
        );
        add("OomKilledAtThisSize", High, message);
    }
    let lowered = c.from.memory_request.is_some_and(|from| c.to.memory_request.is_none_or(|to| to < from));
    let to = c.to.memory_request.unwrap_or(0);
    if lowered && (to as f64) < used {
        add("MemoryUnderUse", High, told("a memory request", amount::memory(to)));
    }
}

/// Too little CPU makes it slow but does not end it.
fn about_cpu(c: &SizedContainer, e: &Evidence, add: &mut impl FnMut(&str, RiskLevel, String)) {
    if let Some(to) = c.to.cpu_limit
        && c.from.cpu_limit.is_none_or(|from| to < from)
        && (to as f64) < e.cpu_peak * 1000.0
    {
        let often = (to as f64) < e.cpu_p95 * 1000.0;
        let message = format!(
            "container {} would have a CPU limit of {}, and used up to {}: it will be throttled{}",
            c.name,
            amount::cpu(to),
            amount::measured_cpu(e.cpu_peak),
            if often { ", in more than 5% of the time" } else { "" },
        );
        add("CpuUnderUse", if often { High } else { Medium }, message);
    }
    let lowered = c.from.cpu_request.is_some_and(|from| c.to.cpu_request.is_none_or(|to| to < from));
    let to = c.to.cpu_request.unwrap_or(0);
    if lowered && (to as f64) < e.cpu_p50 * 1000.0 {
        let message = format!(
            "container {} would request {} of CPU, and uses more than {} half of the time",
            c.name,
            amount::cpu(to),
            amount::cpu((e.cpu_p50 * 1000.0) as i64),
        );
        add("CpuUnderUse", Medium, message);
    }
}

/// More than usage can justify costs money, and may be a wrong unit.
fn about_far_more(
    observed: &Observed<'_>,
    c: &SizedContainer,
    e: &Evidence,
    add: &mut impl FnMut(&str, RiskLevel, String),
) {
    let used = greatest_use(e);
    let cpu = e.cpu_samples > 0 && c.cpu_changes() && !used.admits_cpu(c.from, c.to, observed.node);
    let memory = e.memory_samples > 0 && c.memory_changes() && !used.admits_memory(c.from, c.to, observed.node);
    for (found, what, used) in
        [(cpu, "CPU", amount::measured_cpu(used.cores)), (memory, "memory", amount::measured_memory(used.bytes))]
    {
        if found {
            let message = format!("container {} would get far more {what} than the {used} that it ever used", c.name);
            add("FarAboveUse", Medium, message);
        }
    }
}

fn about_an_autoscaler(observed: &Observed<'_>, c: &SizedContainer, add: &mut impl FnMut(&str, RiskLevel, String)) {
    let (from, to) = (c.from, c.to);
    for (what, is_cpu, changes) in
        [("CPU", true, from.cpu_request != to.cpu_request), ("memory", false, from.memory_request != to.memory_request)]
    {
        if changes && observed.is_scaled_on(&c.name, is_cpu) {
            let message = format!(
                "an autoscaler scales it on the utilization of the {what} of container {}: another request moves its target, and \
                 with it the number of pods",
                c.name
            );
            add("HpaOnSameResource", High, message);
        }
    }
}

/// What the scheduler, a quota or a LimitRange would reject.
fn about_the_pod(observed: &Observed<'_>, pod: &[SizedContainer], add: &mut impl FnMut(&str, RiskLevel, String)) {
    if !pod.iter().any(SizedContainer::changes) {
        return;
    }
    let (from, to) = (sized::pod_request(pod, |c| c.from), sized::pod_request(pod, |c| c.to));
    for (what, from, to, room, format) in [
        ("CPU", from.0, to.0, observed.node.cpu, amount::cpu as fn(i64) -> String),
        ("memory", from.1, to.1, observed.node.memory, amount::memory),
    ] {
        if let Some(room) = room.filter(|room| to > from && to > *room) {
            let (to, room) = (format(to), format(room));
            let message =
                format!("a pod would request {to} of {what}, and the largest node that it can run on has {room}");
            add("AboveNode", High, message);
        }
    }
    if !quota::fits(pod, observed.pods.max(observed.workload.desired), observed.quotas) {
        add("QuotaExceeded", High, "its pods would need more than the namespace's ResourceQuota has left".to_owned());
    }
    if !namespace::pod_allows(observed.limit_ranges, pod) {
        add("OutsideLimitRange", High, "a LimitRange refuses new pods of the proposed size".to_owned());
    }
}
