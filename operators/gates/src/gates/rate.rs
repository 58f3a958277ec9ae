//! Whether the policy lets one more rollout begin within this hour.

use crate::{
    facts::Facts,
    gate::{Closing, Gate, Reason, closing},
};

pub(super) const GATE: Gate = Gate {
    name: "Rate",
    forward: false,
    reasons: &[Reason {
        word: "TooManyStarts",
        when: "as many rollouts of the policy began within the last hour as `limits.maxRolloutsPerHour` allows",
        opens: "an hour after one of them",
    }],
    question: ask,
};

fn ask(facts: &Facts<'_>) -> Option<Closing> {
    let (started, most) = (facts.started_last_hour, facts.rules.max_per_hour);
    if started < most {
        return None;
    }
    closing(
        "TooManyStarts",
        format!("{started} of {most} rollouts began within the last hour: this waits (limits.maxRolloutsPerHour)"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::{Scene, asked};

    #[test]
    fn closed_at_the_limit() {
        for (started, expected) in [(0, false), (59, false), (60, true), (61, true)] {
            let mut scene = Scene::new();
            scene.started_last_hour = started;
            assert_eq!(asked(&GATE, &scene).is_some(), expected, "{started}");
        }
    }
}
