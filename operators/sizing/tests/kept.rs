//! What evidence of harm, growth or a gap in it prevents: lowering, or any decision at all.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use proptest::prelude::*;
use trimtab_sizing::{
    ContainerDecision, ContainerHistory, ContainerInput, Kill, Note, Profile, RefuseReason, Sizes, SizingRules,
    Verdict, WorkloadClass, decide,
};

const DAY: i64 = 86_400;
const MIB: i64 = 1 << 20;
const NOW: i64 = 14 * DAY;

/// Two weeks of samples every 5 minutes, where `seen` says so.
fn history(seen: impl Fn(i64) -> (bool, bool), usage: impl Fn(i64) -> (f64, f64)) -> ContainerHistory {
    let mut history = ContainerHistory::new();
    for time in (0..NOW).step_by(300) {
        let (cores, mib) = usage(time);
        if seen(time).0 {
            history.observe_cpu(time, cores, 1);
        }
        if seen(time).1 {
            history.observe_memory(time, mib * MIB as f64);
        }
    }
    history
}

fn always(_: i64) -> (bool, bool) {
    (true, true)
}

fn steady() -> ContainerHistory {
    history(always, |_| (0.15, 200.0))
}

/// The decision on a container with this `request` and limit, as millicores and MiB.
fn decided(history: &ContainerHistory, request: (i64, i64), limit: (i64, i64)) -> ContainerDecision {
    let mut input = ContainerInput::of(history);
    input.guaranteed = request == limit;
    input.current = Sizes {
        cpu_request: Some(request.0),
        memory_request: Some(request.1 * MIB),
        cpu_limit: Some(limit.0),
        memory_limit: Some(limit.1 * MIB),
    };
    decide(&SizingRules::of(Profile::Balanced), &input, NOW)
}

fn killed(history: &mut ContainerHistory, request: Option<i64>, limit: Option<i64>) {
    let bytes = |mib: Option<i64>| mib.map(|mib| mib * MIB);
    history.observe_kill(Kill { time: NOW - DAY, request: bytes(request), limit: bytes(limit) });
}

#[test]
fn a_limit_that_throttles_is_not_lowered() {
    for (request, limit) in [((500, 512), (500, 512)), ((200, 512), (600, 1024)), ((1500, 300), (1500, 300))] {
        let mut history = steady();
        history.observe_throttling(NOW - DAY, 350, 1000);
        let cpu = decided(&history, request, limit).cpu;
        assert!(cpu.limit.value(Some(limit.0)).unwrap() >= limit.0, "{cpu:?}");
        assert!(cpu.request.value(Some(request.0)).unwrap() >= request.0, "it wanted more than it could use: {cpu:?}");
    }
}

#[test]
fn memory_is_not_lowered_under_what_it_was_killed_with() {
    for (what, kill, request, limit, least) in [
        ("at its limit, between two readings", (Some(512), Some(512)), 512, 512, 512),
        ("nothing is known of the time", (None, None), 300, 512, 300),
        ("only the limit is known", (None, Some(512)), 400, 512, 400),
        ("it asked for less then", (Some(250), Some(512)), 400, 512, 250),
    ] {
        let mut history = steady();
        killed(&mut history, kill.0, kill.1);
        let memory = decided(&history, (200, request), (400, limit)).memory;
        let (to, top) = (memory.request.value(Some(request * MIB)), memory.limit.value(Some(limit * MIB)));
        assert!(to.unwrap() >= least * MIB, "{what}: {memory:?}");
        assert!(top.unwrap() >= limit * MIB, "{what}: {memory:?}");
    }
}

#[test]
fn a_kill_that_no_reading_shows_is_not_called_the_nodes() {
    let mut history = steady();
    killed(&mut history, Some(512), Some(512));
    let notes = decided(&history, (200, 512), (400, 512)).notes;
    assert!(notes.contains(&Note::KilledUnseen) && !notes.contains(&Note::KilledByNode), "{notes:?}");
    let mut history = steady();
    killed(&mut history, Some(100), Some(8192));
    let notes = decided(&history, (200, 100), (400, 8192)).notes;
    assert!(notes.contains(&Note::KilledByNode) && !notes.contains(&Note::KilledUnseen), "{notes:?}");
}

