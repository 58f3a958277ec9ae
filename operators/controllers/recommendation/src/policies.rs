//! The policies by which Recommendations are rolled out. In: OptimizationPolicy objects. Out: what each says about
//! rollouts, parsed once, and whether a change of the object changes that. Pure.

use std::{collections::HashMap, sync::Arc};

use kube::core::ObjectMeta;
use trimtab_api::OptimizationPolicy;
use trimtab_engine::invalid_field::InvalidField;
use trimtab_gates::{Rules, rules::rules};
use trimtab_recommendation_row::RecommendationRow;
use trimtab_runtime::store::{Entry, Store};

/// What is kept in memory of a policy.
#[derive(Clone, Debug)]
pub struct PolicyRow {
    spec: SpecVersion,
    /// Its rules, or the field that is invalid.
    rules: Result<Arc<Rules>, InvalidField>,
}

/// The row of `policy`.
pub fn policy_row(policy: &OptimizationPolicy) -> PolicyRow {
    PolicyRow { spec: spec_version(&policy.metadata), rules: rules(&policy.spec).map(Arc::new) }
}

/// The policy of a Recommendation.
pub enum PolicyRules {
    /// None: a person proposed it.
    None,
    /// Its name and its numbers.
    Known(String, Arc<Rules>),
    /// The policy is gone.
    Missing(String),
    /// Its spec is invalid.
    Invalid(String, InvalidField),
}

/// The numbers of the policy that made `row`, or why there are none.
pub fn rules_for(row: &RecommendationRow, policies: &Store<PolicyRow>) -> PolicyRules {
    let Some(name) = row.policy.clone() else { return PolicyRules::None };
    match policies.entry("", &name) {
        Some(Ok(policy)) => match &policy.rules {
            Ok(rules) => PolicyRules::Known(name, rules.clone()),
            Err(fault) => PolicyRules::Invalid(name, fault.clone()),
        },
        Some(Err(broken)) => {
            let fault =
                InvalidField { field: "spec".to_owned(), value: broken.error.clone(), expected: "readable".to_owned() };
            PolicyRules::Invalid(name, fault)
        }
        None => PolicyRules::Missing(name),
    }
}

/// Object and spec version: the API server increments the generation with every change of the spec.
type SpecVersion = (Option<String>, Option<i64>);

fn spec_version(metadata: &ObjectMeta) -> SpecVersion {
    (metadata.uid.clone(), metadata.generation)
}

/// The specs of policies that were recorded. A policy's status is written whenever one of its counts changes, which is
/// no reason to reconcile all its Recommendations.
#[derive(Debug, Default)]
pub(crate) struct Specs(HashMap<String, SpecVersion>);

impl Specs {
    /// Records those in the store now.
    pub(crate) fn of(policies: &Store<PolicyRow>) -> Self {
        let mut specs = Self::default();
        for ((_, name), entry) in policies.entries() {
            specs.take(&name, Some(&entry));
        }
        specs
    }

    /// Records the present policy under `name`. Returns whether its spec differs from the recorded one.
    pub(crate) fn take(&mut self, name: &str, entry: Option<&Entry<PolicyRow>>) -> bool {
        let now = entry.map(|entry| match entry {
            Ok(policy) => policy.spec.clone(),
            Err(broken) => spec_version(&broken.metadata),
        });
        let changed = self.0.get(name) != now.as_ref();
        match now {
            Some(version) => drop(self.0.insert(name.to_owned(), version)),
            None => drop(self.0.remove(name)),
        }
        changed
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;
    use trimtab_runtime::undecodable::Undecodable;

    use super::*;

    fn entry(uid: &str, generation: i64, resource_version: &str) -> Entry<PolicyRow> {
        let object = json!({
            "apiVersion": "trimtab.dev/v1alpha1", "kind": "OptimizationPolicy", "spec": {"targetNamespaces": ["shop"]},
            "metadata": {"name": "p", "uid": uid, "generation": generation, "resourceVersion": resource_version},
        });
        let policy: OptimizationPolicy = serde_json::from_value(object).unwrap();
        Ok(Arc::new(policy_row(&policy)))
    }

    #[test]
    fn only_another_spec_is_a_change() {
        let mut specs = Specs::default();
        assert!(specs.take("p", Some(&entry("a", 1, "10"))), "it is new");
        assert!(!specs.take("p", Some(&entry("a", 1, "11"))), "its status was written");
        assert!(specs.take("p", Some(&entry("a", 2, "12"))), "its spec was edited");
        assert!(specs.take("p", Some(&entry("b", 2, "13"))), "it was deleted and made again, unseen");
        assert!(specs.take("p", None), "it is gone");
        assert!(!specs.take("p", None), "it was gone before");
    }

    #[test]
    fn a_policy_that_no_longer_decodes_is_a_change_once() {
        let mut specs = Specs::default();
        specs.take("p", Some(&entry("a", 1, "10")));
        let broken = |generation| {
            let metadata =
                ObjectMeta { uid: Some("a".to_owned()), generation: Some(generation), ..ObjectMeta::default() };
            Err(Arc::new(Undecodable { metadata, error: "no number".to_owned() }))
        };
        assert!(specs.take("p", Some(&broken(2))));
        assert!(!specs.take("p", Some(&broken(2))));
    }
}
