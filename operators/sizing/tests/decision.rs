//! What a decision must do, whatever the usage: tables of cases, and properties.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use proptest::prelude::*;
use trimtab_sizing::{
    Bound, ContainerHistory, ContainerInput, KeepReason, Kill, LimitMode, LimitRange, Note, Profile, RefuseReason,
    RuntimeHint, Sizes, SizingRules, Verdict, WorkloadClass, confidence, decide,
};

const DAY: i64 = 86_400;
const MIB: i64 = 1 << 20;
const GIB: i64 = 1 << 30;

/// `days` of samples every 5 minutes, from time 0.
fn history(days: i64, usage: impl Fn(i64) -> (f64, f64)) -> ContainerHistory {
    let mut history = ContainerHistory::new();
    for time in (0..days * DAY).step_by(300) {
        let (cores, bytes) = usage(time);
        history.observe_cpu(time, cores, 1);
        history.observe_memory(time, bytes);
    }
    history
}

fn steady() -> ContainerHistory {
    history(14, |_| (0.2, 500.0 * MIB as f64))
}

fn balanced() -> SizingRules {
    SizingRules::of(Profile::Balanced)
}

const NOW: i64 = 14 * DAY;

#[test]
fn a_steady_container_is_sized_near_its_usage_and_with_confidence() {
    let history = steady();
    let decision = decide(&balanced(), &ContainerInput::of(&history), NOW);
    let (cpu, memory) = (decision.cpu.target.unwrap(), decision.memory.target.unwrap());
    assert!((200..=240).contains(&cpu), "{cpu}");
    assert!((500..=600).contains(&(memory / MIB)), "{memory}");
    assert!(decision.confidence.percent >= 90, "{:?}", decision.confidence);
    assert_eq!(decision.confidence.days_held, decision.confidence.days_scored);
    assert_eq!(decision.cpu.request, Verdict::Resize { from: None, to: cpu });
}

