//! Trimtab's two admission policies: whether they are in force.
//!
//! In: a policy and its binding, as the server has them. Out: a [`Guard`]. The plugin sees whether they are there and
//! belong together; whether each line is that of a release, only the controller knows.

use k8s_openapi::api::admissionregistration::v1::{
    MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding, ValidatingAdmissionPolicy,
    ValidatingAdmissionPolicyBinding,
};
use kube::Api;

use crate::{
    cluster::{Session, answer},
    health::{Guard, Read},
};

/// The approval guard: an admission policy and its binding.
const GUARD: &str = "trimtab-approval";
/// The policy that gives new pods their sizes, and its binding.
const SIZES: &str = "trimtab-sizes";

impl Session {
    /// Whether the approval guard is in force.
    pub async fn guard(&self) -> Read<Guard> {
        let policy = Api::<ValidatingAdmissionPolicy>::all(self.client.clone()).get_opt(GUARD).await;
        let policy = policy.map_err(|e| self.unread(e, "ValidatingAdmissionPolicies"))?;
        let binding = Api::<ValidatingAdmissionPolicyBinding>::all(self.client.clone()).get_opt(GUARD).await;
        let binding = binding.map_err(|e| self.unread(e, "ValidatingAdmissionPolicyBindings"))?;
        let lacks = match (policy, binding.map(|b| b.spec)) {
            (None, None) => Some("the ValidatingAdmissionPolicy and its binding are missing"),
            (None, Some(_)) => Some("the ValidatingAdmissionPolicy is missing"),
            (Some(_), None) => Some("the ValidatingAdmissionPolicyBinding is missing"),
            (Some(_), Some(b)) if b.policy_name != GUARD => Some("its binding is for another policy"),
            (Some(_), Some(b)) if !b.validation_actions.iter().any(|a| a == "Deny") => {
                Some("its binding denies nothing")
            }
            _ => None,
        };
        Ok(Guard { in_force: lacks.is_none(), lacks: lacks.map(|l| format!("{l} ({GUARD})")) })
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
        Ok(Guard { in_force: lacks.is_none(), lacks: lacks.map(|l| format!("{l} ({SIZES})")) })
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
