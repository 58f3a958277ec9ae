//! Trimtab's account, as the approval guard names it: its namespace is the one that Trimtab runs in.
//!
//! In: the guard's policy, and the namespace that a verb would use. Out: an [`Account`], and why that namespace is the
//! wrong one. Pure.

use std::fmt;

use k8s_openapi::{
    api::admissionregistration::v1::ValidatingAdmissionPolicy, apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use trimtab_guard::account;

/// A ServiceAccount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "system:serviceaccount:{}:{}", self.namespace, self.name)
    }
}

impl Account {
    /// The account that a guard names; `None` where that is no ServiceAccount.
    pub fn named_by(guard: &ValidatingAdmissionPolicy) -> Option<Self> {
        let (namespace, name) = account(guard)?.strip_prefix("system:serviceaccount:")?.split_once(':')?;
        // The rest of an expression is no name.
        let is_name = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "-.".contains(c));
        let found = Self { namespace: namespace.to_owned(), name: name.to_owned() };
        (is_name(namespace) && is_name(name)).then_some(found)
    }

    /// Why `own` is not the namespace that Trimtab runs in, and what to do; `None` where it is.
    pub fn elsewhere(&self, own: &str) -> Option<String> {
        let there = self.namespace.as_str();
        (there != own).then(|| {
            format!(
                "the approval guard names {self}, so Trimtab runs in namespace {there}, not in {own}: use \
                 --trimtab-namespace {there}"
            )
        })
    }
}

/// The command that brings an object back as it was installed, if Helm installed it.
pub fn helm_upgrade(meta: &ObjectMeta) -> Option<String> {
    let by = meta.labels.as_ref()?.get("app.kubernetes.io/managed-by")?;
    let annotations = meta.annotations.as_ref()?;
    let release = annotations.get("meta.helm.sh/release-name").filter(|_| by == "Helm")?;
    let namespace = annotations.get("meta.helm.sh/release-namespace");
    let namespace = namespace.map(|name| format!(" --namespace {name}")).unwrap_or_default();
    Some(format!("helm upgrade {release} CHART{namespace}, with the values that it was installed with"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    fn named(expression: &str) -> Option<Account> {
        let guard = json!({"metadata": {"name": "trimtab-approval"},
            "spec": {"variables": [{"name": "trimtab", "expression": expression}]}});
        Account::named_by(&serde_json::from_value(guard).unwrap())
    }

    #[test]
    fn the_guard_shows_where_trimtab_runs() {
        let sizer = named("'system:serviceaccount:tools:sizer'").unwrap();
        assert_eq!(sizer.to_string(), "system:serviceaccount:tools:sizer");
        assert_eq!(sizer.elsewhere("tools"), None);
        let said = sizer.elsewhere("trimtab-system").unwrap();
        assert!(said.contains("not in trimtab-system: use --trimtab-namespace tools"), "{said}");
        let others = ["'ada'", "'system:serviceaccount:tools'", "'system:serviceaccount:a:b' || 'c'", "variables.user"];
        for other in others {
            assert_eq!(named(other), None, "{other}");
        }
        assert_eq!(Account::named_by(&ValidatingAdmissionPolicy::default()), None);
    }

    #[test]
    fn what_helm_installed_helm_brings_back() {
        let meta = |by: &str| -> ObjectMeta {
            serde_json::from_value(json!({"labels": {"app.kubernetes.io/managed-by": by}, "annotations":
                {"meta.helm.sh/release-name": "sizer", "meta.helm.sh/release-namespace": "tools"}}))
            .unwrap()
        };
        assert!(helm_upgrade(&meta("Helm")).unwrap().starts_with("helm upgrade sizer CHART --namespace tools"));
        assert_eq!(helm_upgrade(&meta("kustomize")), None);
        assert_eq!(helm_upgrade(&ObjectMeta::default()), None);
    }
}
