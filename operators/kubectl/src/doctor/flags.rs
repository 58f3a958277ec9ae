//! What the container of the controller is told by a flag, else by the variable of it.
//!
//! In: the container. Out: the values. Pure.

use k8s_openapi::api::core::v1::Container;

use crate::health::Read;

/// The values of a flag, in their order.
///
/// # Errors
/// Why they are not known.
pub(super) fn given<'c>(container: &'c Container, flag: &str, variable: &str) -> Read<Vec<&'c str>> {
    let mut given: Vec<&str> = Vec::new();
    let mut words = container.command.iter().flatten().chain(container.args.iter().flatten());
    while let Some(word) = words.next() {
        match word.strip_prefix(flag) {
            Some("") => given.extend(words.next().map(String::as_str)),
            Some(rest) => given.extend(rest.strip_prefix('=')),
            None => {}
        }
    }
    // The flag counts, and not the variable, where both are given.
    if given.is_empty() {
        let found = container.env.iter().flatten().find(|one| one.name == variable);
        let elsewhere = container.env_from.iter().flatten().next().is_some();
        match found {
            Some(found) if found.value_from.is_some() => {
                return Err(format!("{variable} has its value from elsewhere (valueFrom)"));
            }
            Some(found) => given.extend(found.value.as_deref()),
            None if elsewhere => return Err(format!("{variable} may come from a ConfigMap or a Secret (envFrom)")),
            None => {}
        }
    }
    Ok(given)
}

/// The last value of a flag, which counts; `None` where there is none, or it is not known.
pub(super) fn last<'c>(container: Option<&'c Container>, flag: &str, variable: &str) -> Option<&'c str> {
    given(container?, flag, variable).ok()?.pop().filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    #[test]
    fn the_last_value_counts_where_it_is_known() {
        for (container, expected) in [
            (json!({"name": "c"}), None),
            (json!({"name": "c", "args": ["--secret=a", "--secret", "b", "--secret-file=c"]}), Some("b")),
            (json!({"name": "c", "env": [{"name": "SECRET", "value": "a"}]}), Some("a")),
            (json!({"name": "c", "env": [{"name": "SECRET", "value": ""}]}), None),
            (json!({"name": "c", "envFrom": [{"configMapRef": {"name": "m"}}]}), None),
        ] {
            let container: Container = serde_json::from_value(container).unwrap();
            assert_eq!(last(Some(&container), "--secret", "SECRET"), expected, "{container:?}");
        }
        assert_eq!(last(None, "--secret", "SECRET"), None);
    }
}
