//! The metadata of an object, as the API server checks it: names, the keys and values of labels, annotations, finalizers.
//!
//! In: `metadata` as JSON. Out: every reason to refuse it, in the words of the API server (apimachinery,
//! `pkg/api/validation/objectmeta.go` and `pkg/api/validate/content`), so that who has seen one knows it again. Pure. What is
//! not of the type that it should be is left to the schema.

use serde_json::Value;

use crate::structural::{MOST, Mismatch, shown};

/// The most bytes of all annotations of an object, keys and values together.
const MOST_ANNOTATED: usize = 256 * 1024;
/// The most bytes of a DNS subdomain.
const SUBDOMAIN: usize = 253;
/// The most bytes of a DNS label, of the name in the key of a label, and of the value of one.
const LABEL: usize = 63;

const SUBDOMAIN_RULE: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or \
     '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is \
     '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL_RULE: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must \
     start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is \
     '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const KEY_RULE: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an \
     alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is \
     '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const VALUE_RULE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', \
     and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for \
     validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

/// What is wrong with a text, in the API server's words.
type Faults = fn(&str) -> Vec<String>;

/// Every reason to refuse it, up to a hundred.
pub fn check(metadata: &Value) -> Vec<Mismatch> {
    let mut found = Vec::new();
    let is_unset = |field: &str| metadata[field].is_null() || metadata[field] == "";
    if is_unset("name") && is_unset("generateName") {
        found.push(Mismatch::new("metadata.name", "required"));
    }
    let named: [(&str, Faults); 3] =
        [("generateName", |start| subdomain(&completed(start))), ("name", subdomain), ("namespace", label)];
    for (field, faults) in named {
        if let Some(text) = metadata[field].as_str().filter(|text| !text.is_empty()) {
            found.extend(invalid(field, None, text, faults(text)));
        }
    }
    for (key, value) in entries(metadata, "labels") {
        found.extend(invalid("labels", Some(key), key, qualified(key)));
        found.extend(invalid("labels", Some(key), value, label_value(value)));
    }
    let mut annotated = 0_usize;
    for (key, value) in entries(metadata, "annotations") {
        // Here the prefix may have upper case too.
        found.extend(invalid("annotations", Some(key), key, qualified(&key.to_lowercase())));
        annotated = annotated.saturating_add(key.len()).saturating_add(value.len());
    }
    if annotated > MOST_ANNOTATED {
        let message = format!("Too long: may not be more than {MOST_ANNOTATED} bytes");
        found.push(Mismatch::new("metadata.annotations", message));
    }
    for finalizer in metadata["finalizers"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        found.extend(invalid("finalizers", None, finalizer, qualified(finalizer)));
    }
    found.truncate(MOST);
    found
}

/// The texts of a map.
fn entries<'m>(metadata: &'m Value, field: &str) -> impl Iterator<Item = (&'m str, &'m str)> {
    let map = metadata[field].as_object();
    map.into_iter().flatten().filter_map(|(key, value)| Some((key.as_str(), value.as_str()?)))
}

/// A mismatch for each fault of a value; `key` is its key where it is in a map.
fn invalid(field: &str, key: Option<&str>, value: &str, faults: Vec<String>) -> impl Iterator<Item = Mismatch> {
    let (path, quoted) = (format!("metadata.{field}"), shown(&Value::from(value)));
    let key = key.map(str::to_owned);
    faults.into_iter().map(move |fault| Mismatch {
        path: path.clone(),
        key: key.clone(),
        message: format!("Invalid value: {quoted}: {fault}"),
    })
}

/// A name that is to be valid if this beginning of names is: only a dash may be where no name could end.
fn completed(start: &str) -> String {
    match start.strip_suffix('-') {
        Some(rest) if !rest.is_empty() => format!("{rest}a"),
        _ => start.to_owned(),
    }
}

fn subdomain(name: &str) -> Vec<String> {
    let is_one = name.split('.').all(is_dns_label);
    [too_long(name, SUBDOMAIN), (!is_one).then(|| SUBDOMAIN_RULE.to_owned())].into_iter().flatten().collect()
}

fn label(name: &str) -> Vec<String> {
    let fault = match (is_dns_label(name), name.split('.').all(is_dns_label)) {
        (true, _) => None,
        (false, true) => Some("must not contain dots".to_owned()),
        (false, false) => Some(LABEL_RULE.to_owned()),
    };
    [too_long(name, LABEL), fault].into_iter().flatten().collect()
}

/// The key of a label: a name, with an optional domain as prefix.
fn qualified(key: &str) -> Vec<String> {
    let (prefix, name) = match key.split_once('/') {
        None => (None, key),
        Some((prefix, name)) if !name.contains('/') => (Some(prefix), name),
        Some(_) => {
            let prefixed = "with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')";
            return vec![format!("a valid label key {KEY_RULE} {prefixed}")];
        }
    };
    let of_prefix = match prefix {
        None => Vec::new(),
        Some("") => vec!["must be non-empty".to_owned()],
        Some(prefix) => subdomain(prefix),
    };
    let mut of_name: Vec<String> = too_long(name, LABEL).into_iter().collect();
    if name.is_empty() {
        of_name.push("must be non-empty".to_owned());
    }
    if !is_word(name) {
        of_name.push(KEY_RULE.to_owned());
    }
    let of_prefix = of_prefix.into_iter().map(|fault| format!("prefix part {fault}"));
    of_prefix.chain(of_name.into_iter().map(|fault| format!("name part {fault}"))).collect()
}

fn label_value(value: &str) -> Vec<String> {
    let is_one = value.is_empty() || is_word(value);
    [too_long(value, LABEL), (!is_one).then(|| VALUE_RULE.to_owned())].into_iter().flatten().collect()
}

