//! A bounded label selector with the meaning that it has everywhere in Kubernetes.

use std::collections::BTreeMap;

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trimtab_core::selector::{Operator, Requirement, Selector};

/// What a label's key looks like: a name, with the domain that it belongs to before it where there is one.
const LABEL_KEY_PATTERN: &str = "^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$";
/// What a label's value looks like; it may be empty.
const LABEL_VALUE_PATTERN: &str = "^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$";

/// How all namespaces but some are selected, as the end of a sentence.
macro_rules! all_but_some {
    () => {
        "to select all namespaces but some, write namespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: NotIn, values: [kube-system]}]}"
    };
}
pub(crate) use all_but_some;

/// The same for messages of the program.
pub const ALL_BUT_SOME: &str = all_but_some!();

/// Selects objects by their labels. All parts must hold. An empty selector never means everything: the API server refuses
/// it, and code takes it to select nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
#[x_kube(validation = Rule::new("(has(self.matchLabels) && size(self.matchLabels) > 0) || (has(self.matchExpressions) && size(self.matchExpressions) > 0)")
    .message(concat!("an empty selector selects nothing: name at least one label under matchLabels or matchExpressions; ", all_but_some!())))]
pub struct LabelSelector {
    /// Labels that an object must carry with exactly these values. A namespace is named by
    /// `kubernetes.io/metadata.name`, which every namespace carries.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 16, "additionalProperties" = {"type": "string", "maxLength": 63, "pattern": LABEL_VALUE_PATTERN}))]
    pub match_labels: BTreeMap<String, String>,
    /// Further conditions on labels; all of them must hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), extend("x-kubernetes-list-type" = "atomic"))]
    pub match_expressions: Vec<LabelSelectorRequirement>,
}

impl From<&LabelSelector> for Selector {
    fn from(selector: &LabelSelector) -> Self {
        let exact = selector.match_labels.iter().map(|(key, value)| Requirement::exactly(key.as_str(), value.as_str()));
        exact.chain(selector.match_expressions.iter().map(Requirement::from)).collect()
    }
}

/// One condition on one label.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("self.operator in ['In', 'NotIn'] ? has(self.values) && size(self.values) > 0 : !has(self.values) || size(self.values) == 0")
    .message("In and NotIn need values; Exists and DoesNotExist take none"))]
pub struct LabelSelectorRequirement {
    /// The label's key, such as `app.kubernetes.io/part-of`.
    #[schemars(length(min = 1, max = 317), regex(pattern = LABEL_KEY_PATTERN))]
    pub key: String,
    /// How the label's value is compared with `values`. `In`: one of them. `NotIn`: none of them, or the label is absent.
    /// `Exists` and `DoesNotExist`: whether the label is there at all.
    pub operator: SelectorOperator,
    /// The values for `In` and `NotIn`; empty for `Exists` and `DoesNotExist`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), inner(length(max = 63), regex(pattern = LABEL_VALUE_PATTERN)), extend("x-kubernetes-list-type" = "atomic"))]
    pub values: Vec<String>,
}

impl From<&LabelSelectorRequirement> for Requirement {
    fn from(requirement: &LabelSelectorRequirement) -> Self {
        Self {
            key: requirement.key.as_str().into(),
            operator: match requirement.operator {
                SelectorOperator::In => Operator::In,
                SelectorOperator::NotIn => Operator::NotIn,
                SelectorOperator::Exists => Operator::Exists,
                SelectorOperator::DoesNotExist => Operator::DoesNotExist,
            },
            values: requirement.values.iter().map(|value| value.as_str().into()).collect(),
        }
    }
}

/// How a label is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum SelectorOperator {
    /// The label's value is one of `values`.
    In,
    /// The label's value is none of `values`, or the label is absent.
    NotIn,
    /// The label is present.
    Exists,
    /// The label is absent.
    DoesNotExist,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use trimtab_core::selector::Selector;

    use super::LabelSelector;

    #[test]
    fn all_that_is_written_counts_and_nothing_selects_nothing() {
        let labels = |key: &str| match key {
            "app" => Some("web"),
            "tier" => Some("front"),
            _ => None,
        };
        for (json, expected) in [
            (r#"{}"#, false),
            (r#"{"matchLabels":{"app":"web"}}"#, true),
            (r#"{"matchLabels":{"app":"web","tier":"back"}}"#, false),
            (r#"{"matchExpressions":[{"key":"app","operator":"In","values":["web","api"]}]}"#, true),
            (r#"{"matchExpressions":[{"key":"app","operator":"NotIn","values":["web"]}]}"#, false),
            (r#"{"matchExpressions":[{"key":"zone","operator":"NotIn","values":["a"]}]}"#, true),
            (r#"{"matchExpressions":[{"key":"zone","operator":"Exists"}]}"#, false),
            (r#"{"matchExpressions":[{"key":"zone","operator":"DoesNotExist"}]}"#, true),
        ] {
            let selector: LabelSelector = serde_json::from_str(json).unwrap();
            assert_eq!(Selector::from(&selector).matches(labels), expected, "{json}");
        }
    }
}
