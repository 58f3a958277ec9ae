//! Label selectors with Kubernetes semantics, except for the empty one.
//!
//! In: requirements, and a look-up of an object's labels. Out: whether all of them hold. Pure.

use std::sync::Arc;

use serde::Deserialize;

/// The operator of a requirement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
pub enum Operator {
    /// The label is present and its value is listed.
    In,
    /// The label is absent or its value is not listed.
    NotIn,
    /// The label is present.
    Exists,
    /// The label is absent.
    DoesNotExist,
}

/// One requirement on one label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// The label.
    pub key: Arc<str>,
    /// The operator.
    pub operator: Operator,
    /// The values to compare with.
    pub values: Box<[Arc<str>]>,
}

impl Requirement {
    /// One of `matchLabels`: the label has exactly this value.
    pub fn exactly(key: impl Into<Arc<str>>, value: impl Into<Arc<str>>) -> Self {
        Self { key: key.into(), operator: Operator::In, values: Box::new([value.into()]) }
    }

    fn holds(&self, value: Option<&str>) -> bool {
        let listed = value.is_some_and(|v| self.values.iter().any(|x| **x == *v));
        match self.operator {
            Operator::In => listed,
            Operator::NotIn => !listed,
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
        }
    }
}

/// A selector: all requirements must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selector {
    /// The requirements.
    pub requirements: Box<[Requirement]>,
}

impl Selector {
    /// Whether it has no requirements.
    pub fn is_empty(&self) -> bool {
        self.requirements.is_empty()
    }

    /// Whether an object with the labels that `label` looks up is selected. An empty selector selects nothing: where
    /// the Kubernetes API takes it for everything, the caller handles that.
    pub fn matches<'a>(&self, label: impl Fn(&str) -> Option<&'a str>) -> bool {
        !self.is_empty() && self.requirements.iter().all(|r| r.holds(label(&r.key)))
    }
}

impl FromIterator<Requirement> for Selector {
    fn from_iter<I: IntoIterator<Item = Requirement>>(requirements: I) -> Self {
        Self { requirements: requirements.into_iter().collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        Operator::{self, DoesNotExist, Exists, In, NotIn},
        Requirement, Selector,
    };

    type Requirements<'a> = &'a [(&'a str, Operator, &'a [&'a str])];

    fn selector(requirements: Requirements<'_>) -> Selector {
        let one = |(key, operator, values): &(&str, Operator, &[&str])| Requirement {
            key: (*key).into(),
            operator: *operator,
            values: values.iter().map(|v| (*v).into()).collect(),
        };
        requirements.iter().map(one).collect()
    }

    #[test]
    fn selects_as_kubernetes_does_but_for_the_empty_selector() {
        let labels = |key: &str| match key {
            "app" => Some("web"),
            "tier" => Some(""),
            _ => None,
        };
        let cases: &[(Requirements<'_>, bool)] = &[
            (&[], false),
            (&[("app", In, &["web"])], true),
            (&[("app", In, &["api", "web"])], true),
            (&[("app", In, &["api"])], false),
            (&[("app", In, &[])], false),
            (&[("absent", In, &["web"])], false),
            (&[("app", NotIn, &["web"])], false),
            (&[("app", NotIn, &["api"])], true),
            (&[("absent", NotIn, &["web"])], true),
            (&[("tier", Exists, &[])], true),
            (&[("tier", In, &[""])], true),
            (&[("absent", Exists, &[])], false),
            (&[("absent", DoesNotExist, &[])], true),
            (&[("app", DoesNotExist, &[])], false),
            (&[("app", In, &["web"]), ("absent", Exists, &[])], false),
            (&[("app", In, &["web"]), ("tier", Exists, &[])], true),
        ];
        for (requirements, expected) in cases {
            assert_eq!(selector(requirements).matches(labels), *expected, "{requirements:?}");
        }
        assert_eq!(selector(&[("app", In, &["web"])]), [Requirement::exactly("app", "web")].into_iter().collect());
    }
}
