//! Whether the usage that the proposal stands on is still being measured.

use crate::{
    facts::{Facts, Policy},
    gate::{Closing, Gate, Reason, closing},
};

pub(super) const GATE: Gate = Gate {
    name: "Data",
    forward: false,
    reasons: &[
        Reason {
            word: "MetricsUnavailable",
            when: "nothing is known of the workload's present usage",
            opens: "a source of usage that answers",
        },
        Reason {
            word: "MetricsStale",
            when: "the newest sample is older than `metrics.maxAge`",
            opens: "a newer sample",
        },
    ],
    question: ask,
};

/// A recommendation that a person wrote by hand does not stand on usage data, so that it needs none.
fn ask(facts: &Facts<'_>) -> Option<Closing> {
    if facts.policy == Policy::None {
        return None;
    }
    let (name, most) = (facts.target_name(), facts.rules.max_data_age_s);
    match facts.data_age_s {
        None => closing(
            "MetricsUnavailable",
            format!("the usage of {name} cannot be read, so a change could not be judged: look at the usage source"),
        ),
        Some(age) if age > most => closing(
            "MetricsStale",
            format!("the newest sample of {name} is {age} s old, metrics.maxAge is {most} s: look at the usage source"),
        ),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::{Scene, asked};

    #[test]
    fn closed_for_stale_and_missing_data() {
        for (policy, age, expected) in [
            (Policy::Named("services"), Some(0), None),
            (Policy::Named("services"), Some(1800), None),
            (Policy::Named("services"), Some(1801), Some("MetricsStale")),
            // A sample of the future is a clock that is a little ahead.
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
}
