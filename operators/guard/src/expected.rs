//! The guard as it has to be: the manifest embedded in this build, with the account of this installation.

use k8s_openapi::api::admissionregistration::v1::{
    ValidatingAdmissionPolicy as Policy, ValidatingAdmissionPolicyBinding as Binding,
};
use serde::Deserialize;
use serde_json::Value;

use crate::GuardFault;

/// The name of the policy, and of its binding.
pub const NAME: &str = "trimtab-approval";

/// The variable of the policy that names Trimtab's account: the one thing that an installation may change.
pub(crate) const ACCOUNT_VARIABLE: &str = "trimtab";

/// The manifest applied with a release.
const MANIFEST: &str = include_str!("../../../policies/approval.yaml");

/// The two objects.
#[derive(Clone, Debug)]
pub struct Expected {
    pub(crate) policy: Policy,
    pub(crate) binding: Binding,
    /// The account of the installation, as a CEL literal.
    pub(crate) account: String,
}

impl Expected {
    /// The guard for an installation that runs as `account`, such as `system:serviceaccount:trimtab-system:trimtab`.
    ///
    /// # Errors
    /// If the manifest of this build is not what this crate expects.
    pub fn new(account: &str) -> Result<Self, GuardFault> {
        Self::read(MANIFEST, account)
    }

    /// The guard for the installation that `policy` names, such as one that a server returns. What is no plain name
    /// there matches no account.
    ///
    /// # Errors
    /// If the manifest of this build is not what this crate expects.
    pub fn for_installation(policy: Option<&Policy>) -> Result<Self, GuardFault> {
        Self::new(policy.and_then(account).unwrap_or_default())
    }

    pub(crate) fn read(manifest: &str, account: &str) -> Result<Self, GuardFault> {
        let broken = |error: &dyn ToString| GuardFault::Build(error.to_string());
        let (mut policy, mut binding): (Option<Policy>, Option<Binding>) = (None, None);
        for document in serde_yaml::Deserializer::from_str(manifest) {
            let object = Value::deserialize(document).map_err(|e| broken(&e))?;
            match object.get("kind").and_then(Value::as_str) {
                Some("ValidatingAdmissionPolicy") => {
                    policy = Some(serde_json::from_value(object).map_err(|e| broken(&e))?);
                }
                Some("ValidatingAdmissionPolicyBinding") => {
                    binding = Some(serde_json::from_value(object).map_err(|e| broken(&e))?);
                }
                _ => return Err(GuardFault::Build("it holds an object of another kind".to_owned())),
            }
        }
        let (Some(mut policy), Some(binding)) = (policy, binding) else {
            return Err(GuardFault::Build("it lacks the policy or the binding".to_owned()));
        };
        let variables = policy.spec.as_mut().and_then(|spec| spec.variables.as_mut());
        let Some(variable) = variables.and_then(|all| all.iter_mut().find(|v| v.name == ACCOUNT_VARIABLE)) else {
            return Err(GuardFault::Build(format!("it has no variable {ACCOUNT_VARIABLE}")));
        };
        let account = literal(account);
        variable.expression.clone_from(&account);
        Ok(Self { policy, binding, account })
    }
}

/// The account that a guard names, such as `system:serviceaccount:trimtab-system:trimtab`.
pub fn account(policy: &Policy) -> Option<&str> {
    let variable = policy.spec.as_ref()?.variables.as_ref()?.iter().find(|v| v.name == ACCOUNT_VARIABLE)?;
    Some(variable.expression.trim_matches('\''))
}

/// A CEL string literal.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeSet;

    use kube::CustomResourceExt;
    use serde::Serialize;
    use trimtab_api::{AppliedSizes, Recommendation};

    use super::{Expected, MANIFEST, literal};

    #[test]
    fn an_account_is_a_literal_and_nothing_else() {
        assert_eq!(literal("system:serviceaccount:a:b"), "'system:serviceaccount:a:b'");
        assert_eq!(literal(r"x' || true || '\"), r"'x\' || true || \'\\'");
    }

    #[test]
    fn a_manifest_that_lost_something_is_told() {
        let policy = MANIFEST.split("---").next().unwrap();
        assert!(Expected::read(policy, "a").unwrap_err().to_string().contains("lacks the policy or the binding"));
        let renamed =
            MANIFEST.replace("name: trimtab\n      expression: \"'system", "name: own\n      expression: \"'system");
        assert_ne!(renamed, MANIFEST);
        assert!(Expected::read(&renamed, "a").unwrap_err().to_string().contains("no variable trimtab"));
    }

    /// The fields of the spec of a kind.
    fn fields(crd: &impl Serialize) -> BTreeSet<String> {
        let crd = serde_json::to_value(crd).unwrap();
        let spec = &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"];
        spec.as_object().unwrap().keys().cloned().collect()
    }

    /// A field added to the spec has to be guarded too: the policy compares fields by name.
    #[test]
    fn every_field_is_guarded() {
        let of_recommendations = fields(&Recommendation::crd());
        let known = ["approval", "policyRef", "proposal", "targetRef", "type"];
        assert_eq!(of_recommendations, BTreeSet::from(known.map(str::to_owned)));
        for field in of_recommendations {
            assert!(MANIFEST.contains(&format!("variables.now.spec.{field}")), "{field}");
            assert!(MANIFEST.contains(&format!("variables.old.spec.{field}")), "{field}");
        }
        // Whoever removes all sizes changes nothing else.
        let of_sizes = fields(&AppliedSizes::crd());
        assert_eq!(of_sizes, BTreeSet::from(["history", "workloads"].map(str::to_owned)));
        assert!(MANIFEST.contains("size(variables.now.spec.workloads) == 0"));
        assert!(MANIFEST.contains("variables.history == variables.historyBefore"));
    }
}
