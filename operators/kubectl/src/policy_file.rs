//! Policies in files, checked as the API server and the controller check them.
//!
//! In: YAML or JSON, several documents at once. Out: policies with the schema's defaults, or every error with its path.
//! Pure.

use serde_json::Value;
use trimtab_api::{GROUP, OptimizationPolicy, VERSION, manifest, structural::Mismatch};

use crate::{own_rules, yaml_file};

/// The kind that is read.
const KIND: &str = "OptimizationPolicy";

/// Reads every OptimizationPolicy of a text; `file` is its name, for messages.
///
/// # Errors
/// What is wrong, one line per error.
pub fn read(file: &str, text: &str) -> Result<Vec<OptimizationPolicy>, String> {
    let mut policies = Vec::new();
    let mut faults = Vec::new();
    for value in yaml_file::documents(text).map_err(|e| format!("{file}: {e}"))? {
        let items = match value.get("items").and_then(Value::as_array) {
            Some(items) if value["kind"] == "List" => items.clone(),
            _ => vec![value],
        };
        for item in items.into_iter().filter(|item| !item.is_null()) {
            match policy(&item) {
                Ok(policy) => policies.push(policy),
                Err(found) => faults.extend(found.into_iter().map(|fault| format!("{file}: {fault}"))),
            }
        }
    }
    if !faults.is_empty() {
        return Err(faults.join("\n"));
    }
    if policies.is_empty() {
        return Err(format!("{file}: there is no {KIND} in it"));
    }
    for (at, policy) in policies.iter().enumerate() {
        let name = &policy.metadata.name;
        if policies.iter().skip(at + 1).any(|other| other.metadata.name == *name) {
            return Err(format!("{file}: {} is in it twice", name.as_deref().unwrap_or_default()));
        }
    }
    Ok(policies)
}

/// One policy, or everything that is wrong with it.
fn policy(manifest: &Value) -> Result<OptimizationPolicy, Vec<String>> {
    let wanted = format!("{GROUP}/{VERSION}");
    let (version, kind) = (text(manifest, "apiVersion"), text(manifest, "kind"));
    if version != wanted || kind != KIND {
        return Err(vec![format!("expected an {KIND} of {wanted}, found a {kind:?} of {version:?}")]);
    }
    let name = manifest["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    let told = |faults: Vec<String>| faults.into_iter().map(|f| format!("{name}: {f}")).collect::<Vec<_>>();
    if name.is_empty() {
        return Err(vec!["metadata.name is missing".to_owned()]);
    }
    let lines = |faults: Vec<Mismatch>| faults.iter().map(ToString::to_string).collect::<Vec<_>>();
    let object = manifest::checked(manifest).map_err(|faults| told(lines(faults)))?;
    let policy: OptimizationPolicy = serde_json::from_value(object).map_err(|e| told(vec![format!("spec: {e}")]))?;
    match own_rules::of_policy(&policy) {
        faults if faults.is_empty() => Ok(policy),
        faults => Err(told(faults.into_iter().map(|fault| format!("spec: {fault}")).collect())),
    }
}

fn text<'a>(manifest: &'a Value, key: &str) -> &'a str {
    manifest[key].as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::read;

    fn policy(spec: &str) -> String {
        format!("apiVersion: trimtab.dev/v1alpha1\nkind: OptimizationPolicy\nmetadata: {{name: try}}\nspec: {spec}\n")
    }

    #[test]
    fn several_documents_are_read_with_the_defaults_of_the_schema() {
        let two = format!(
            "{}---\n---\n{}",
            policy("{targetNamespaces: [shop]}"),
            policy("{namespaceSelector: {matchLabels: {team: a}}}").replace("name: try", "name: other")
        );
        let found = read("p.yaml", &two).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].spec.kinds.len(), found[0].spec.history.window.0.as_str()), (7, "336h"));
    }

    #[test]
    fn whatever_the_api_server_would_refuse_is_refused_with_its_place() {
        for (text, says) in [
            (policy("{}"), "exactly one of targetNamespaces and namespaceSelector must be set"),
            (
                policy("{targetNamespace: [shop]}"),
                "spec.targetNamespace: unknown field; did you mean targetNamespaces?",
            ),
            (
                policy("{targetNamespaces: [shop], sizing: {profile: Cautious}}"),
                "\"Cautious\" is not one of Savings, Balanced, Resilient",
            ),
            (policy("{targetNamespaces: [shop], sizing: {cpu: {min: \"2\", max: \"1\"}}}"), "cpu.min is above cpu.max"),
            (
                policy("{targetNamespaces: [shop], sizing: {containers: [{name: app, mode: Off}]}}"),
                "without quotes, Off, On, Yes and No are booleans: write \"Off\"",
            ),
            (policy("{targetNamespaces: [shop], history: {minimum: 999h}}"), "minimum is longer than window"),
            (
                policy("{targetNamespaces: [shop], windows: [{kind: Deny, schedule: '0 25 * * *', duration: 1h}]}"),
                "spec: windows[0].schedule: \"0 25 * * *\" is not five cron fields",
            ),
            (policy("{targetNamespaces: [shop], workloadSelector: {}}"), "an empty selector selects nothing"),
            ("kind: Deployment\napiVersion: apps/v1\n".to_owned(), "expected an OptimizationPolicy"),
            ("a: [".to_owned(), "p.yaml: this is not YAML"),
            ("---\n".to_owned(), "there is no OptimizationPolicy in it"),
            (format!("{0}---\n{0}", policy("{targetNamespaces: [shop]}")), "try is in it twice"),
        ] {
            let said = read("p.yaml", &text).unwrap_err();
            assert!(said.contains(says) && said.starts_with("p.yaml: "), "{text}\n{said}");
        }
    }
}
