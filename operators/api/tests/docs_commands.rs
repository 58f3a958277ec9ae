//! Every `kubectl …` command in the documentation is valid: people may use its verb on Trimtab's kinds, fields in
//! patches and paths exist in the CRDs, and its files and objects exist. `kubectl trimtab` commands are checked against
//! its command line.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

#[path = "support/commands.rs"]
mod commands;
#[path = "support/pages.rs"]
mod pages;
mod support;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use commands::{Command, fenced};
use serde_json::{Value, json};

const VERBS: &[&str] = &[
    "annotate",
    "api-resources",
    "apply",
    "auth",
    "create",
    "delete",
    "describe",
    "explain",
    "get",
    "label",
    "logs",
    "patch",
    "port-forward",
    "replace",
    "rollout",
    "scale",
    "top",
    "wait",
    "set",
];
/// Flags with a value that is the next word.
const VALUED: &[&str] = &["-n", "--namespace", "-o", "-p", "-f", "-k", "-l", "-L", "-c", "--as", "--field-selector"];
/// Verbs that write.
const WRITES: &[&str] = &["annotate", "apply", "create", "delete", "label", "patch", "replace"];
/// Names of objects without a manifest: those that Trimtab, `halt` and people create.
const MADE: &[&str] = &["trimtab-halt", "trimtab-prometheus", "trimtab-dashboard"];
/// Files that people bring.
const BROUGHT: &[&str] = &["ca.crt"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

static CRDS: LazyLock<Vec<Value>> =
    LazyLock::new(|| trimtab_api::crds::all().unwrap().into_iter().map(|(_, crd)| crd).collect());

/// The CRD that this word refers to.
fn crd(word: &str) -> Option<&'static Value> {
    let word = word.strip_suffix(".trimtab.dev").unwrap_or(word);
    let named = |crd: &&Value| {
        let names = &crd["spec"]["names"];
        let short = names["shortNames"].as_array().cloned().unwrap_or_default();
        names["plural"] == word || names["singular"] == word || short.iter().any(|s| s == word)
    };
    CRDS.iter().find(named)
}

fn schema(crd: &Value) -> &Value {
    &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
}

/// The part of a schema at a path of fields. The index of a list selects its items.
fn at<'a>(schema: &'a Value, path: &[String]) -> Option<&'a Value> {
    let Some((first, rest)) = path.split_first() else { return Some(schema) };
    if first == "metadata" {
        return Some(&Value::Null);
    }
    let inner = match (&schema["items"], &schema["additionalProperties"]) {
        (Value::Object(_), _) if first.parse::<usize>().is_ok() => &schema["items"],
        (Value::Object(_), _) => return at(&schema["items"], path),
        (_, Value::Object(_)) => &schema["additionalProperties"],
        _ => schema["properties"].get(first)?,
    };
    at(inner, rest)
}

