//! The ClusterRole of an action.
//!
//! In: an action, and what the installer has chosen. Out: the role as JSON. It is aggregated into the role of the
//! controller by its label, so an action whose role is not installed costs no right.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::{
    action::Action,
    choices::{ChoiceError, Choices},
    right::{On, Verb},
};

/// The label by which a role becomes part of the controller's.
pub const AGGREGATION: &str = "rbac.trimtab.dev/aggregate-to-controller";

/// The name of the role of an action, such as `trimtab-action-scale-workload`.
#[must_use]
pub fn name(action: &Action) -> String {
    let mut kebab = String::from("trimtab-action");
    for letter in action.name.chars() {
        if letter.is_ascii_uppercase() {
            kebab.push('-');
        }
        kebab.push(letter.to_ascii_lowercase());
    }
    kebab
}

/// The ClusterRole of an action. `None` if the action can do nothing because the installer has chosen nothing for it.
///
/// # Errors
/// If a choice is refused.
pub fn cluster_role(action: &Action, choices: &Choices) -> Result<Option<Value>, ChoiceError> {
    let (mut rules, mut is_named, mut needs_names) = (Vec::new(), false, false);
    for right in action.rights {
        match right.on {
            On::All { group, resources } => rules.push(rule(group, resources, right.verbs, &[])),
            On::Named { group, resource, by } => {
                needs_names = true;
                let names = choices.names(by)?;
                // Without names, the rule would be for every object.
                if !names.is_empty() {
                    is_named = true;
                    rules.push(rule(group, &[resource], right.verbs, names));
                }
            }
            On::Chosen { by, subresource } => {
                let mut groups: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
                for chosen in choices.resources(by)? {
                    let suffix = if subresource.is_empty() { String::new() } else { format!("/{subresource}") };
                    groups.entry(&chosen.group).or_default().insert(format!("{}{suffix}", chosen.resource));
                }
                for (group, resources) in groups {
                    let resources: Vec<&str> = resources.iter().map(String::as_str).collect();
                    rules.push(rule(group, &resources, right.verbs, &[]));
                }
            }
        }
    }
    if rules.is_empty() || (needs_names && !is_named) {
        return Ok(None);
    }
    Ok(Some(json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {
            "name": name(action),
            "labels": {"app.kubernetes.io/name": "trimtab", AGGREGATION: "true"},
        },
        "rules": rules,
    })))
}

fn rule(group: &str, resources: &[&str], verbs: &[Verb], names: &[String]) -> Value {
    let verbs: Vec<&str> = verbs.iter().map(|verb| verb.as_str()).collect();
    let mut rule = json!({"apiGroups": [group], "resources": resources, "verbs": verbs});
    if !names.is_empty() {
        rule["resourceNames"] = json!(names);
    }
    rule
}

#[cfg(test)]
#[path = "role_tests.rs"]
mod tests;
