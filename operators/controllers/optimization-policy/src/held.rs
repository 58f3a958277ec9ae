//! Why an unchanged size is below usage, or barely above it.
//!
//! In: a container, its sizes and the decision on it. Out: parts of sentences: which maximum holds it below its usage,
//! and how close its memory came to its limit. Pure. "Right-sized" means that nothing is to be changed within these
//! bounds; if a bound is the reason, it must be named, since only a person can move it.

use trimtab_sizing::{
    Bound, ContainerDecision, Evidence, KeepReason, Note, ResourceDecision, Sizes, Verdict,
    decide::restarts_between_readings,
};

use crate::{
    amount,
    text::{count, share, times, verb},
};

/// From this share of its limit on, a memory peak is reported as close to it.
const CLOSE: f64 = 0.95;

/// What holds a container below its usage; nothing if no maximum does.
pub fn by_maximum(name: &str, decision: &ContainerDecision) -> Vec<String> {
    let e = &decision.evidence;
    let cpu = (e.cpu_peak * 1000.0, amount::measured_cpu(e.cpu_peak));
    let memory = (e.memory_peak, amount::measured_memory(e.memory_peak));
    [held("CPU", name, &decision.cpu, amount::cpu, cpu), held("memory", name, &decision.memory, amount::memory, memory)]
        .into_iter()
        .flatten()
        .collect()
}

/// What keeps a size for which usage does not call: too little was seen, or the heap follows the limit.
pub fn not_lowered(name: &str, decision: &ContainerDecision) -> Vec<String> {
    let keeps = |why: KeepReason| {
        let verdicts = [decision.cpu.request, decision.memory.request];
        verdicts.iter().any(|verdict| matches!(verdict, Verdict::Keep { reason, .. } if *reason == why))
    };
    let few = too_little_seen(name, &decision.evidence);
    let heap = format!("the heap of container {name} follows its limit, so its memory is not lowered");
    let told = [(KeepReason::FewSamples, few), (KeepReason::RuntimeHeapFromLimit, heap)];
    told.into_iter().filter_map(|(why, text)| keeps(why).then_some(text)).collect()
}

/// That nothing of a container is lowered, because too little was seen of it.
pub fn too_little_seen(name: &str, e: &Evidence) -> String {
    format!("no size of container {name} is lowered: {}", what_was_seen(e))
}

/// How little was seen where that lowers nothing: `only 2 runs with 5 samples were seen`.
pub fn what_was_seen(e: &Evidence) -> String {
    if restarts_between_readings(e) {
        let restarted = times(e.restarts);
        return format!("it restarted {restarted} in the history window, about as often as it was read");
    }
    match (e.cpu_samples, e.memory_samples) {
        (0, 0) => "its usage was not measured".to_owned(),
        (0, _) => "only its memory usage was measured".to_owned(),
        (_, 0) => "only its CPU usage was measured".to_owned(),
        (cpu, memory) => {
            let seen = cpu.min(memory);
            let samples = count(seen, "sample");
            if e.runs > 0 {
                format!("only {} with {samples} {} seen", count(e.runs, "run"), verb(e.runs, "was", "were"))
            } else {
                format!("only {samples} in {} {} seen", count(e.hours, "hour"), verb(seen, "was", "were"))
            }
        }
    }
}

/// Problems of the present size that a change does not fix, or that are not worth a change.
pub fn otherwise(name: &str, decision: &ContainerDecision) -> Vec<String> {
    let throttled = decision.notes.contains(&Note::Throttled).then(|| {
        let part = share(decision.evidence.throttled_percent, 0);
        format!("container {name} is throttled in {part} of its CPU periods at the limit that it has")
    });
    let changes = |d: &ResourceDecision| d.request.is_change();
    let worthless = (changes(&decision.cpu) || changes(&decision.memory))
        .then(|| format!("another size of container {name} would free nothing"));
    throttled.into_iter().chain(worthless).collect()
}

fn held(
    resource: &str,
    name: &str,
    decision: &ResourceDecision,
    written: fn(i64) -> String,
    (used, peak): (f64, String),
) -> Option<String> {
    let target = decision.target?;
    // The last of them is the lowest: each is kept only if it lowered the result of those before it.
    let bound = decision.bounds.iter().rev().find_map(|bound| match bound {
        Bound::RuleMaximum => Some("a maximum of"),
        Bound::LimitRangeMaximum => Some("the LimitRange's maximum of"),
        Bound::NodeMaximum => Some("the largest node's room of"),
        Bound::CurrentLimit => Some("its limit of"),
        _ => None,
    })?;
    let at = written(target);
    Some(if used > target as f64 {
        format!("{bound} {at} holds the {resource} of container {name}, though it uses up to {peak}")
    } else {
        format!(
            "{bound} {at} holds the {resource} of container {name} below the room that its use of up to {peak} calls for"
        )
    })
}

/// That the highest memory peak came close to the limit. The measurement includes page cache, which the kernel reclaims
/// before it kills, so it is a reason to investigate and not to raise.
pub fn near_limit(name: &str, from: Sizes, decision: &ContainerDecision) -> Option<String> {
    let limit = from.memory_limit.filter(|limit| *limit > 0)?;
    let peak = decision.evidence.memory_peak;
    if peak <= limit as f64 * CLOSE {
        return None;
    }
    let at = amount::memory(limit);
    let left = ((1.0 - peak / limit as f64) * 100.0).ceil();
    let how = if left > 0.0 { format!("came within {left:.0}% of") } else { "reached".to_owned() };
    Some(format!("the memory of container {name} {how} its limit of {at}; page cache may be part of it"))
}

