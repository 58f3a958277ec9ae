//! Trimtab's admission policies: whether they are in force.
//!
//! In: a policy and its binding, as the server has them. Out: a [`Guard`]. They are compared with those of the plugin's own
//! release, as the controller compares them with those of its release.

use k8s_openapi::api::admissionregistration::v1::{
    MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding, ValidatingAdmissionPolicy,
    ValidatingAdmissionPolicyBinding,
};
use kube::Api;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use trimtab_guard::{GuardFault, MANIFESTS, ShippedGuard, check::Found, check_all};
use trimtab_runtime::{Explain, unaltered::difference};

use crate::{
    account::{Account, helm_upgrade},
    cluster::{Session, answer},
    health::{Guard, Read},
};

/// The group and version that has the kinds of mutating policies, from Kubernetes 1.36 on.
const SERVED: &str = "admissionregistration.k8s.io/v1";

/// A policy that changes requests, and its binding of the same name, as they are shipped.
struct Shipped {
    name: &'static str,
    /// Its file in `policies/`.
    file: &'static str,
    manifest: &'static str,
}

/// Gives new pods their sizes.
static SIZES: Shipped =
    Shipped { name: "trimtab-sizes", file: "sizes.yaml", manifest: include_str!("../../../policies/sizes.yaml") };
/// Records who proposed something.
static REQUESTER: Shipped = Shipped {
    name: "trimtab-requester",
    file: "requester.yaml",
    manifest: include_str!("../../../policies/requester.yaml"),
};

