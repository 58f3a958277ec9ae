//! A Kubernetes label selector with the API's semantics: an empty one selects everything.

use std::sync::Arc;

use super::Labels;

/// The operator of a requirement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SelectorOperator {
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
    pub operator: SelectorOperator,
    /// The values to compare with.
    pub values: Box<[Arc<str>]>,
}

impl Requirement {
    fn matches(&self, labels: &Labels) -> bool {
        let value = labels.get(&self.key);
        let listed = value.is_some_and(|v| self.values.iter().any(|x| &**x == v));
        match self.operator {
            SelectorOperator::In => listed,
            SelectorOperator::NotIn => !listed,
            SelectorOperator::Exists => value.is_some(),
            SelectorOperator::DoesNotExist => value.is_none(),
        }
    }
}

/// A label selector: all requirements must hold. `matchLabels` are requirements with `In` and one value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selector {
    /// The requirements.
    pub requirements: Box<[Requirement]>,
}

impl Selector {
    /// Whether it selects `labels`. A selector without requirements selects everything.
    pub fn matches(&self, labels: &Labels) -> bool {
        self.requirements.iter().all(|r| r.matches(labels))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selector(requirements: &[(&str, SelectorOperator, &[&str])]) -> Selector {
        Selector {
            requirements: requirements
                .iter()
                .map(|(key, operator, values)| Requirement {
                    key: Arc::from(*key),
                    operator: *operator,
                    values: values.iter().map(|v| Arc::from(*v)).collect(),
                })
                .collect(),
        }
    }

    #[test]
    fn selects_as_the_api_server_does() {
        use SelectorOperator::{DoesNotExist, Exists, In, NotIn};
        let labels: Labels = [("app", "web"), ("tier", "")].into_iter().collect();
        type Requirements<'a> = &'a [(&'a str, SelectorOperator, &'a [&'a str])];
        let cases: &[(Requirements<'_>, bool)] = &[
            (&[], true),
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
            assert_eq!(selector(requirements).matches(&labels), *expected, "{requirements:?}");
        }
    }
}
