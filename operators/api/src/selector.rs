//! A bounded label selector with the usual semantics of Kubernetes.

use std::collections::BTreeMap;

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trimtab_core::selector::{Operator, Requirement, Selector};

/// The pattern of a label key: a name, with an optional domain as prefix.
const LABEL_KEY_PATTERN: &str = "^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$";
/// The pattern of a label value, which may be empty.
const LABEL_VALUE_PATTERN: &str = "^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$";

/// How to select all namespaces except some, as the end of a sentence.
macro_rules! all_but_some {
    () => {
        "to select all namespaces except some, write namespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: NotIn, values: [kube-system]}]}"
    };
}
pub(crate) use all_but_some;

/// The same text for messages of the program.
pub const ALL_BUT_SOME: &str = all_but_some!();

/// Selects objects by their labels. All requirements must match. An empty selector does not mean everything: the API
/// server rejects it, and the controller treats it as matching nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
#[x_kube(validation = Rule::new("(has(self.matchLabels) && size(self.matchLabels) > 0) || (has(self.matchExpressions) && size(self.matchExpressions) > 0)")
    .message(concat!("an empty selector selects nothing: set at least one label under matchLabels or matchExpressions; ", all_but_some!())))]
pub struct LabelSelector {
    /// Labels and values that an object must have. Every namespace has the label `kubernetes.io/metadata.name` with
    /// its name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 16, "additionalProperties" = {"type": "string", "maxLength": 63, "pattern": LABEL_VALUE_PATTERN}))]
    pub match_labels: BTreeMap<String, String>,
    /// Further label requirements. All of them must match.
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

/// A requirement on one label.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("self.operator in ['In', 'NotIn'] ? has(self.values) && size(self.values) > 0 : !has(self.values) || size(self.values) == 0")
    .message("operators In and NotIn require values; Exists and DoesNotExist must not have any"))]
pub struct LabelSelectorRequirement {
    /// The label key, such as `app.kubernetes.io/part-of`.
    #[schemars(length(min = 1, max = 317), regex(pattern = LABEL_KEY_PATTERN))]
    pub key: String,
    /// How the label is compared with `values`. `In`: the value is one of them. `NotIn`: the value is none of them,
    /// or the label is absent. `Exists` and `DoesNotExist`: the label is present or absent, with any value.
    pub operator: SelectorOperator,
    /// The values for `In` and `NotIn`. Must be empty for `Exists` and `DoesNotExist`.
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
