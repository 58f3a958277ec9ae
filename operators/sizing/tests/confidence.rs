//! The confidence a decision states: few days, and days that barely held.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use trimtab_sizing::{Confidence, ContainerHistory, Profile, SizingRules, confidence};

const DAY: i64 = 86_400;

/// The confidence stated after `days` whole days of such usage, by hour of time.
fn stated(days: i64, usage: impl Fn(i64) -> (f64, f64)) -> Confidence {
    let mut history = ContainerHistory::new();
    for time in (0..days * DAY).step_by(300) {
        let (cores, bytes) = usage(time);
        history.observe_cpu(time, cores, 1);
        history.observe_memory(time, bytes);
    }
    confidence::measure(history.cells(), &SizingRules::of(Profile::Balanced), days * DAY)
}

#[test]
fn few_days_show_little_however_well_they_went() {
    // The first day is only learned from.
    for (days, most) in [(1, 0), (2, 50), (3, 75), (4, 87), (5, 93)] {
        let stated = stated(days, |_| (0.2, 5e8));
        assert_eq!(i64::from(stated.days_scored), days - 1);
        assert_eq!(stated.days_held, stated.days_scored);
        assert!(stated.percent <= most, "{days} days: {stated:?}");
        assert!(days > 2 || stated.percent == most, "{days} days: {stated:?}");
    }
    assert!(stated(14, |_| (0.2, 5e8)).percent >= 90);
}

#[test]
fn days_that_held_only_just_are_counted() {
    let steady = stated(14, |_| (0.2, 5e8));
    assert_eq!((steady.days_held, steady.days_near), (13, 0), "{steady:?}");
    // Each day slightly above the one before: the room the rules leave above the past is almost used up.
    let creeping = |percent: f64| stated(14, move |t| (0.2, 5e8 * (1.0 + percent / 100.0).powi((t / DAY) as i32)));
    let near = (1..=60).map(|n| creeping(f64::from(n) / 2.0)).filter(|c| c.days_near > 0).collect::<Vec<_>>();
    assert!(!near.is_empty());
    for confidence in near {
        assert!(confidence.days_near <= confidence.days_held, "{confidence:?}");
    }
}