/// The approval guard, compared with the one of this release: its objects, in the order in which they are shipped.
fn compared(found: &[Found<'_>]) -> Guard {
    let policy = found.first().and_then(|(policy, _)| *policy);
    let found = match ShippedGuard::for_installation(policy).and_then(|shipped| check_all(&shipped, found)) {
        Ok(()) => Guard::in_force(),
        Err(fault) => {
            let release = match &fault {
                GuardFault::Outdated { release, .. } => Some((*release).to_owned()),
                _ => None,
            };
            Guard { release, ..Guard::lacking(fault.to_string(), fault.what_to_do()) }
        }
    };
    let helm = policy.and_then(|policy| helm_upgrade(&policy.metadata));
    Guard { account: policy.and_then(Account::named_by), helm, ..found }
}

impl Shipped {
    /// What is missing, or how it differs from what is shipped; `None` if it is in force.
    fn lacks(
        &self,
        policy: Option<&MutatingAdmissionPolicy>,
        binding: Option<&MutatingAdmissionPolicyBinding>,
    ) -> Option<String> {
        const POLICY: &str = "MutatingAdmissionPolicy";
        const BINDING: &str = "MutatingAdmissionPolicyBinding";
        let lacks = match (policy, binding) {
            (None, None) => format!("the {POLICY}, of Kubernetes 1.36 or newer, and its binding are missing"),
            (None, Some(_)) => format!("the {POLICY} is missing"),
            (Some(_), None) => format!("the {BINDING} is missing"),
            (Some(policy), Some(binding)) => {
                let shipped: (Option<MutatingAdmissionPolicy>, Option<MutatingAdmissionPolicyBinding>) =
                    (self.object(POLICY), self.object(BINDING));
                differs(POLICY, shipped.0.map(|p| p.spec), &policy.spec)
                    .or_else(|| differs(BINDING, shipped.1.map(|b| b.spec), &binding.spec))?
            }
        };
        Some(format!("{lacks} ({})", self.name))
    }

    /// The object of this kind in the manifest.
    fn object<T: DeserializeOwned>(&self, kind: &str) -> Option<T> {
        let documents = serde_yaml::Deserializer::from_str(self.manifest);
        let mut objects = documents.filter_map(|document| Value::deserialize(document).ok());
        serde_json::from_value(objects.find(|object| object["kind"] == kind)?).ok()
    }
}

/// How the spec of the object of this kind differs from what is shipped.
fn differs<S: Serialize>(kind: &str, shipped: Option<S>, shown: &S) -> Option<String> {
    let why = match shipped.map(|shipped| difference(&shipped, shown)) {
        Some(Ok(None)) => return None,
        Some(Ok(Some(difference))) => difference.to_string(),
        Some(Err(error)) => error.to_string(),
        None => "the manifest of this build cannot be read".to_owned(),
    };
    Some(format!("the {kind} is not that of this release: {why}"))
}

impl Session {
    /// Whether the approval guard is in force.
    pub async fn guard(&self) -> Read<Guard> {
        let policies = Api::<ValidatingAdmissionPolicy>::all(self.client.clone());
        let bindings = Api::<ValidatingAdmissionPolicyBinding>::all(self.client.clone());
        let mut read = Vec::new();
        for manifest in MANIFESTS {
            let policy = policies.get_opt(manifest.name()).await;
            let policy = policy.map_err(|e| self.unread(e, "ValidatingAdmissionPolicies"))?;
            let binding = bindings.get_opt(manifest.name()).await;
            let binding = binding.map_err(|e| self.unread(e, "ValidatingAdmissionPolicyBindings"))?;
            read.push((policy, binding));
        }
        let found: Vec<Found<'_>> = read.iter().map(|(policy, binding)| (policy.as_ref(), binding.as_ref())).collect();
        Ok(compared(&found))
    }

    /// Whether new pods get their sizes by admission.
    pub async fn sizes_admission(&self) -> Read<Guard> {
        self.mutating(&SIZES).await
    }

    /// Whether it is recorded who proposes something.
    pub async fn requester_admission(&self) -> Read<Guard> {
        self.mutating(&REQUESTER).await
    }

    /// Whether the server has the kinds of policies that change requests.
    pub async fn has_mutating_policies(&self) -> Read<bool> {
        match self.client.list_api_group_resources(SERVED).await {
            Ok(list) => Ok(list.resources.iter().any(|resource| resource.name == "mutatingadmissionpolicies")),
            Err(error) => Err(self.unread(error, SERVED)),
        }
    }

    async fn mutating(&self, shipped: &Shipped) -> Read<Guard> {
        let policy = Api::<MutatingAdmissionPolicy>::all(self.client.clone()).get(shipped.name).await;
        let policy = self.there(policy, "MutatingAdmissionPolicies")?;
        let binding = Api::<MutatingAdmissionPolicyBinding>::all(self.client.clone()).get(shipped.name).await;
        let binding = self.there(binding, "MutatingAdmissionPolicyBindings")?;
        let apply = || format!("kubectl apply --server-side --force-conflicts -f policies/{}", shipped.file);
        let lacks = shipped.lacks(policy.as_ref(), binding.as_ref());
        Ok(lacks.map_or_else(Guard::in_force, |lacks| Guard::lacking(lacks, apply())))
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
    use serde_json::json;

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
        compared(&[(Some(&policy), Some(&serde_json::from_value(binding).unwrap()))])
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

    /// What is said of a policy that changes requests, and of its binding, after a change.
    fn said(shipped: &Shipped, change: impl Fn(&mut Value, &mut Value)) -> Option<String> {
        let object = |kind: &str| shipped.object::<Value>(kind).unwrap();
        let (mut policy, mut binding) = (object("MutatingAdmissionPolicy"), object("MutatingAdmissionPolicyBinding"));
        change(&mut policy, &mut binding);
        let read = |value: Value| (!value.is_null()).then_some(value);
        let policy: Option<MutatingAdmissionPolicy> = read(policy).map(|p| serde_json::from_value(p).unwrap());
        let binding: Option<MutatingAdmissionPolicyBinding> = read(binding).map(|b| serde_json::from_value(b).unwrap());
        shipped.lacks(policy.as_ref(), binding.as_ref())
    }

    #[test]
    fn a_policy_that_changes_requests_is_compared_whole() {
        type Change = fn(&mut Value, &mut Value);
        for shipped in [&SIZES, &REQUESTER] {
            assert_eq!(said(shipped, |_, _| ()), None, "{}", shipped.name);
            let cases: [(Change, &str); 5] = [
                (|p, b| (*p, *b) = (json!(null), json!(null)), "and its binding are missing"),
                (|_, b| *b = json!(null), "the MutatingAdmissionPolicyBinding is missing"),
                (|p, _| *p = json!(null), "the MutatingAdmissionPolicy is missing"),
                (
                    |p, _| p["spec"]["failurePolicy"] = json!("Never"),
                    "the MutatingAdmissionPolicy is not that of this release: spec.failurePolicy differs",
                ),
                (
                    |_, b| b["spec"]["policyName"] = json!("another"),
                    "the MutatingAdmissionPolicyBinding is not that of this release: spec.policyName differs",
                ),
            ];
            for (change, says) in cases {
                let said = said(shipped, change);
                assert!(said.as_ref().is_some_and(|text| text.contains(says)), "{}: {said:?}", shipped.name);
            }
        }
    }
}