fn too_long(text: &str, most: usize) -> Option<String> {
    (text.len() > most).then(|| format!("must be no more than {most} bytes"))
}

fn is_dns_label(text: &str) -> bool {
    let is_end = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.starts_with(is_end) && text.ends_with(is_end) && text.chars().all(|c| is_end(c) || c == '-')
}

fn is_word(text: &str) -> bool {
    let is_end = |c: char| c.is_ascii_alphanumeric();
    text.starts_with(is_end) && text.ends_with(is_end) && text.chars().all(|c| is_end(c) || "-_.".contains(c))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn said(mut metadata: Value) -> Vec<String> {
        if metadata.get("generateName").is_none() && metadata.get("name").is_none() {
            metadata["name"] = json!("a");
        }
        check(&metadata).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_the_api_server_accepts_is_accepted() {
        let (long, value) = ("a".repeat(63), "a".repeat(MOST_ANNOTATED - 1));
        for metadata in [
            json!({"name": "a.b-c.0", "namespace": "0-a"}),
            json!({"name": "a".repeat(253), "namespace": &long}),
            json!({"generateName": "a-"}),
            json!({"generateName": "a", "name": "b"}),
            json!({"labels": {"A_b.c-D": "", "example.com/x": "A_b.c-9", &long: &long}}),
            json!({"labels": {"a": 1, "b": ["-"]}, "annotations": ["-"], "finalizers": "-"}),
            json!({"annotations": {"Example.COM/A_b": "any text: ü\n", "b": "-"}}),
            json!({"annotations": {"a": value}}),
            json!({"finalizers": ["trimtab.dev/settle", "orphan"]}),
        ] {
            assert_eq!(said(metadata.clone()), Vec::<String>::new(), "{metadata}");
        }
    }

    #[test]
    fn what_it_refuses_is_refused_in_its_words() {
        let (long, longer) = ("a".repeat(64), "a".repeat(254));
        let bytes = |most: usize| format!("must be no more than {most} bytes");
        for (metadata, says) in [
            (json!({"name": ""}), vec!["metadata.name: required".to_owned()]),
            (json!({"name": "Web"}), vec![format!("metadata.name: Invalid value: \"Web\": {SUBDOMAIN_RULE}")]),
            (json!({"name": "a..b"}), vec![format!("metadata.name: Invalid value: \"a..b\": {SUBDOMAIN_RULE}")]),
            (json!({"name": &longer}), vec![bytes(SUBDOMAIN)]),
            (json!({"generateName": "A-"}), vec!["metadata.generateName: Invalid value: \"A-\": a lower".to_owned()]),
            (json!({"generateName": "a."}), vec!["metadata.generateName: Invalid value: \"a.\": a lower".to_owned()]),
            (
                json!({"namespace": "a.b"}),
                vec!["metadata.namespace: Invalid value: \"a.b\": must not contain dots".to_owned()],
            ),
            (json!({"namespace": "a_b"}), vec![format!("metadata.namespace: Invalid value: \"a_b\": {LABEL_RULE}")]),
            (json!({"namespace": &long}), vec![bytes(LABEL)]),
            (
                json!({"labels": {"a b": ""}}),
                vec![format!("metadata.labels: Invalid value: \"a b\": name part {KEY_RULE}")],
            ),
            (json!({"labels": {&long: ""}}), vec![format!("name part {}", bytes(LABEL))]),
            (json!({"labels": {"a/b/c": ""}}), vec!["\"a/b/c\": a valid label key must consist of".to_owned()]),
            (json!({"labels": {"/a": ""}}), vec!["\"/a\": prefix part must be non-empty".to_owned()]),
            (
                json!({"labels": {"A.b/": ""}}),
                vec![
                    format!("\"A.b/\": prefix part {SUBDOMAIN_RULE}"),
                    "\"A.b/\": name part must be non-empty".to_owned(),
                    format!("\"A.b/\": name part {KEY_RULE}"),
                ],
            ),
            (json!({"labels": {"a": "b c"}}), vec![format!("metadata.labels: Invalid value: \"b c\": {VALUE_RULE}")]),
            (json!({"labels": {"a": &long}}), vec![bytes(LABEL)]),
            (
                json!({"labels": {"a": "-", "b": "_"}}),
                vec!["Invalid value: \"-\": a valid".to_owned(), "Invalid value: \"_\": a valid".to_owned()],
            ),
            (
                json!({"annotations": {"-a": ""}}),
                vec!["metadata.annotations: Invalid value: \"-a\": name part".to_owned()],
            ),
            (
                json!({"annotations": {"a": "x".repeat(MOST_ANNOTATED)}}),
                vec!["metadata.annotations: Too long: may not be more than 262144 bytes".to_owned()],
            ),
            (json!({"finalizers": ["a b"]}), vec!["metadata.finalizers: Invalid value: \"a b\": name part".to_owned()]),
        ] {
            let found = said(metadata);
            assert_eq!(found.len(), says.len(), "{found:?}");
            for (line, says) in found.iter().zip(says) {
                assert!(line.contains(&says), "{line}\n{says}");
            }
        }
    }

    #[test]
    fn the_key_is_known_and_faults_are_limited() {
        let found = check(&json!({"name": "a", "labels": {"a": "b c"}}));
        assert_eq!(found.iter().map(Mismatch::at).collect::<Vec<_>>(), ["metadata.labels.a"]);
        let many: serde_json::Map<String, Value> = (0..200).map(|n| (format!("-{n}"), json!(""))).collect();
        assert_eq!(check(&json!({"name": "a", "labels": many})).len(), MOST);
    }
}
