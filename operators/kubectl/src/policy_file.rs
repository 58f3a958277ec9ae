//! Policies in files, checked as the API server and the controller check them.
//!
//! In: YAML or JSON, several documents at once. Out: policies with the schema's defaults, or every error with its path.
//! Pure.

use kube::core::cel::{Validator, apply_defaults};
use serde_json::{Map, Value, json};
use trimtab_api::{GROUP, OptimizationPolicy, VERSION, crds};
use trimtab_optimization_policy::validate::validate;

use crate::yaml_file;

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
    let schema = schema().map_err(|e| vec![e])?;
    let mut unknown = Vec::new();
    unknown_fields("spec", &schema["properties"]["spec"], &manifest["spec"], &mut unknown);
    if !unknown.is_empty() {
        return Err(told(unknown));
    }
    let object = apply_defaults(&schema, manifest);
    // First check the shape: the rules are only defined on valid ones.
    let policy: OptimizationPolicy =
        serde_json::from_value(object.clone()).map_err(|e| told(vec![format!("spec: {e}{}", unquoted(&e))]))?;
    if let Err(errors) = Validator::new().validate(&schema, &object, None) {
        let line = |path: &str, message: &str| {
            if path.is_empty() { message.to_owned() } else { format!("{path}: {message}") }
        };
        return Err(told(errors.iter().map(|e| line(&e.field_path, &e.message)).collect()));
    }
    match validate(&policy) {
        Ok(_) => Ok(policy),
        Err(error) => Err(told(vec![format!("spec: {error}")])),
    }
}

/// The value most likely meant by a boolean where there can be none. kubectl reads these words as booleans, as YAML 1.1
/// does, and so they are read here.
fn unquoted(error: &serde_json::Error) -> &'static str {
    match error.to_string().contains("invalid type: boolean") {
        true => "; without quotes, Off, On, Yes and No are booleans: write \"Off\"",
        false => "",
    }
}

fn text<'a>(manifest: &'a Value, key: &str) -> &'a str {
    manifest[key].as_str().unwrap_or_default()
}

/// The schema of the CRD.
fn schema() -> Result<Value, String> {
    let all = crds::all().map_err(|e| format!("the schema cannot be written: {e}"))?;
    let crd = all.into_iter().map(|(_, crd)| crd).find(|crd| crd["spec"]["names"]["kind"] == KIND);
    let mut schema = crd
        .and_then(|crd| crd.pointer("/spec/versions/0/schema/openAPIV3Schema").cloned())
        .ok_or_else(|| format!("there is no schema of {KIND}"))?;
    // Implied by the API server.
    schema["properties"]["metadata"] = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    Ok(schema)
}

/// Fields unknown to the schema: the API server would drop them, and kubectl refuses them.
fn unknown_fields(path: &str, schema: &Value, value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            let none = Map::new();
            let known = schema["properties"].as_object().unwrap_or(&none);
            // A map of labels has any keys.
            let free = !schema["additionalProperties"].is_null() || known.is_empty();
            for (field, inner) in fields {
                match known.get(field) {
                    Some(inner_schema) => unknown_fields(&format!("{path}.{field}"), inner_schema, inner, found),
                    None if free => {}
                    None => found.push(format!("{path}.{field}: no such field{}", nearest(field, known))),
                }
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                unknown_fields(&format!("{path}[{at}]"), &schema["items"], item, found);
            }
        }
        _ => {}
    }
}

fn nearest(field: &str, known: &Map<String, Value>) -> String {
    let near = known
        .keys()
        .map(|key| (strsim::normalized_damerau_levenshtein(&field.to_lowercase(), &key.to_lowercase()), key))
        .filter(|(alike, _)| *alike >= 0.6)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    near.map(|(_, key)| format!("; did you mean {key}?")).unwrap_or_default()
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
                "spec.targetNamespace: no such field; did you mean targetNamespaces?",
            ),
            (policy("{targetNamespaces: [shop], sizing: {profile: Cautious}}"), "unknown variant `Cautious`"),
            (policy("{targetNamespaces: [shop], sizing: {cpu: {min: \"2\", max: \"1\"}}}"), "cpu.min is above cpu.max"),
            (
                policy("{targetNamespaces: [shop], sizing: {containers: [{name: app, mode: Off}]}}"),
                "without quotes, Off, On, Yes and No are booleans: write \"Off\"",
            ),
            (policy("{targetNamespaces: [shop], history: {minimum: 999h}}"), "minimum is longer than window"),
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
