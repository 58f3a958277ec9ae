//! Figures that are shown agree with each other.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use trimtab_sizing::{ContainerHistory, ContainerInput, Profile, SizingRules, decide};

const DAY: i64 = 86_400;

fn balanced() -> SizingRules {
    SizingRules::of(Profile::Balanced)
}

fn history(days: i64, usage: impl Fn(i64) -> (f64, f64)) -> ContainerHistory {
    let mut history = ContainerHistory::new();
    for time in (0..days * DAY).step_by(300) {
        let (cores, bytes) = usage(time);
        history.observe_cpu(time, cores, 1);
        history.observe_memory(time, bytes);
    }
    history
}

#[test]
fn two_weeks_are_fourteen_days_whenever_they_begin() {
    for (from_hours, hours, expected) in [(12, 14 * 24, 14), (12, 40 * 24, 14), (0, 14 * 24, 14), (7, 60, 3), (7, 3, 1)]
    {
        let mut history = ContainerHistory::new();
        let (start, end) = (from_hours * 3600, (from_hours + hours) * 3600);
        for time in (start..end).step_by(300) {
            history.observe_cpu(time, 0.1, 1);
            history.observe_memory(time, 1e8);
        }
        let days = decide(&balanced(), &ContainerInput::of(&history), end).evidence.days;
        assert_eq!(days, expected, "{hours} hours from {from_hours} o'clock");
    }
}

#[test]
fn the_share_that_is_covered_agrees_with_the_percentiles() {
    // Busier of late: the request covers more of the last days than of all of them.
    let history =
        history(14, |time| (if time > 12 * DAY { 0.1 } else { 0.1 + 0.4 * (time % DAY) as f64 / DAY as f64 }, 5e8));
    let evidence = decide(&balanced(), &ContainerInput::of(&history), 14 * DAY).evidence;
    for (percent, level) in [(50.0, evidence.cpu_p50), (95.0, evidence.cpu_p95), (99.0, evidence.cpu_p99)] {
        let (base, covered) = (evidence.cpu_base, evidence.cpu_covered_percent);
        assert!(base <= level || covered >= percent - 0.5, "{covered}% at {base}, and p{percent} is {level}");
        assert!(base >= level || covered <= percent + 0.5, "{covered}% at {base}, and p{percent} is {level}");
    }
}