#[cfg(test)]
mod tests {
    use trimtab_sizing::{Confidence, Evidence, KeepReason, Verdict};

    use super::*;
    use crate::testkit::MIB;

    fn resource(target: Option<i64>, bounds: &[Bound]) -> ResourceDecision {
        let keep = Verdict::Keep { value: target, reason: KeepReason::WithinTolerance };
        ResourceDecision { request: keep, limit: keep, target, bounds: bounds.to_vec() }
    }

    fn decision(cpu: (i64, &[Bound], f64), memory: (i64, &[Bound], f64)) -> ContainerDecision {
        ContainerDecision {
            cpu: resource(Some(cpu.0), cpu.1),
            memory: resource(Some(memory.0 << 20), memory.1),
            confidence: Confidence::default(),
            evidence: Evidence { cpu_peak: cpu.2, memory_peak: memory.2 * MIB, ..Evidence::default() },
            notes: Vec::new(),
        }
    }

    #[test]
    fn the_maximum_that_holds_a_size_is_named_with_what_is_used() {
        for (case, decision, expected) in [
            ("nothing holds", decision((500, &[Bound::Throttling], 0.9), (512, &[Bound::OomKill], 600.0)), vec![]),
            (
                "a maximum of the policy",
                decision((500, &[], 0.9), (512, &[Bound::RuleMaximum], 2152.0)),
                vec!["a maximum of 512Mi holds the memory of container app, though it uses up to 2152Mi"],
            ),
            (
                "both, each by its own",
                decision(
                    (500, &[Bound::NodeMaximum], 0.9),
                    (512, &[Bound::RuleMaximum, Bound::LimitRangeMaximum], 500.0),
                ),
                vec![
                    "the largest node's room of 500m holds the CPU of container app, though it uses up to 900m",
                    "the LimitRange's maximum of 512Mi holds the memory of container app below the room that its use of up to \
                     500Mi calls for",
                ],
            ),
            (
                "its limit",
                decision((500, &[Bound::CurrentLimit], 0.9), (512, &[], 100.0)),
                vec!["its limit of 500m holds the CPU of container app, though it uses up to 900m"],
            ),
        ] {
            assert_eq!(by_maximum("app", &decision), expected, "{case}");
        }
    }

    #[test]
    fn what_is_not_lowered_says_why() {
        let keep = |reason| Verdict::Keep { value: Some(1), reason };
        let told = |reason| {
            let mut decision = decision((500, &[], 0.1), (512, &[], 10.0));
            decision.memory.request = keep(reason);
            (decision.evidence.cpu_samples, decision.evidence.memory_samples, decision.evidence.hours) = (600, 601, 5);
            not_lowered("app", &decision)
        };
        assert_eq!(told(KeepReason::WithinTolerance), Vec::<String>::new());
        assert_eq!(
            told(KeepReason::FewSamples),
            ["no size of container app is lowered: only 600 samples in 5 hours were seen"]
        );
        assert_eq!(
            told(KeepReason::RuntimeHeapFromLimit),
            ["the heap of container app follows its limit, so its memory is not lowered"]
        );
    }

    #[test]
    fn how_little_was_seen_is_said_in_figures() {
        let seen = |(cpu, memory): (u64, u64), hours: u32, runs: u64, restarts: u32| {
            let samples = Evidence { cpu_samples: cpu, memory_samples: memory, ..Evidence::default() };
            what_was_seen(&Evidence { hours, runs, restarts, ..samples })
        };
        for (samples, restarts, expected) in [((3, 3), 1, "once"), ((6, 6), 2, "2 times")] {
            let said = seen(samples, 1, 0, restarts);
            assert_eq!(said, format!("it restarted {expected} in the history window, about as often as it was read"));
        }
        assert_eq!(seen((1, 9), 1, 0, 0), "only 1 sample in 1 hour was seen");
        assert_eq!(seen((4, 2), 5, 1, 0), "only 1 run with 2 samples was seen");
        assert_eq!(seen((4, 1), 5, 2, 0), "only 2 runs with 1 sample were seen");
        assert_eq!(seen((0, 4032), 336, 0, 0), "only its memory usage was measured");
        assert_eq!(seen((4032, 0), 336, 0, 0), "only its CPU usage was measured");
        assert_eq!(seen((0, 0), 0, 0, 0), "its usage was not measured");
    }

    #[test]
    fn a_peak_close_to_the_limit_is_told() {
        let told = |peak: f64, limit: Option<i64>| {
            let from = Sizes { memory_limit: limit.map(|mib| mib << 20), ..Sizes::default() };
            near_limit("app", from, &decision((1, &[], 0.0), (1, &[], peak)))
        };
        let says = |how: &str| {
            Some(format!("the memory of container app {how} its limit of 1000Mi; page cache may be part of it"))
        };
        for (case, peak, limit, expected) in [
            ("no limit", 990.0, None, None),
            ("far from it", 949.0, Some(1000), None),
            ("close", 985.0, Some(1000), says("came within 2% of")),
            ("at it", 1000.0, Some(1000), says("reached")),
            ("above it, as a lower one may follow", 1200.0, Some(1000), says("reached")),
        ] {
            assert_eq!(told(peak, limit), expected, "{case}");
        }
    }
}
