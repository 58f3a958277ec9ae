//! What a process was told about memory, against the limit of today.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use trimtab_sizing::{
    ContainerHistory, ContainerInput, LimitMode, Note, Profile, RuntimeHint, Sizes, SizingRules, Verdict, decide,
};

const DAY: i64 = 86_400;
const GIB: i64 = 1 << 30;
const NOW: i64 = 14 * DAY;

/// Two weeks of a container that uses next to nothing.
fn idle() -> ContainerHistory {
    let mut history = ContainerHistory::new();
    for time in (0..NOW).step_by(300) {
        history.observe_cpu(time, 0.1, 1);
        history.observe_memory(time, 100.0 * 1024.0 * 1024.0);
    }
    history
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