#[test]
fn a_limit_is_not_lowered_while_memory_grows() {
    let grown = |time: i64| 1500.0 + 40.0 * (time / DAY) as f64;
    let leak = history(always, |time| (0.1, grown(time)));
    let memory = decided(&leak, (200, 4096), (400, 4096));
    assert!(memory.notes.contains(&Note::MemoryGrows), "{:?}", memory.evidence);
    assert_eq!(memory.memory.limit.value(Some(4096 * MIB)), Some(4096 * MIB));
    // A workload that runs for half an hour a night grows from night to night.
    let nightly = |time: i64| (time % DAY < 1800, time % DAY < 1800);
    let history = history(nightly, |time| (0.1, 400.0 + 60.0 * (time / DAY) as f64));
    let mut input = ContainerInput::of(&history);
    input.class = WorkloadClass::RunToCompletion;
    let notes = decide(&SizingRules::of(Profile::Balanced), &input, NOW).notes;
    assert!(notes.contains(&Note::MemoryGrows), "{notes:?}");
}

/// Bytes in MiB at a time.
type Level = fn(i64) -> f64;

#[test]
fn a_limit_is_not_lowered_while_memory_is_at_its_highest() {
    let limit_after = |level: Level| {
        let history = history(always, move |time| (0.1, level(time)));
        let decision = decided(&history, (200, 1024), (400, 1024));
        (decision.memory.limit.value(Some(1024 * MIB)).unwrap() / MIB, decision.notes.contains(&Note::NewMemoryPeak))
    };
    const START: i64 = NOW - 3 * DAY;
    // Growth over so few days is no trend yet.
    let highest: [(&str, Level); 3] = [
        ("2 % a day", |time| 300.0 * (1.0 + 0.02 * ((time - START).max(0) as f64 / DAY as f64))),
        ("since half a day", |time| 300.0 + 50.0 * ((time - (NOW - DAY / 2)).max(0) as f64 / DAY as f64)),
        ("a step an hour ago", |time| if time > NOW - 3600 { 400.0 } else { 300.0 }),
    ];
    for (what, level) in highest {
        assert_eq!(limit_after(level), (1024, true), "{what}");
    }
    let usual: [(&str, Level); 3] = [
        ("flat", |_| 300.0),
        ("a step of three days ago", |time| if time > START { 400.0 } else { 300.0 }),
        ("every day alike", |time| 300.0 + 100.0 * ((time % DAY) as f64 / DAY as f64)),
    ];
    for (what, level) in usual {
        let (limit, is_new) = limit_after(level);
        assert!(limit < 1024 && !is_new, "{what}: {limit}");
    }
}

#[test]
fn a_peak_of_memory_that_comes_every_week_keeps_its_room() {
    let request_after = |busy: &dyn Fn(i64) -> bool| {
        let history = history(always, |time| (0.1, if busy(time / DAY) { 3072.0 } else { 400.0 }));
        let mut input = ContainerInput::of(&history);
        input.current.memory_request = Some(4096 * MIB);
        decide(&SizingRules::of(Profile::Balanced), &input, NOW).memory.request.value(Some(4096 * MIB)).unwrap() / MIB
    };
    for weekday in 0..7 {
        let request = request_after(&|day| day % 7 == weekday);
        assert!(request >= 3072, "weekday {weekday}: {request}");
    }
    assert!(request_after(&|day| day == 5) < 600, "one day alone");
}

#[test]
fn what_restarts_as_often_as_it_is_read_is_not_lowered() {
    let with = |restarts: u32| {
        let mut history = steady();
        history.observe_restarts(NOW - DAY, restarts);
        decided(&history, (500, 1024), (1000, 2048))
    };
    let kept = with(2000);
    assert_eq!(
        (kept.cpu.request.value(Some(500)), kept.memory.request.value(Some(1024 * MIB))),
        (Some(500), Some(1024 * MIB))
    );
    assert!(kept.notes.contains(&Note::FewSamples), "{:?}", kept.notes);
    let lowered = with(20);
    assert!(lowered.cpu.request.value(Some(500)).unwrap() < 500 && !lowered.notes.contains(&Note::FewSamples));
}

/// Whether CPU, and memory, with this history are refused for this reason.
fn refused(why: RefuseReason, seen: fn(i64) -> (bool, bool)) -> [bool; 2] {
    let decision = decided(&history(seen, |_| (0.1, 200.0)), (500, 512), (1000, 1024));
    [decision.cpu.request, decision.memory.request].map(|verdict| verdict == Verdict::Refuse { reason: why })
}

#[test]
fn each_resource_needs_a_history_of_its_own() {
    let refused = |seen| refused(RefuseReason::InsufficientHistory, seen);
    assert_eq!(refused(|time| (time > NOW - 20 * 3600, true)), [true, false]);
    assert_eq!(refused(|time| (true, time > NOW - 20 * 3600)), [false, true]);
    // Two days known of one resource are reported as two days, for a workload known for two weeks.
    let known = decided(&history(|time| (time > NOW - 2 * DAY, true), |_| (0.1, 200.0)), (500, 512), (1000, 1024));
    assert!(known.cpu.request.is_change() && known.notes.contains(&Note::ShortHistory), "{:?}", known.notes);
}

