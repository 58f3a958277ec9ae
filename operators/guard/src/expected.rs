//! The guard as it has to be: the manifests embedded in this build, with the account of this installation.

use k8s_openapi::api::admissionregistration::v1::{
    ValidatingAdmissionPolicy as Policy, ValidatingAdmissionPolicyBinding as Binding,
};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    GuardFault,
    manifests::{APPROVAL, MANIFESTS, Manifest},
};

/// The variable of each policy that names Trimtab's account: the one thing that an installation may change.
pub(crate) const ACCOUNT_VARIABLE: &str = "trimtab";

/// Everything that guards approvals: each policy with its binding, in the order of [`MANIFESTS`].
#[derive(Clone, Debug)]
pub struct ShippedGuard(pub(crate) Vec<Expected>);

impl ShippedGuard {
    /// The guard for an installation that runs as `account`, such as `system:serviceaccount:trimtab-system:trimtab`.
    ///
    /// # Errors
    /// If a manifest of this build is not what this crate expects.
    pub fn new(account: &str) -> Result<Self, GuardFault> {
        MANIFESTS
            .iter()
            .map(|manifest| Expected::of(*manifest, manifest.text, account))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// The guard for the installation that `policy` names, the first of the guard, such as a server returns it. What is no
    /// plain name there matches no account.
    ///
    /// # Errors
    /// If a manifest of this build is not what this crate expects.
    pub fn for_installation(policy: Option<&Policy>) -> Result<Self, GuardFault> {
        Self::new(policy.and_then(account).unwrap_or_default())
    }
}

/// A policy with its binding.
#[derive(Clone, Debug)]
pub struct Expected {
    pub(crate) manifest: Manifest,
    pub(crate) policy: Policy,
    pub(crate) binding: Binding,
    /// The account of the installation, as a CEL literal.
    pub(crate) account: String,
}

impl Expected {
    /// The policy that says who may approve, for an installation that runs as `account`.
    ///
    /// # Errors
    /// If the manifest of this build is not what this crate expects.
    pub fn new(account: &str) -> Result<Self, GuardFault> {
        Self::read(APPROVAL.text, account)
    }

    /// The same from another text, such as that of another release.
    pub(crate) fn read(text: &str, account: &str) -> Result<Self, GuardFault> {
        Self::of(APPROVAL, text, account)
    }

    fn of(manifest: Manifest, text: &str, account: &str) -> Result<Self, GuardFault> {
        let file = manifest.policy.file();
        let broken = |why: String| GuardFault::Build { file, why };
        let (mut policy, mut binding): (Option<Policy>, Option<Binding>) = (None, None);
        for document in serde_yaml::Deserializer::from_str(text) {
            let object = Value::deserialize(document).map_err(|e| broken(e.to_string()))?;
            match object.get("kind").and_then(Value::as_str) {
                Some("ValidatingAdmissionPolicy") => {
                    policy = Some(serde_json::from_value(object).map_err(|e| broken(e.to_string()))?);
                }
                Some("ValidatingAdmissionPolicyBinding") => {
                    binding = Some(serde_json::from_value(object).map_err(|e| broken(e.to_string()))?);
                }
                _ => return Err(broken("it holds an object of another kind".to_owned())),
            }
        }
        let (Some(mut policy), Some(binding)) = (policy, binding) else {
            return Err(broken("it lacks the policy or the binding".to_owned()));
        };
        let variables = policy.spec.as_mut().and_then(|spec| spec.variables.as_mut());
        let Some(variable) = variables.and_then(|all| all.iter_mut().find(|v| v.name == ACCOUNT_VARIABLE)) else {
            return Err(broken(format!("it has no variable {ACCOUNT_VARIABLE}")));
        };
        let account = literal(account);
        variable.expression.clone_from(&account);
        Ok(Self { manifest, policy, binding, account })
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

    use super::{APPROVAL, Expected, literal};

    const MANIFEST: &str = APPROVAL.text;

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