#[test]
fn what_cannot_be_judged_is_refused_with_a_reason() {
    let young = history(1, |_| (0.1, 1e8));
    let empty = ContainerHistory::new();
    let steady = steady();
    let refused = |history: &ContainerHistory, now| {
        let decision = decide(&balanced(), &ContainerInput::of(history), now);
        assert_eq!(decision.confidence.percent, 0);
        match (decision.cpu.request, decision.memory.request) {
            (Verdict::Refuse { reason }, Verdict::Refuse { reason: same }) if reason == same => reason,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(refused(&empty, NOW), RefuseReason::NoSamples);
    assert_eq!(refused(&young, DAY / 2), RefuseReason::InsufficientHistory);
    assert_eq!(refused(&steady, NOW + 2 * DAY), RefuseReason::StaleHistory);
    assert_eq!(refused(&steady, NOW + 60 * DAY), RefuseReason::NoSamples);
    let mut job = ContainerInput::of(&steady);
    job.class = WorkloadClass::RunToCompletion;
    assert!(decide(&balanced(), &job, NOW + 2 * DAY).cpu.target.is_some(), "a job may rest");
}

#[test]
fn an_hpa_keeps_its_resource_from_being_touched() {
    let history = steady();
    let mut input = ContainerInput::of(&history);
    input.hpa_on_cpu = true;
    let decision = decide(&balanced(), &input, NOW);
    assert_eq!(decision.cpu.request, Verdict::Refuse { reason: RefuseReason::HpaOnThisResource });
    assert!(decision.cpu.target.is_some(), "the figure is still shown");
    assert!(decision.memory.request.is_change());
}

#[test]
fn an_oom_kill_raises_memory_above_the_level_of_the_kill() {
    let mut history = steady();
    history.observe_memory(13 * DAY, 0.95 * GIB as f64);
    history.observe_kill(Kill { time: 13 * DAY, request: Some(GIB), limit: Some(GIB) });
    let mut input = ContainerInput::of(&history);
    input.current.memory_request = Some(GIB);
    input.current.memory_limit = Some(GIB);
    let decision = decide(&balanced(), &input, NOW);
    let least = (GIB as f64 * 1.2) as i64;
    assert!(decision.memory.target.unwrap() >= least);
    assert!(decision.memory.limit.value(Some(GIB)).unwrap() >= least);
    assert!(decision.memory.bounds.contains(&Bound::OomKill));
    assert!(decision.notes.contains(&Note::OomKilled));
}

#[test]
fn throttling_raises_the_limit() {
    let mut history = steady();
    history.observe_throttling(13 * DAY, 400, 1000);
    let mut input = ContainerInput::of(&history);
    input.current = Sizes { cpu_request: Some(100), cpu_limit: Some(200), ..Sizes::default() };
    let throttled = decide(&balanced(), &input, NOW);
    assert!(throttled.cpu.limit.value(Some(200)).unwrap() >= 280, "{:?}", throttled.cpu);
    assert!(throttled.cpu.bounds.contains(&Bound::Throttling) && throttled.notes.contains(&Note::Throttled));
    let calm = steady();
    assert!(decide(&balanced(), &ContainerInput::of(&calm), NOW).cpu.target < throttled.cpu.target);
}

#[test]
fn a_heap_that_follows_the_limit_is_not_lowered() {
    let history = steady();
    let mut input = ContainerInput::of(&history);
    input.runtime = RuntimeHint::HeapFromLimit { percent: 75 };
    input.current = Sizes { memory_request: Some(2 * GIB), memory_limit: Some(2 * GIB), ..Sizes::default() };
    let decision = decide(&balanced(), &input, NOW);
    let keep = Verdict::Keep { value: Some(2 * GIB), reason: KeepReason::RuntimeHeapFromLimit };
    assert_eq!((decision.memory.request, decision.memory.limit), (keep, keep));
    let mut rules = balanced();
    rules.memory.lower_runtime_heaps = true;
    assert!(decide(&rules, &input, NOW).memory.target.unwrap() < 2 * GIB);
    input.runtime = RuntimeHint::FixedMemory { bytes: GIB };
    let told = decide(&rules, &input, NOW).memory;
    assert!(told.target.unwrap() >= GIB && told.limit.value(Some(2 * GIB)).unwrap() >= GIB * 5 / 4, "{told:?}");
}

#[test]
fn a_memory_limit_never_goes_under_a_peak_that_was_seen() {
    // One great peak that the request need not cover.
    let history = history(14, |time| (0.1, if time == 3 * DAY { 30.0 * GIB as f64 } else { 2.0 * GIB as f64 }));
    let mut input = ContainerInput::of(&history);
    input.current = Sizes { memory_request: Some(40 * GIB), memory_limit: Some(40 * GIB), ..Sizes::default() };
    let decision = decide(&SizingRules::of(Profile::Savings), &input, NOW);
    assert!(decision.memory.target.unwrap() < 30 * GIB, "{:?}", decision.memory);
    assert!(decision.memory.limit.value(Some(40 * GIB)).unwrap() >= 30 * GIB, "{:?}", decision.memory);
}

#[test]
fn what_is_right_already_is_kept() {
    let history = steady();
    let target = decide(&balanced(), &ContainerInput::of(&history), NOW).cpu.target.unwrap();
    let mut input = ContainerInput::of(&history);
    input.current.cpu_request = Some(target + target / 50);
    let decision = decide(&balanced(), &input, NOW);
    let keep = Verdict::Keep { value: input.current.cpu_request, reason: KeepReason::WithinTolerance };
    assert_eq!(decision.cpu.request, keep);
}

#[test]
fn a_recent_change_is_noted() {
    let stepped = history(14, |time| (if time >= 13 * DAY { 1.0 } else { 0.2 }, 5e8));
    let notes = |history: &ContainerHistory| decide(&balanced(), &ContainerInput::of(history), NOW).notes;
    assert!(notes(&stepped).contains(&Note::RecentChange));
    assert!(notes(&steady()).is_empty(), "{:?}", notes(&steady()));
}

#[test]
fn growth_is_carried_forward() {
    let level = history(14, |_| (1.0, 1e9));
    let grown = history(14, |time| ((0.03 * (time / DAY - 13) as f64).exp(), 1e9));
    let cpu = |history| decide(&balanced(), &ContainerInput::of(history), NOW).cpu.target.unwrap();
    assert!(cpu(&grown) as f64 >= cpu(&level) as f64 * 1.02, "{} {}", cpu(&grown), cpu(&level));
}

/// Whether a day is Monday to Friday; time 0 is a Thursday.
fn is_workday(day: i64) -> bool {
    (day + 3).rem_euclid(7) < 5
}

/// Small, even noise that depends only on the time.
fn ripple(time: i64) -> f64 {
    1.0 + 0.05 * ((time / 300 * 7919 % 1000) as f64 / 500.0 - 1.0)
}

fn cores(history: &ContainerHistory, now: i64) -> f64 {
    decide(&balanced(), &ContainerInput::of(history), now).cpu.target.unwrap() as f64 / 1000.0
}

#[test]
fn workdays_are_remembered_over_a_weekend() {
    let usage = |time: i64| {
        let works = is_workday(time / DAY) && (8..18).contains(&(time / 3600 % 24));
        (if works { 1.0 } else { 0.1 } * ripple(time), 5e8)
    };
    let sunday = history(18, usage);
    assert!(!is_workday(17) && is_workday(18), "day 17 is a Sunday");
    // On Sunday evening Monday's need is met.
    for now in [18 * DAY - 7200, 18 * DAY - 300] {
        assert!(cores(&sunday, now) >= 1.0, "{}", cores(&sunday, now));
    }
    // On Saturday evening only Friday is evidence for Sunday, and Friday is not forgotten so soon.
    let saturday = history(17, usage);
    assert!(cores(&saturday, 17 * DAY - 7200) <= cores(&sunday, 18 * DAY - 7200));
}

#[test]
fn a_weekly_batch_is_expected_on_its_day_and_not_on_others() {
    let usage = |time: i64| (if time / DAY % 7 == 3 && time / 3600 % 24 < 5 { 2.0 } else { 0.2 } * ripple(time), 5e8);
    let before = history(17, usage);
    assert!(cores(&before, 17 * DAY - 3600) >= 2.0, "{}", cores(&before, 17 * DAY - 3600));
    let between = history(21, usage);
    assert!(cores(&between, 21 * DAY - 3600) < 1.0, "{}", cores(&between, 21 * DAY - 3600));
}

/// Days that vary without a weekly pattern, and one busy day, are judged as if weeks did not exist: shifting the whole
/// past except the last days by a day, so that other weekdays are busy, changes nothing.
#[test]
fn days_without_a_weekly_pattern_are_not_touched_by_weekdays() {
    let levels = [0.3, 0.9, 0.5, 0.2, 0.7, 0.4, 1.0, 0.8, 0.3, 0.4, 0.9, 0.6, 0.5, 0.2];
    let erratic = |time: i64| (levels[(time / DAY) as usize] * ripple(time), 5e8);
    let shifted = |time: i64| {
        let day = time / DAY;
        let day = if day < 12 { (day + 1) % 12 } else { day };
        (levels[day as usize] * ripple(time), 5e8)
    };
    let (one, two) = (cores(&history(14, erratic), NOW - 300), cores(&history(14, shifted), NOW - 300));
    assert!((one / two - 1.0).abs() < 0.05, "{one} {two}");
    let once = history(14, |time| (if time / DAY == 8 { 2.0 } else { 0.2 } * ripple(time), 5e8));
    assert!(cores(&once, NOW - 300) < 0.5, "{}", cores(&once, NOW - 300));
}

#[test]
fn a_rise_is_followed_within_hours_and_a_fall_is_not() {
    let at = |now: i64, before: f64, after: f64| {
        let mut history = ContainerHistory::new();
        for time in (0..now).step_by(300) {
            let cores = if time >= 13 * DAY + 20 * 3600 { after } else { before };
            history.observe_cpu(time, cores * ripple(time), 1);
            history.observe_memory(time, 5e8);
        }
        cores(&history, now)
    };
    let rise = 13 * DAY + 20 * 3600;
    assert!(at(rise, 0.2, 0.8) < 0.4);
    assert!(at(rise + 3600, 0.2, 0.8) < 0.4, "one hour may be an accident");
    assert!(at(rise + 3 * 3600, 0.2, 0.8) >= 0.8, "three hours in a row are not");
    assert!(at(rise + 3 * 3600, 0.8, 0.2) >= 0.8);
}

#[test]
fn what_is_shown_is_never_above_the_peak_and_agrees_with_it() {
    for (cores, days) in [(0.2, 14), (0.0101, 3), (1.7, 9)] {
        let history = history(days, |_| (cores, 5e8));
        let evidence = decide(&balanced(), &ContainerInput::of(&history), days * DAY).evidence;
        assert!(evidence.cpu_base <= evidence.cpu_peak, "{evidence:?}");
        assert_eq!(evidence.cpu_covered_percent, 100.0, "{evidence:?}");
    }
}

#[test]
fn confidence_falls_when_days_miss_and_when_there_are_few() {
    let rules = balanced();
    let percent = |history: &ContainerHistory, now| confidence::measure(history.cells(), &rules, now).percent;
    let good = percent(&steady(), NOW);
    let young = percent(&history(3, |_| (0.2, 5e8)), 3 * DAY);
    let doubling = percent(&history(14, |time| (0.2, 1e8 * 2f64.powi((time / DAY) as i32))), NOW);
    let erratic = percent(&history(14, |time| (if time / DAY % 3 == 0 { 2.0 } else { 0.1 }, 5e8)), NOW);
    assert!(good >= 90, "{good}");
    assert!((50..good).contains(&young), "{young}");
    assert!(doubling <= 10, "{doubling}");
    assert!(erratic < 85, "{erratic}");
}

#[test]
fn samples_that_are_no_amounts_are_refused_and_counted() {
    let mut history = steady();
    let before = decide(&balanced(), &ContainerInput::of(&history), NOW);
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0] {
        history.observe_cpu(13 * DAY, bad, 1);
        history.observe_memory(13 * DAY, bad);
    }
    assert_eq!((history.refused().cpu, history.refused().memory), (4, 4));
    let after = decide(&balanced(), &ContainerInput::of(&history), NOW);
    assert_eq!((before.cpu, before.memory, before.evidence), (after.cpu, after.memory, after.evidence));
    assert!(after.notes.contains(&Note::SamplesRefused));
}

#[test]
fn contradicting_rules_are_named() {
    let mut rules = balanced();
    rules.cpu.max_millicores = Some(5);
    assert!(rules.validated().unwrap_err().to_string().contains("cpu: the minimum 10 is above the maximum 5"));
    let mut rules = balanced();
    rules.cpu.percentile = f64::NAN;
    assert!(rules.validated().unwrap_err().to_string().contains("sizing.cpu.percentile"));
    for profile in [Profile::Savings, Profile::Balanced, Profile::Resilient] {
        assert!(SizingRules::of(profile).validated().is_ok());
    }
}

fn samples() -> impl Strategy<Value = Vec<(i64, f64, f64)>> {
    let cores = prop_oneof![0.0f64..0.05, 0.0f64..4.0, Just(0.0)];
    prop::collection::vec((0i64..NOW, cores, 0.0f64..8e9), 1..200)
}

fn observed(samples: &[(i64, f64, f64)]) -> ContainerHistory {
    let mut history = ContainerHistory::new();
    history.observe_cpu(0, 0.01, 1);
    history.observe_memory(0, 1e7);
    history.observe_cpu(NOW - 1, 0.01, 1);
    history.observe_memory(NOW - 1, 1e7);
    for (time, cores, bytes) in samples {
        history.observe_cpu(*time, *cores, 1);
        history.observe_memory(*time, *bytes);
    }
    history
}

fn profiles() -> impl Strategy<Value = Profile> {
    prop_oneof![Just(Profile::Savings), Just(Profile::Balanced), Just(Profile::Resilient)]
}

proptest! {
    #[test]
    fn the_order_of_samples_and_merging_do_not_matter(samples in samples(), profile in profiles(), cut in 0usize..200) {
        let history = observed(&samples);
        let mut reversed = samples.clone();
        reversed.reverse();
        prop_assert_eq!(&observed(&reversed), &history);
        let rules = SizingRules::of(profile);
        let decision = decide(&rules, &ContainerInput::of(&history), NOW);
        prop_assert_eq!(&decide(&rules, &ContainerInput::of(&history), NOW), &decision);

        let (one, two) = samples.split_at(cut.min(samples.len()));
        let mut merged = ContainerHistory::new();
        for (time, cores, bytes) in one {
            merged.observe_cpu(*time, *cores, 1);
            merged.observe_memory(*time, *bytes);
        }
        merged.merge(&observed(two));
        prop_assert_eq!(merged, history);
    }

    #[test]
    fn requests_keep_to_the_bounds(
        samples in samples(), profile in profiles(),
        rule in (1i64..3000, 0i64..3000), range in (1i64..3000, 0i64..3000), current in (1i64..4000, 0i64..4000),
        mode in prop_oneof![
            Just(LimitMode::Keep), Just(LimitMode::Remove), Just(LimitMode::KeepRatio), Just(LimitMode::EqualsRequest),
            Just(LimitMode::PercentOfRequest(150))
        ],
        ratio in prop::option::of(1.0f64..4.0), oom in prop::option::of(1i64..16_000),
    ) {
        let mut history = observed(&samples);
        if let Some(mib) = oom {
            history.observe_kill(Kill { time: NOW - 1, request: None, limit: Some(mib * MIB) });
        }
        let mut rules = SizingRules::of(profile);
        (rules.cpu.min_millicores, rules.cpu.max_millicores) = (rule.0, Some(rule.0 + rule.1));
        (rules.memory.min_bytes, rules.memory.max_bytes) = (rule.0 * MIB, Some((rule.0 + rule.1) * MIB));
        (rules.cpu.limit, rules.memory.limit) = (mode, mode);
        let mut input = ContainerInput::of(&history);
        input.limit_range = LimitRange {
            cpu_min: Some(range.0), cpu_max: Some(range.0 + range.1), memory_min: Some(range.0 * MIB),
            memory_max: Some((range.0 + range.1) * MIB), cpu_max_ratio: ratio, memory_max_ratio: ratio,
        };
        input.current = Sizes {
            cpu_request: Some(current.0), cpu_limit: Some(current.0 + current.1),
            memory_request: Some(current.0 * MIB), memory_limit: Some((current.0 + current.1) * MIB),
        };
        let decision = decide(&rules, &input, NOW);
        for (resource, unit, limit_now) in [
            (&decision.cpu, 1, current.0 + current.1), (&decision.memory, MIB, (current.0 + current.1) * MIB),
        ] {
            if let Some(request) = resource.target {
                prop_assert!(request >= range.0 * unit && request <= (range.0 + range.1) * unit, "{resource:?}");
            }
            if let Verdict::Resize { to, .. } = resource.request
                && let Some(limit) = resource.limit.value(Some(limit_now))
            {
                prop_assert!(limit >= to, "{resource:?}");
                prop_assert!(limit <= (range.0 + range.1) * unit, "{resource:?}");
            }
        }
        prop_assert!(decision.confidence.percent <= 100);
        let evidence = &decision.evidence;
        prop_assert!(evidence.cpu_base <= evidence.cpu_peak, "{evidence:?}");
        prop_assert!((0.0..=100.0).contains(&evidence.cpu_covered_percent), "{evidence:?}");
        prop_assert!(evidence.cpu_base < evidence.cpu_peak || evidence.cpu_covered_percent == 100.0, "{evidence:?}");
    }

    #[test]
    fn stricter_rules_never_give_less(samples in samples(), more in 0.0f64..50.0) {
        let history = observed(&samples);
        let targets = |rules: &SizingRules| {
            let decision = decide(rules, &ContainerInput::of(&history), NOW);
            (decision.cpu.target.unwrap(), decision.memory.target.unwrap())
        };
        // Of widely spaced hours, few have samples.
        let base = SizingRules { minimum_history_seconds: 0, ..balanced() };
        let least = targets(&base);
        let stricter: [fn(&mut SizingRules, f64); 5] = [
            |rules, more| rules.cpu.percentile = (rules.cpu.percentile + more).min(100.0),
            |rules, more| rules.cpu.headroom_percent += more,
            |rules, more| rules.cpu.overrun_price += more,
            |rules, more| rules.memory.headroom_percent += more,
            |rules, more| rules.memory.overrun_price += more,
        ];
        for change in stricter {
            let mut rules = base.clone();
            change(&mut rules, more);
            let now = targets(&rules);
            prop_assert!(now.0 >= least.0 && now.1 >= least.1, "{least:?} {now:?}");
        }
    }

    /// The percentile of the rules is guaranteed as a minimum whatever a core costs.
    #[test]
    fn the_request_covers_the_percentile(samples in prop::collection::vec(0.0f64..4.0, 20..200)) {
        let mut history = ContainerHistory::new();
        for (nth, cores) in samples.iter().enumerate() {
            history.observe_cpu(nth as i64 * 400, *cores, 1);
        }
        let mut rules = SizingRules { minimum_history_seconds: 0, ..balanced() };
        rules.cpu.percentile = 90.0;
        let target = decide(&rules, &ContainerInput::of(&history), DAY - 1).cpu.target.unwrap();
        let over = samples.iter().filter(|cores| **cores * 1000.0 > target as f64).count();
        prop_assert!(over as f64 <= 0.1 * samples.len() as f64 + 1e-9, "{over} of {}", samples.len());
    }

    /// A container with the same usage at a higher level never gets less.
    #[test]
    fn more_of_a_steady_usage_never_gets_less(cores in 0.001f64..8.0, bytes in 1e7f64..8e9, factor in 1.0f64..5.0) {
        let of = |factor: f64| {
            let history = history(3, |_| (cores * factor, bytes * factor));
            let decision = decide(&balanced(), &ContainerInput::of(&history), 3 * DAY);
            (decision.cpu.target.unwrap(), decision.memory.target.unwrap())
        };
        let (less, more) = (of(1.0), of(factor));
        prop_assert!(more.0 >= less.0 && more.1 >= less.1, "{less:?} {more:?}");
    }
}