/// Fields and enum values of a merge patch that are not in the schema, and values of a wrong type.
fn patch_faults(schema: &Value, patch: &Value, path: &str, faults: &mut Vec<String>) {
    match patch {
        // It removes the field.
        Value::Null => {}
        Value::Object(fields) => {
            for (field, inner) in fields {
                match at(schema, std::slice::from_ref(field)) {
                    Some(Value::Null) => {}
                    Some(schema) => patch_faults(schema, inner, &format!("{path}.{field}"), faults),
                    None => faults.push(format!("there is no field {path}.{field}")),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|i| patch_faults(&schema["items"], i, path, faults)),
        value => {
            if let Some(words) = schema["enum"].as_array().filter(|words| !words.contains(value)) {
                faults.push(format!("{path} is none of {words:?}"));
            }
            if schema["type"] == "string" && !value.is_string() {
                faults.push(format!("{path} is a string"));
            }
        }
    }
}

/// The paths of fields in a jsonpath or in custom columns, without filters, and relative to the object. Those in a
/// `range` are relative to its list.
fn paths(output: &str) -> Vec<Vec<String>> {
    let fields = |text: &str| -> Vec<String> {
        let text = text.split('[').map(|part| part.split_once(']').map_or(part, |(_, rest)| rest)).collect::<String>();
        let names = text.split('.').filter(|f| !f.is_empty() && *f != "*");
        names.map(|f| f.trim_matches(['{', '}']).to_owned()).collect()
    };
    if let Some(columns) = output.strip_prefix("custom-columns=") {
        return columns.split(',').filter_map(|c| Some(fields(c.split_once(':')?.1))).collect();
    }
    let Some(path) = output.strip_prefix("jsonpath=") else { return Vec::new() };
    let (mut found, mut range) = (Vec::new(), Vec::new());
    for part in path.split('{').filter_map(|part| Some(part.split_once('}')?.0)) {
        match part.strip_prefix("range ") {
            Some(list) => {
                range = fields(list);
                found.push(range.clone());
            }
            None if part == "end" => range.clear(),
            None if part.starts_with('.') => found.push([range.clone(), fields(part)].concat()),
            None => {}
        }
    }
    found
}

/// Whether a JSON patch of AppliedSizes removes all sizes, and does nothing else.
fn is_emptying(patch: &str) -> bool {
    let emptying = json!([{"op": "replace", "path": "/spec/workloads", "value": {}}]);
    serde_json::from_str::<Value>(patch).is_ok_and(|patch| patch == emptying)
}

/// What is wrong with a command.
fn faults(words: &[String], names: &BTreeSet<String>) -> Vec<String> {
    let mut faults = Vec::new();
    let (mut plain, mut flags) = (Vec::new(), Vec::new());
    let mut rest = words[1..].iter();
    while let Some(word) = rest.next() {
        match word.split_once('=').filter(|_| word.starts_with('-')) {
            Some((flag, value)) => flags.push((flag, value.to_owned())),
            None if VALUED.contains(&word.as_str()) => match rest.next() {
                Some(value) => flags.push((word, value.clone())),
                None => faults.push(format!("{word} has no value")),
            },
            None if word.starts_with('-') => flags.push((word, String::new())),
            None => plain.push(word.as_str()),
        }
    }
    let Some((&verb, args)) = plain.split_first() else { return vec!["it has no verb".to_owned()] };
    if !VERBS.contains(&verb) {
        return vec![format!("{verb} is no verb that is known here")];
    }
    let value =
        |names: &[&str]| flags.iter().filter(|(f, _)| names.contains(f)).map(|(_, v)| v.as_str()).collect::<Vec<_>>();
    for file in value(&["-f", "-k", "--from-file"]) {
        if !root().join(file).exists() && !BROUGHT.contains(&file) {
            faults.push(format!("there is no file {file}"));
        }
    }
    let created = if verb == "create" { args.get(1).copied() } else { None };
    let named = args.iter().copied().chain(value(&["--clusterrole", "-n", "--namespace"]));
    for name in named.filter(|name| Some(*name) != created).map(|n| n.rsplit('/').next().unwrap()) {
        if name.starts_with("trimtab-") && !names.contains(name) && !MADE.contains(&name) {
            faults.push(format!("nothing is called {name}"));
        }
    }
    for word in args.first().copied().unwrap_or_default().split(',') {
        let Some(crd) = crd(word.split('/').next().unwrap()) else { continue };
        let (kind, scope) = (crd["spec"]["names"]["kind"].as_str().unwrap(), &crd["spec"]["scope"]);
        // The guard allows only Trimtab to write these. Deleting a profile restarts its history, and removing all sizes
        // of a namespace, but not the decisions recorded there, is needed if Trimtab is not running.
        let kept = match kind {
            "AppliedSizes" => verb != "patch" || !value(&["-p", "--patch"]).iter().all(|patch| is_emptying(patch)),
            "UsageProfile" => verb != "delete",
            _ => false,
        };
        if WRITES.contains(&verb) && kept {
            faults.push(format!("people cannot {verb} {kind}: the guard refuses it"));
        }
        let placed = !value(&["-n", "--namespace", "-A", "--all-namespaces"]).is_empty();
        if placed != (scope == "Namespaced") && verb != "explain" {
            faults.push(format!("{kind} is {}", scope.as_str().unwrap()));
        }
        let kinds_alike = !args[0].contains(',');
        for output in value(&["-o", "--output"]).into_iter().filter(|_| kinds_alike) {
            for path in paths(output) {
                let path = if path.first().is_some_and(|p| p == "items") { &path[1..] } else { &path };
                if at(schema(crd), path).is_none() {
                    faults.push(format!("{kind} has no {}", path.join(".")));
                }
            }
        }
        for patch in value(&["-p", "--patch"]) {
            match serde_json::from_str::<Value>(patch) {
                Ok(Value::Array(steps)) => {
                    for step in steps {
                        let path: Vec<String> =
                            step["path"].as_str().unwrap_or_default().split('/').skip(1).map(str::to_owned).collect();
                        if path.is_empty() || at(schema(crd), &path).is_none() {
                            faults.push(format!("{kind} has no {}", path.join("/")));
                        }
                    }
                }
                Ok(patch) => patch_faults(schema(crd), &patch, "", &mut faults),
                Err(error) => faults.push(format!("the patch is no JSON: {error}")),
            }
            // A strategic merge patch of such a list is not possible for a custom resource.
            if value(&["--type"]).is_empty() {
                faults.push("a custom resource takes --type=merge or --type=json".to_owned());
            }
        }
    }
    faults
}

/// The names of all objects in the manifests.
fn names() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for dir in ["crds", "deploy", "deploy/monitoring", "policies"] {
        for path in fs::read_dir(root().join(dir)).unwrap().map(|entry| entry.unwrap().path()) {
            if path.extension().is_some_and(|e| e == "yaml") {
                let documents = support::documents(&fs::read_to_string(path).unwrap());
                found.extend(documents.iter().filter_map(|d| d["metadata"]["name"].as_str().map(str::to_owned)));
            }
        }
    }
    found
}

#[test]
fn every_command_in_the_docs_can_be_meant() {
    let names = names();
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for path in pages::pages(&root(), &pages::ALL) {
        for Command { line, words } in fenced(&fs::read_to_string(&path).unwrap()) {
            if words[1] != "trimtab" {
                seen += 1;
                let said = faults(&words, &names);
                wrong.extend(said.iter().map(|f| format!("{}:{line}: {}: {f}", path.display(), words.join(" "))));
            }
        }
    }
    assert!(seen >= 100, "only {seen} commands were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_cannot_be_meant_is_found() {
    let names = names();
    for (command, expected) in [
        ("kubectl get rec web -n shop -o jsonpath='{.status.rollout.former[*].requests}'", ""),
        ("kubectl get rec web -n shop -o jsonpath='{.status.rolout}'", "Recommendation has no status.rolout"),
        (
            "kubectl get rec web -n shop -o jsonpath='{range .status.gates[*]}{.gates}{end}'",
            "has no status.gates.gates",
        ),
        ("kubectl get rec -A -o custom-columns=N:.metadata.name,P:.spec.policy", "has no spec.policy"),
        ("kubectl patch rec web -n shop --type=merge -p '{\"spec\": {\"approval\": null}}'", ""),
        (
            "kubectl patch rec web -n shop --type=merge -p '{\"spec\": {\"aproval\": null}}'",
            "there is no field .spec.aproval",
        ),
        (
            "kubectl patch rec web -n shop --type=merge -p '{\"spec\": {\"approval\": {\"decision\": \"Yes\"}}}'",
            "is none of",
        ),
        ("kubectl patch rec web -n shop -p '{\"spec\": {\"approval\": null}}'", "takes --type=merge"),
        (
            "kubectl patch rec web -n shop --type=json -p '[{\"op\": \"remove\", \"path\": \"/spec/aproval\"}]'",
            "has no spec/aproval",
        ),
        ("kubectl get rec", "Recommendation is Namespaced"),
        ("kubectl get optpol -n shop", "OptimizationPolicy is Cluster"),
        ("kubectl delete sizes trimtab -n shop", "people cannot delete AppliedSizes"),
        (
            "kubectl patch sizes trimtab -n shop --type=json -p '[{\"op\": \"replace\", \"path\": \"/spec/workloads\", \"value\": {}}]'",
            "",
        ),
        (
            "kubectl patch sizes trimtab -n shop --type=json -p '[{\"op\": \"replace\", \"path\": \"/spec/history\", \"value\": {}}]'",
            "people cannot patch AppliedSizes",
        ),
        ("kubectl label sizes trimtab -n shop a=b", "people cannot label AppliedSizes"),
        ("kubectl delete uprof web -n shop", ""),
        ("kubectl annotate uprof web -n shop a=b", "people cannot annotate UsageProfile"),
        ("kubectl apply -f crd/", "there is no file crd/"),
        ("kubectl apply -k deploy/kustomize/overlay/ha", "there is no file deploy/kustomize/overlay/ha"),
        (
            "kubectl create rolebinding trimtab-mine -n shop --clusterrole=trimtab-aprover",
            "nothing is called trimtab-aprover",
        ),
        ("kubectl edit rec web -n shop", "is no verb that is known here"),
    ] {
        let [Command { words, .. }] = fenced(&format!("```\n{command}\n```")).try_into().unwrap();
        let found = faults(&words, &names).join("; ");
        assert!(found.contains(expected) && found.is_empty() == expected.is_empty(), "{command}: {found}");
    }
}
