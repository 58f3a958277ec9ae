//! Whether the policy that the change comes from allows changes to start.

use crate::{
    gate::{Blocked, Gate, Reason, blocked},
    input::{Common, General, Policy},
};

/// The gate.
pub const fn gate<I: General>() -> Gate<I> {
    Gate {
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
        check: |input| check(&I::common(input)),
    }
}

fn check(common: &Common<'_>) -> Option<Blocked> {
    let kind = common.policy_kind;
    match common.policy {
        Policy::Missing(name) => blocked(
            "PolicyNotFound",
            format!("{kind} {name} does not exist, so its windows and limits are unknown: create it again"),
        ),
        Policy::Invalid(name, fault) => {
            blocked("PolicyInvalid", format!("{kind} {name} is invalid: {fault}; fix the field"))
        }
        Policy::Named(name) if common.limits.suspended => {
            blocked("PolicySuspended", format!("{kind} {name} is suspended: set suspend to false to apply its changes"))
        }
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
            scene.limits.suspended = suspended;
            assert_eq!(asked(&gate(), &scene).map(|(reason, _)| reason).as_deref(), expected, "{policy:?}");
        }
        let mut scene = Scene::new();
        scene.policy = Policy::Invalid("services", &fault);
        let message = asked(&gate(), &scene).map(|(_, m)| m).unwrap_or_default();
        assert!(message.contains("limits.cooldown: \"soon\" is not a duration such as 10m or 24h"), "{message}");
    }
}
