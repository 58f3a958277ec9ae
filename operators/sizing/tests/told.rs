//! The memory a process was configured to use, against today's limit.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use trimtab_sizing::{
    ContainerHistory, ContainerInput, LimitMode, LimitRange, Note, Profile, RefuseReason, RuntimeHint, Sizes,
    SizingRules, Verdict, decide,
};

const DAY: i64 = 86_400;
const GIB: i64 = 1 << 30;
const NOW: i64 = 14 * DAY;

/// Two weeks of a container that uses this many bytes.
fn using(bytes: impl Fn(i64) -> f64) -> ContainerHistory {
    let mut history = ContainerHistory::new();
    for time in (0..NOW).step_by(300) {
        history.observe_cpu(time, 0.1, 1);
        history.observe_memory(time, bytes(time));
    }
    history
}

/// Two weeks of one that uses almost nothing.
fn idle() -> ContainerHistory {
    using(|_| 100.0 * 1024.0 * 1024.0)
}

#[test]
fn what_a_process_was_told_above_its_limit_is_said_and_nothing_is_lowered() {
    let history = idle();
    let (request, limit) = (GIB / 2, GIB / 2);
    let mut input = ContainerInput::of(&history);
    input.current = Sizes { memory_request: Some(request), memory_limit: Some(limit), ..Sizes::default() };
    for (told, above) in [(GIB / 4, false), (limit, false), (limit + 1, true), (2 * GIB, true)] {
        input.runtime = RuntimeHint::FixedMemory { bytes: told };
        for mode in [LimitMode::Keep, LimitMode::KeepRatio, LimitMode::EqualsRequest, LimitMode::PercentOfRequest(150)]
        {
            let mut rules = SizingRules::of(Profile::Balanced);
            rules.memory.limit = mode;
            let decision = decide(&rules, &input, NOW);
            assert_eq!(decision.notes.contains(&Note::ToldAboveLimit), above, "{told} {:?}", decision.notes);
            if above {
                let kept = |verdict: Verdict| verdict.value(Some(limit)).unwrap() >= limit;
                assert!(kept(decision.memory.request) && kept(decision.memory.limit), "{mode:?} {:?}", decision.memory);
            }
        }
    }
    input.current.memory_limit = None;
    assert!(
        !decide(&SizingRules::of(Profile::Balanced), &input, NOW).notes.contains(&Note::ToldAboveLimit),
        "there is no limit to be above"
    );
}

fn uneven_days() -> ContainerHistory {
    using(|time| if time / DAY % 2 == 0 { 0.5 } else { 2.4 } * GIB as f64)
}

#[test]
fn a_maximum_under_a_heap_that_follows_the_limit_lowers_the_request_alone_and_no_limit() {
    // It uses more than the maximum of the policy, so that its memory is not simply kept.
    let history = using(|_| 3.5 * GIB as f64);
    let mut rules = SizingRules::of(Profile::Balanced);
    rules.memory.max_bytes = Some(2 * GIB);
    let mut input = ContainerInput::of(&history);
    input.runtime = RuntimeHint::HeapFromLimit { percent: 75 };
    input.current = Sizes { memory_request: Some(3 * GIB), memory_limit: Some(4 * GIB), ..Sizes::default() };
    let lowered = decide(&rules, &input, NOW).memory;
    assert_eq!(lowered.request, Verdict::Resize { from: Some(3 * GIB), to: 2 * GIB }, "{lowered:?}");
    assert_eq!(lowered.limit.value(Some(4 * GIB)), Some(4 * GIB), "{lowered:?}");
    // Guaranteed stays Guaranteed.
    input.guaranteed = true;
    input.current.memory_limit = Some(3 * GIB);
    let kept = decide(&rules, &input, NOW).memory;
    assert_eq!((kept.request.value(Some(3 * GIB)), kept.limit.value(Some(3 * GIB))), (Some(3 * GIB), Some(3 * GIB)));
    // Also where days vary, so that more is wanted than was ever seen.
    let uneven = uneven_days();
    let mut resilient = SizingRules::of(Profile::Resilient);
    resilient.memory.max_bytes = Some(2 * GIB);
    let kept = decide(&resilient, &ContainerInput { history: &uneven, ..input.clone() }, NOW).memory;
    assert_eq!(
        (kept.request.value(Some(3 * GIB)), kept.limit.value(Some(3 * GIB))),
        (Some(3 * GIB), Some(3 * GIB)),
        "{kept:?}"
    );
    // What the namespace forbids cannot be correct either way.
    input.limit_range = LimitRange { memory_max: Some(2 * GIB), ..LimitRange::default() };
    let refused = Verdict::Refuse { reason: RefuseReason::ContradictingBounds };
    assert_eq!(decide(&rules, &input, NOW).memory.limit, refused);
}
