//! Whether the policy that created the recommendation allows rollouts to start.

use trimtab_rollout::gate::{Blocked, Gate, Reason, blocked};

use crate::input::{Input, Policy, Surroundings};

pub(super) const GATE: Gate<Surroundings> = Gate {
    name: "Policy",
    reasons: &[
        Reason { word: "PolicySuspended", when: "the policy has `suspend: true`", opens: "`suspend: false`" },
        Reason {
            word: "PolicyNotFound",
            when: "the policy in `spec.policyRef` does not exist",
            opens: "creating it again; without it its windows and limits are not known",
        },
        Reason {
            word: "PolicyInvalid",
            when: "a field of the policy is invalid",
            opens: "fixing the field that the message names",
        },
    ],
    check,
};

fn check(input: &Input<'_>) -> Option<Blocked> {
    match input.policy {
        Policy::Missing(name) => blocked(
            "PolicyNotFound",
            format!("OptimizationPolicy {name} does not exist, so its windows and limits are unknown: create it again"),
        ),
        Policy::Invalid(name, fault) => blocked("PolicyInvalid", fault.message(name)),
        Policy::Named(name) if input.rules.suspended => blocked(
            "PolicySuspended",
            format!("OptimizationPolicy {name} is suspended: set suspend to false to apply its changes"),
        ),
        Policy::Named(_) | Policy::None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        invalid_field::InvalidField,
        testkit::{Scene, asked},
    };

    #[test]
    fn closed_without_a_policy_that_can_be_acted_on() {
        let fault = InvalidField::new("limits.cooldown", "soon", "a duration such as 10m or 24h");
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
