//! Whether the policy lets one more workload be changed at the same time.

use crate::{
    facts::Facts,
    gate::{Closing, Gate, Reason, closing},
};

pub(super) const GATE: Gate = Gate {
    name: "Concurrency",
    forward: false,
    reasons: &[Reason {
        word: "TooManyRollouts",
        when: "as many rollouts of the policy are under way as `limits.maxConcurrentRollouts` allows",
        opens: "the end of one of them",
    }],
    question: ask,
};

fn ask(facts: &Facts<'_>) -> Option<Closing> {
    let (under_way, most) = (facts.under_way, facts.rules.max_concurrent);
    if under_way < most {
        return None;
    }
    closing(
        "TooManyRollouts",
        format!(
            "{under_way} of {most} rollouts are under way: this waits for one to end (limits.maxConcurrentRollouts)"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::{Scene, asked};

    #[test]
    fn closed_at_the_limit() {
        for (under_way, expected) in [(0, false), (4, false), (5, true), (6, true)] {
            let mut scene = Scene::new();
            scene.under_way = under_way;
            assert_eq!(asked(&GATE, &scene).is_some(), expected, "{under_way}");
        }
    }
}
