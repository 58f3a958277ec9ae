//! Trimtab's two admission policies: whether they are in force.
//!
//! In: a policy and its binding, as the server has them. Out: a [`Guard`]. The approval guard is compared with that of
//! the plugin's own release, as the controller compares it with that of its release. Of the policy of sizes, the plugin
//! sees whether it is there and belongs to its binding.

use k8s_openapi::api::admissionregistration::v1::{
    MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding, ValidatingAdmissionPolicy,
    ValidatingAdmissionPolicyBinding,
};
use kube::Api;
use trimtab_guard::{Expected, GuardFault, NAME as GUARD, check};

use crate::{
    cluster::{Session, answer},
    health::{Guard, Read},
};

/// The policy that gives new pods their sizes, and its binding.
const SIZES: &str = "trimtab-sizes";

/// The approval guard, compared with the one of this release.
fn compared(policy: Option<&ValidatingAdmissionPolicy>, binding: Option<&ValidatingAdmissionPolicyBinding>) -> Guard {
    let expected = Expected::for_installation(policy);
    let fault = expected.and_then(|expected| check(&expected, policy, binding)).err();
    let release = match &fault {
        Some(GuardFault::Outdated { release, .. }) => Some((*release).to_owned()),
        _ => None,
    };
    Guard { in_force: fault.is_none(), lacks: fault.map(|fault| fault.to_string()), release }
}

impl Session {
    /// Whether the approval guard is in force.
    pub async fn guard(&self) -> Read<Guard> {
        let policy = Api::<ValidatingAdmissionPolicy>::all(self.client.clone()).get_opt(GUARD).await;
        let policy = policy.map_err(|e| self.unread(e, "ValidatingAdmissionPolicies"))?;
        let binding = Api::<ValidatingAdmissionPolicyBinding>::all(self.client.clone()).get_opt(GUARD).await;
        let binding = binding.map_err(|e| self.unread(e, "ValidatingAdmissionPolicyBindings"))?;
        Ok(compared(policy.as_ref(), binding.as_ref()))
    }

    /// Whether new pods get their sizes by admission.
    pub async fn sizes_admission(&self) -> Read<Guard> {
        let policy = Api::<MutatingAdmissionPolicy>::all(self.client.clone()).get(SIZES).await;
        let policy = self.there(policy, "MutatingAdmissionPolicies")?;
        let binding = Api::<MutatingAdmissionPolicyBinding>::all(self.client.clone()).get(SIZES).await;
        let binding = self.there(binding, "MutatingAdmissionPolicyBindings")?;
        let lacks = match (policy, binding) {
            (None, None) => {
                Some("the MutatingAdmissionPolicy, of Kubernetes 1.36 or newer, and its binding are missing")
            }
            (None, Some(_)) => Some("the MutatingAdmissionPolicy is missing"),
            (Some(_), None) => Some("the MutatingAdmissionPolicyBinding is missing"),
            (Some(_), Some(b)) if b.spec.as_ref().and_then(|s| s.policy_name.as_deref()) != Some(SIZES) => {
                Some("its binding is for another policy")
            }
            _ => None,
        };
        let lacks = lacks.map(|lacks| format!("{lacks} ({SIZES})"));
        Ok(Guard { in_force: lacks.is_none(), lacks, release: None })
    }

    /// `None` where there is no such object, or not even its kind: servers before 1.36 do not have it.
    fn there<K>(&self, read: Result<K, kube::Error>, what: &str) -> Read<Option<K>> {
        match read {
            Ok(object) => Ok(Some(object)),
            Err(error) if answer(&error).is_some_and(|s| s.code == 404) => Ok(None),
            Err(error) => Err(self.unread(error, what)),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde::Deserialize;
    use serde_json::{Value, json};

    use super::*;

    /// The shipped guard, changed; and what is said of it.
    fn told(change: impl Fn(&mut Value, &mut Value)) -> Option<String> {
        found(include_str!("../../../policies/approval.yaml"), change).lacks
    }

    fn found(text: &str, change: impl Fn(&mut Value, &mut Value)) -> Guard {
        let documents = serde_yaml::Deserializer::from_str(text).map(|d| Value::deserialize(d).unwrap());
        let mut objects: Vec<Value> = documents.collect();
        let mut binding = objects.remove(1);
        change(&mut objects[0], &mut binding);
        // A server has checked its types.
        objects[0]["status"] = json!({"observedGeneration": 1, "typeChecking": {}});
        objects[0]["metadata"]["generation"] = json!(1);
        let policy = serde_json::from_value(objects.remove(0)).unwrap();
        compared(Some(&policy), Some(&serde_json::from_value(binding).unwrap()))
    }

    #[test]
    fn the_guard_of_an_earlier_release_is_named() {
        let earlier = include_str!("../../guard/tests/releases/0.1.0.yaml");
        let guard = found(earlier, |_, _| ());
        assert_eq!((guard.in_force, guard.release.as_deref()), (false, Some("0.1.0")));
        let altered = found(earlier, |policy, _| policy["spec"]["failurePolicy"] = json!("Ignore"));
        assert_eq!((altered.in_force, altered.release), (false, None));
    }

    #[test]
    fn an_altered_guard_is_not_in_force() {
        assert_eq!(told(|_, _| ()), None);
        let expression = |p: &mut Value| p["spec"]["validations"][5]["expression"] = json!("true");
        assert!(told(|p, _| expression(p)).is_some_and(|t| t.contains("spec.validations[5].expression")));
        let never = json!([{"name": "never", "expression": "false"}]);
        assert!(
            told(|p, _| p["spec"]["matchConditions"] = never.clone()).is_some_and(|t| t.contains("matchConditions"))
        );
        assert!(told(|_, b| b["spec"]["validationActions"] = json!(["Audit"])).is_some());
        assert_eq!(told(|_, b| b["spec"]["validationActions"] = json!(["Audit", "Deny"])), None);
    }
}
