//! Whether the policy that made the recommendation lets anything start.

use crate::{
    facts::{Facts, Policy},
    gate::{Closing, Gate, Reason, closing},
};

pub(super) const GATE: Gate = Gate {
    name: "Policy",
    forward: true,
    reasons: &[
        Reason { word: "PolicySuspended", when: "the policy has `suspend: true`", opens: "`suspend: false`" },
        Reason {
            word: "PolicyNotFound",
            when: "the policy in `spec.policyRef` does not exist",
            opens: "making it again; without it its windows and limits are not known",
        },
        Reason {
            word: "PolicyInvalid",
            when: "a field of the policy has no meaning",
            opens: "mending the field that the message names",
        },
    ],
    question: ask,
};

fn ask(facts: &Facts<'_>) -> Option<Closing> {
    match facts.policy {
        Policy::Missing(name) => closing(
            "PolicyNotFound",
            format!("OptimizationPolicy {name} does not exist, so its windows and limits are not known: make it again"),
        ),
        Policy::Invalid(name, fault) => closing("PolicyInvalid", fault.message(name)),
        Policy::Named(name) if facts.rules.suspended => closing(
            "PolicySuspended",
            format!("OptimizationPolicy {name} is suspended: set suspend to false to have its changes carried out"),
        ),
        Policy::Named(_) | Policy::None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        rules::Fault,
        testkit::{Scene, asked},
    };

    #[test]
    fn closed_without_a_policy_that_can_be_acted_on() {
        let fault = Fault::new("limits.cooldown", "soon", "a duration such as 10m or 24h");
        for (policy, suspended, expected) in [
            (Policy::Named("services"), false, None),
            (Policy::None, false, None),
            (Policy::Named("services"), true, Some("PolicySuspended")),
            (Policy::Missing("services"), false, Some("PolicyNotFound")),
            (Policy::Invalid("services", &fault), false, Some("PolicyInvalid")),
        ] {
            let mut scene = Scene::new();
            scene.policy = policy;
            scene.rules.suspended = suspended;
            assert_eq!(asked(&GATE, &scene).map(|(reason, _)| reason).as_deref(), expected, "{policy:?}");
        }
        let mut scene = Scene::new();
        scene.policy = Policy::Invalid("services", &fault);
        let message = asked(&GATE, &scene).map(|(_, m)| m).unwrap_or_default();
        assert!(message.contains("limits.cooldown: \"soon\" is not a duration such as 10m or 24h"), "{message}");
    }
}