#[test]
fn hours_that_are_never_read_are_told() {
    let has_gaps = |seen: fn(i64) -> bool| {
        let history = history(|time| (seen(time), seen(time)), |_| (0.1, 200.0));
        decided(&history, (500, 512), (1000, 1024)).notes.contains(&Note::Gaps)
    };
    assert!(has_gaps(|time| time % DAY < 6 * 3600 || time > NOW - 1800));
    assert!(!has_gaps(|time| time % DAY > 6 * 3600));
}

#[test]
fn what_ended_days_ago_is_stale_though_the_rest_goes_on() {
    let refused = |seen| refused(RefuseReason::StaleHistory, seen);
    assert_eq!(refused(always), [false, false]);
    assert_eq!(refused(|time| (true, time < NOW - 3 * DAY)), [false, true]);
    assert_eq!(refused(|time| (time < NOW - 3 * DAY, true)), [true, false]);
}

#[test]
fn a_hole_makes_no_history() {
    let holed = |hours: i64| {
        let seen = move |time: i64| {
            let seen = time < 2 * 3600 || time >= NOW - hours * 3600;
            (seen, seen)
        };
        decided(&history(seen, |_| (0.1, 200.0)), (500, 512), (1000, 1024))
    };
    let short = Verdict::Refuse { reason: RefuseReason::InsufficientHistory };
    assert_eq!(holed(14).memory.request, short);
    let known = holed(46);
    assert!(known.memory.request.is_change() && known.notes.contains(&Note::ShortHistory), "{:?}", known.notes);
}

#[test]
fn memory_that_no_process_can_live_on_is_no_reading() {
    for bytes in [0.0, 1.0, 4096.0] {
        let decision = decided(&history(always, |_| (0.1, bytes / MIB as f64)), (500, 512), (1000, 1024));
        assert_eq!(decision.memory.request, Verdict::Refuse { reason: RefuseReason::NoSamples }, "{bytes}");
        assert!(decision.notes.contains(&Note::SamplesRefused));
    }
}

proptest! {
    /// Whatever is known of kills, and however often the outcome is applied.
    #[test]
    fn nothing_is_lowered_under_a_kill_and_once_is_enough(
        kills in prop::collection::vec((0i64..NOW, prop::option::of(64i64..4096), prop::option::of(64i64..8192)), 1..6),
        used in 20.0f64..2000.0,
        (request, more) in (64i64..4096, 0i64..4096),
        throttled in 0u32..1000,
    ) {
        let mut history = history(always, |_| (0.15, used));
        history.observe_throttling(NOW - DAY, throttled, 1000);
        let bytes = |mib: Option<i64>| mib.map(|mib| mib * MIB);
        for (time, request, limit) in &kills {
            history.observe_kill(Kill { time: *time, request: bytes(*request), limit: bytes(*limit) });
        }
        let (request, limit) = ((300, request), (300 + more, request + more));
        let first = decided(&history, request, limit);
        let known = kills.iter().filter_map(|(_, request, _)| *request).max().unwrap_or(0);
        let least = if kills.iter().any(|(_, request, _)| request.is_none()) { request.1 } else { known.min(request.1) };
        let memory = first.memory.request.value(Some(request.1 * MIB)).unwrap();
        prop_assert!(memory >= least * MIB, "{:?}", first.memory);
        let top = first.memory.limit.value(Some(limit.1 * MIB)).unwrap();
        prop_assert!(top >= limit.1 * MIB, "{:?}", first.memory);
        let cpu_top = first.cpu.limit.value(Some(limit.0)).unwrap();
        prop_assert!(throttled <= 50 || cpu_top >= limit.0, "{:?}", first.cpu);

        let mut again = ContainerInput::of(&history);
        again.guaranteed = request == limit;
        again.current = Sizes {
            cpu_request: first.cpu.request.value(Some(request.0)),
            memory_request: Some(memory),
            cpu_limit: Some(cpu_top),
            memory_limit: Some(top),
        };
        let second = decide(&SizingRules::of(Profile::Balanced), &again, NOW);
        for verdict in [second.cpu.request, second.cpu.limit, second.memory.request, second.memory.limit] {
            prop_assert!(!verdict.is_change(), "{verdict:?} after {first:?}");
        }
    }
}
