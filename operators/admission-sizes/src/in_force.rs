//! Whether the API server has the policy `trimtab-sizes` and its binding, as shipped.
//!
//! In: watches of both kinds. Out: yes, or why not. Servers before 1.36 do not have the kinds.

use std::fmt;

use k8s_openapi::api::admissionregistration::v1::{MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding};
use kube::{Client, ResourceExt};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use trimtab_runtime::{
    store::{Store, Version},
    unaltered::difference,
};

/// The shipped manifest.
pub const MANIFEST: &str = include_str!("../../../policies/sizes.yaml");

/// The name of the policy and of its binding.
pub const NAME: &str = "trimtab-sizes";

const POLICY: &str = "MutatingAdmissionPolicy";
const BINDING: &str = "MutatingAdmissionPolicyBinding";

/// Why sizes cannot be delivered by admission now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotInForce {
    /// Not known yet, nor refused.
    #[error("it is not known yet whether the server has the admission policy {NAME}")]
    Unknown,
    /// The kind cannot be watched.
    #[error("the admission policies cannot be read, which needs Kubernetes 1.36 and the permission to watch them: {0}")]
    Unreadable(String),
    /// One of the two is missing.
    #[error("{0} {NAME} is missing: apply policies/sizes.yaml")]
    Missing(&'static str),
    /// One of the two differs from the shipped one.
    #[error("{0} {NAME} is not from this version: apply policies/sizes.yaml again")]
    Altered(&'static str),
}

/// Watches the policy and its binding. Cheap to clone.
#[derive(Clone)]
pub struct SizesAdmission {
    policies: Store<bool>,
    bindings: Store<bool>,
}

impl fmt::Debug for SizesAdmission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SizesAdmission").finish_non_exhaustive()
    }
}

impl SizesAdmission {
    /// Starts the watches.
    pub fn start(client: Client, shutdown: CancellationToken) -> Self {
        // Rows only record whether an object equals the shipped one; other objects are not kept.
        let policy: Option<MutatingAdmissionPolicy> = shipped(POLICY);
        let binding: Option<MutatingAdmissionPolicyBinding> = shipped(BINDING);
        let same_policy = move |p: &MutatingAdmissionPolicy| {
            (p.name_any() == NAME).then(|| policy.as_ref().is_some_and(|shipped| same(POLICY, &shipped.spec, &p.spec)))
        };
        let same_binding = move |b: &MutatingAdmissionPolicyBinding| {
            (b.name_any() == NAME)
                .then(|| binding.as_ref().is_some_and(|shipped| same(BINDING, &shipped.spec, &b.spec)))
        };
        Self {
            policies: Store::start_optional(client.clone(), 500, same_policy, shutdown.clone()),
            bindings: Store::start_optional(client, 500, same_binding, shutdown),
        }
    }

    /// Whether both exist and are unaltered.
    ///
    /// # Errors
    /// The reason why they are not in force.
    pub fn in_force(&self) -> Result<(), NotInForce> {
        look(POLICY, &self.policies)?;
        look(BINDING, &self.bindings)
    }

    /// The two watches, each with its resource.
    pub fn watches(&self) -> [(&'static str, Store<bool>); 2] {
        [
            ("mutatingadmissionpolicies", self.policies.clone()),
            ("mutatingadmissionpolicybindings", self.bindings.clone()),
        ]
    }

    /// Wake whenever either may have changed.
    pub fn changes(&self) -> [watch::Receiver<Version>; 2] {
        [self.policies.changes(), self.bindings.changes()]
    }
}

fn look(kind: &'static str, store: &Store<bool>) -> Result<(), NotInForce> {
    if !store.is_complete() {
        return Err(store.fault().map_or(NotInForce::Unknown, NotInForce::Unreadable));
    }
    match store.entry("", NAME) {
        None => Err(NotInForce::Missing(kind)),
        Some(Ok(same)) if *same => Ok(()),
        Some(_) => Err(NotInForce::Altered(kind)),
    }
}

/// Whether a spec equals the shipped one. If not, the log names the first difference.
fn same<S: Serialize>(kind: &str, shipped: &S, shown: &S) -> bool {
    match difference(shipped, shown) {
        Ok(None) => true,
        Ok(Some(difference)) => {
            tracing::warn!(kind, name = NAME, %difference, "the admission policy is not from this version");
            false
        }
        Err(error) => {
            tracing::warn!(kind, name = NAME, %error, "the admission policy cannot be compared");
            false
        }
    }
}

/// The shipped object of a kind.
fn shipped<K: DeserializeOwned>(kind: &str) -> Option<K> {
    serde_yaml::Deserializer::from_str(MANIFEST).find_map(|document| {
        let value = serde_json::Value::deserialize(document).ok()?;
        (value["kind"] == kind).then(|| serde_json::from_value(value).ok())?
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    #[test]
    fn the_manifest_holds_both() {
        let policy: Option<MutatingAdmissionPolicy> = shipped(POLICY);
        let binding: Option<MutatingAdmissionPolicyBinding> = shipped(BINDING);
        assert_eq!(policy.and_then(|p| p.metadata.name).as_deref(), Some(NAME));
        assert_eq!(binding.and_then(|b| b.spec?.policy_name).as_deref(), Some(NAME));
    }

    #[test]
    fn the_policy_leaves_the_mark_by_which_sized_pods_are_recognised() {
        let path = format!("/metadata/annotations/{}'", trimtab_world::SIZED_BY.replace('/', "~1"));
        assert!(MANIFEST.contains(&path), "{path}");
    }

    #[test]
    fn what_the_server_fills_in_is_the_shipped_policy_and_an_edit_is_not() {
        let policy: MutatingAdmissionPolicy = shipped(POLICY).unwrap();
        let shown = |change: &dyn Fn(&mut serde_json::Value)| -> MutatingAdmissionPolicy {
            let mut object = serde_json::to_value(&policy).unwrap();
            change(&mut object["spec"]);
            serde_json::from_value(object).unwrap()
        };
        let is_same = |shown: MutatingAdmissionPolicy| same(POLICY, &policy.spec, &shown.spec);
        assert!(is_same(shown(&|_| {})));
        assert!(is_same(shown(&|spec| drop(
            spec["matchConstraints"].as_object_mut().unwrap().remove("objectSelector")
        ))));
        assert!(!is_same(shown(&|spec| spec["failurePolicy"] = json!("Fail"))));
        assert!(!is_same(shown(&|spec| drop(spec["mutations"].as_array_mut().unwrap().pop()))));
        assert!(!is_same(shown(
            &|spec| spec["matchConstraints"]["objectSelector"] = json!({"matchLabels": {"a": "b"}})
        )));
    }
}
