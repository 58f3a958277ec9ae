//! The guards of all releases, by digest. Pure.
//!
//! In: a policy and a binding as the API server returns them. Out: the release that shipped them, if one did. During an
//! upgrade the guard in the cluster is that of another release than the running Trimtab for a while. Such a guard is
//! recognised: nobody has altered it, and it is to be replaced. Whatever is not listed here is no guard. A release whose
//! guard is found to let something through is removed from the list.

use k8s_openapi::api::admissionregistration::v1::{
    ValidatingAdmissionPolicyBindingSpec as BindingSpec, ValidatingAdmissionPolicySpec as PolicySpec,
};
use serde_json::json;
use trimtab_core::digest;
use trimtab_runtime::unaltered::normal;

use crate::expected::ACCOUNT_VARIABLE;

/// A release and its guard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Release {
    /// Its version, as in `Cargo.toml`.
    pub version: &'static str,
    /// The digest of its `policies/approval.yaml`, whatever account that names.
    pub guard: &'static str,
}

/// All releases with a guard that counts, the newest last. A release whose guard is that of the one before has a row too.
pub const RELEASES: &[Release] = &[
    Release { version: "0.1.0", guard: "sha256:045c549172ecb2948b201b0dbbeeb495" },
    Release { version: "0.2.0", guard: "sha256:ac56d4ea1c562b14b95fa4fb280073d4" },
];

/// The release of this guard, if it is one for an installation whose account is `own`, a CEL literal.
pub(crate) fn release(policy: Option<&PolicySpec>, binding: Option<&BindingSpec>, own: &str) -> Option<Release> {
    let digest = guard_digest(policy?, binding?, own)?;
    RELEASES.iter().find(|release| release.guard == digest).copied()
}

/// The digest of a guard; `None` if it names another account. The account, the API server's defaults, and what a binding
/// does besides denying make no difference.
fn guard_digest(policy: &PolicySpec, binding: &BindingSpec, own: &str) -> Option<String> {
    let (mut policy, mut binding) = (policy.clone(), binding.clone());
    let account = policy.variables.iter_mut().flatten().find(|variable| variable.name == ACCOUNT_VARIABLE)?;
    if account.expression != own {
        return None;
    }
    account.expression.clear();
    if binding.validation_actions.iter().any(|action| action == "Deny") {
        binding.validation_actions = vec!["Deny".to_owned()];
    }
    let (policy, binding) = (normal(&policy).ok()?, normal(&binding).ok()?);
    digest::of(&json!({"policy": policy, "binding": binding})).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::{collections::BTreeSet, fs, path::Path};

    use serde_json::{Value, json};

    use super::{RELEASES, Release, guard_digest, release};
    use crate::Expected;

    const ACCOUNT: &str = "system:serviceaccount:trimtab-system:trimtab";

    /// The text of the guard of an earlier release.
    fn text(version: &str) -> String {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/releases/{version}.yaml"));
        fs::read_to_string(path).unwrap()
    }

    fn digest(guard: &Expected) -> String {
        let (policy, binding) = (guard.policy.spec.as_ref().unwrap(), &guard.binding.spec);
        guard_digest(policy, binding, &guard.account).unwrap()
    }

    /// Whoever changes `policies/approval.yaml` after a release raises the version, adds a row, and keeps the text of the
    /// release in `tests/releases`.
    #[test]
    fn the_guard_of_this_version_is_listed_last() {
        let last = RELEASES.last().unwrap();
        let now = digest(&Expected::new(ACCOUNT).unwrap());
        assert_eq!(
            (last.version, last.guard),
            (env!("CARGO_PKG_VERSION"), now.as_str()),
            "right: policies/approval.yaml"
        );
        let versions: BTreeSet<&str> = RELEASES.iter().map(|release| release.version).collect();
        assert_eq!(versions.len(), RELEASES.len(), "each release once");
    }

    #[test]
    fn the_guards_of_earlier_releases_are_those_that_they_shipped() {
        let earlier = RELEASES.split_last().unwrap().1;
        assert!(!earlier.is_empty());
        for Release { version, guard } in earlier {
            let shipped = Expected::read(&text(version), ACCOUNT).unwrap();
            assert_eq!(digest(&shipped), *guard, "{version}");
            let elsewhere = Expected::read(&text(version), "system:serviceaccount:tools:sizer").unwrap();
            assert_eq!(digest(&elsewhere), *guard, "{version}, whatever its account");
        }
    }

    #[test]
    fn nothing_that_was_altered_is_a_release() {
        let shipped = Expected::read(&text("0.1.0"), ACCOUNT).unwrap();
        let spec = |object: Value| object["spec"].clone();
        let policy = spec(serde_json::to_value(&shipped.policy).unwrap());
        let binding = spec(serde_json::to_value(&shipped.binding).unwrap());
        let of = |policy: &Value, binding: &Value, own: &str| {
            let policy = serde_json::from_value(policy.clone()).ok();
            let binding = serde_json::from_value(binding.clone()).ok();
            release(policy.as_ref(), binding.as_ref(), own).map(|release| release.version)
        };
        let own = shipped.account.as_str();
        // What a server fills in, and a binding that does more.
        let (mut filled, mut audited) = (policy.clone(), binding.clone());
        filled["matchConstraints"]["objectSelector"] = json!({});
        filled["matchConditions"] = json!([]);
        audited["validationActions"] = json!(["Audit", "Deny"]);
        for (policy, binding) in [(&policy, &binding), (&filled, &audited)] {
            assert_eq!(of(policy, binding, own), Some("0.1.0"));
        }
        assert_eq!(of(&policy, &binding, "'system:serviceaccount:tools:sizer'"), None, "it names another account");
        assert_eq!(of(&policy, &Value::Null, own), None);

        let mut places = Vec::new();
        leaves("", &policy, &mut places);
        assert!(places.len() > 100, "{}", places.len());
        for place in places {
            let mut altered = policy.clone();
            let value = altered.pointer_mut(&place).unwrap();
            *value = json!(format!("{} ", value.as_str().unwrap()));
            assert_eq!(of(&altered, &binding, own), None, "{place}");
        }
        type Change = fn(&mut Value, &mut Value);
        let changes: [(&str, Change); 7] = [
            ("a rule is gone", |p, _| drop(p["validations"].as_array_mut().unwrap().pop())),
            ("rules change places", |p, _| p["validations"].as_array_mut().unwrap().swap(0, 1)),
            ("somebody is exempt", |p, _| p["matchConditions"] = json!([{"name": "x", "expression": "false"}])),
            ("it takes a parameter", |p, _| p["paramKind"] = json!({"apiVersion": "v1", "kind": "ConfigMap"})),
            ("some namespaces only", |_, b| {
                b["matchResources"] = json!({"namespaceSelector": {"matchLabels": {"a": "b"}}});
            }),
            ("it only notes", |_, b| b["validationActions"] = json!(["Audit"])),
            ("the binding is for another policy", |_, b| b["policyName"] = json!("other")),
        ];
        for (what, change) in changes {
            let (mut policy, mut binding) = (policy.clone(), binding.clone());
            change(&mut policy, &mut binding);
            assert_eq!(of(&policy, &binding, own), None, "{what}");
        }
    }

    fn leaves(at: &str, value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(map) => map.iter().for_each(|(key, value)| leaves(&format!("{at}/{key}"), value, found)),
            Value::Array(list) => {
                list.iter().enumerate().for_each(|(i, value)| leaves(&format!("{at}/{i}"), value, found));
            }
            Value::String(_) => found.push(at.to_owned()),
            _ => {}
        }
    }
}
