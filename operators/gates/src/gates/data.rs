//! Whether the usage that the proposal is based on is still being measured.

use trimtab_core::text::{lasting, moment};
use trimtab_engine::{
    gate::{Blocked, Gate, Reason, blocked},
    input::Policy,
};

use crate::input::{Input, Surroundings};

pub(super) const GATE: Gate<Surroundings> = Gate {
    name: "Data",
    reasons: &[
        Reason {
            word: "MetricsUnavailable",
            when: "the current usage of the workload is not known",
            opens: "a usage source that responds",
        },
        Reason {
            word: "MetricsStale",
            when: "the newest sample is older than `metrics.maxAge`",
            opens: "a newer sample",
        },
    ],
    check,
};

/// A recommendation written by hand is not based on usage data, so it needs none.
fn check(input: &Input<'_>) -> Option<Blocked> {
    if input.common.policy == Policy::None {
        return None;
    }
    let (name, most) = (input.common.target_name(), input.rules.max_data_age_s);
    match input.data_age_s {
        None => blocked(
            "MetricsUnavailable",
            format!("the usage of {name} cannot be read, so a change could not be judged: check the usage source"),
        ),
        Some(age) if age > most => blocked(
            "MetricsStale",
            // A time stays the same in a status while the age grows.
            format!(
                "the newest sample of {name} is of {}, metrics.maxAge is {}: check the usage source",
                moment(input.common.now.as_second() - age),
                lasting(most)
            ),
        ),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::testkit::{Scene, asked};

    #[test]
    fn closed_for_stale_and_missing_data() {
        for (policy, age, expected) in [
            (Policy::Named("services"), Some(0), None),
            (Policy::Named("services"), Some(1800), None),
            (Policy::Named("services"), Some(1801), Some("MetricsStale")),
            // A sample from the future means that a clock is slightly ahead.
            (Policy::Named("services"), Some(-5), None),
            (Policy::Named("services"), None, Some("MetricsUnavailable")),
            (Policy::Missing("services"), None, Some("MetricsUnavailable")),
            (Policy::None, None, None),
        ] {
            let mut scene = Scene::new();
            (scene.policy, scene.data_age_s) = (policy, age);
            assert_eq!(asked(&GATE, &scene).map(|(reason, _)| reason).as_deref(), expected, "{policy:?} {age:?}");
        }
    }

    #[test]
    fn the_message_stays_the_same_while_the_sample_grows_older() {
        let mut scene = Scene::new();
        scene.data_age_s = Some(1801);
        let (_, first) = asked(&GATE, &scene).unwrap();
        assert!(first.contains("metrics.maxAge is 30 minutes: check"), "{first}");
        (scene.now, scene.data_age_s) = (scene.now + jiff::SignedDuration::from_secs(600), Some(2401));
        assert_eq!(asked(&GATE, &scene).unwrap().1, first);
    }
}
