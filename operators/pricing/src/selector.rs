//! Label selectors of price book entries, with the meaning that they have everywhere in Kubernetes.
//!
//! In: requirements, and a node's labels. Out: whether they hold. An empty selector selects nothing.

use std::collections::BTreeMap;

/// What one label must be like.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Requirement {
    /// The label has one of these values; `matchLabels` is this with one value.
    In(String, Vec<String>),
    /// The label is absent or has none of these values.
    NotIn(String, Vec<String>),
    /// The label is there.
    Exists(String),
    /// The label is absent.
    DoesNotExist(String),
}

impl Requirement {
    fn holds(&self, labels: &BTreeMap<String, String>) -> bool {
        match self {
            Self::In(key, values) => labels.get(key).is_some_and(|v| values.contains(v)),
            Self::NotIn(key, values) => labels.get(key).is_none_or(|v| !values.contains(v)),
            Self::Exists(key) => labels.contains_key(key),
            Self::DoesNotExist(key) => !labels.contains_key(key),
        }
    }
}

/// Requirements of which all must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabelSelector(pub Vec<Requirement>);

impl LabelSelector {
    /// Whether it says nothing, and so selects nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a node with these labels is selected.
    pub fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        !self.is_empty() && self.0.iter().all(|r| r.holds(labels))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operator_has_its_usual_meaning() {
        let labels: BTreeMap<_, _> = [("pool".to_owned(), "batch".to_owned())].into();
        let batch = || vec!["web".to_owned(), "batch".to_owned()];
        let other = || vec!["web".to_owned()];
        for (requirement, selected) in [
            (Requirement::In("pool".into(), batch()), true),
            (Requirement::In("pool".into(), other()), false),
            (Requirement::In("rack".into(), batch()), false),
            (Requirement::NotIn("pool".into(), batch()), false),
            (Requirement::NotIn("pool".into(), other()), true),
            (Requirement::NotIn("rack".into(), batch()), true),
            (Requirement::Exists("pool".into()), true),
            (Requirement::Exists("rack".into()), false),
            (Requirement::DoesNotExist("pool".into()), false),
            (Requirement::DoesNotExist("rack".into()), true),
        ] {
            assert_eq!(LabelSelector(vec![requirement.clone()]).matches(&labels), selected, "{requirement:?}");
        }
        let both = [Requirement::Exists("pool".into()), Requirement::Exists("rack".into())];
        assert!(!LabelSelector(both.into()).matches(&labels), "all must hold");
        assert!(!LabelSelector::default().matches(&labels), "nothing selects nothing");
    }
}
