//! Every example can be applied as it is.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use std::{collections::BTreeSet, fs, path::Path};

fn examples() -> Vec<(String, String)> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let mut found: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "yaml"))
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read_to_string(&path).unwrap()))
        .collect();
    found.sort();
    found
}

#[test]
fn every_example_passes_schema_and_rules() {
    let examples = examples();
    let policies = examples.iter().filter(|(name, _)| name.starts_with("policy-")).count();
    assert!(policies >= 6, "{policies} policies");
    for (name, text) in &examples {
        let documents = support::documents(text);
        assert!(!documents.is_empty(), "{name} holds nothing");
        for manifest in documents {
            assert_eq!(support::refusals(&manifest), Vec::<String>::new(), "{name}");
            assert!(manifest["metadata"]["name"].as_str().is_some_and(|n| !n.is_empty()), "{name} has no name");
        }
    }
}

/// What Argo CD or Flux sync for a team. It is not for `kubectl`, so its comments need not say how to look.
#[test]
fn what_a_team_syncs_passes_schema_and_rules() {
    let mut open = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/gitops/teams")];
    let mut kinds = BTreeSet::new();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        for manifest in support::documents(&fs::read_to_string(&path).unwrap()) {
            assert_eq!(support::refusals(&manifest), Vec::<String>::new(), "{}", path.display());
            kinds.insert(manifest["kind"].as_str().unwrap().to_owned());
        }
    }
    assert_eq!(kinds, BTreeSet::from(["OptimizationPolicy", "Recommendation"].map(str::to_owned)));
}

#[test]
fn every_example_decodes_into_its_type() {
    for (name, text) in examples() {
        for manifest in support::documents(&text) {
            let decoded = match manifest["kind"].as_str().unwrap() {
                "OptimizationPolicy" => serde_json::from_value::<trimtab_api::OptimizationPolicy>(manifest).map(drop),
                "PriceBook" => serde_json::from_value::<trimtab_api::PriceBook>(manifest).map(drop),
                other => panic!("{name}: no example is expected of the kind {other}"),
            };
            assert!(decoded.is_ok(), "{name}: {decoded:?}");
        }
    }
}

#[test]
fn every_example_says_why_what_next_and_how_to_look() {
    for (name, text) in examples() {
        let comments: String = text.lines().filter(|l| l.starts_with('#')).collect::<Vec<_>>().join("\n");
        for part in ["Why:", "What happens next:", "kubectl ", "# expect: "] {
            assert!(comments.contains(part), "{name} does not say {part:?}");
        }
    }
}

/// This crate reads YAML 1.2, kubectl reads 1.1, where a bare `Off` is a boolean.
#[test]
fn no_example_means_something_else_to_kubectl() {
    for (name, text) in examples() {
        for line in text.lines().map(|l| l.split(" #").next().unwrap().trim_end()).filter(|l| !l.starts_with('#')) {
            for word in line.split([' ', ',', '{', '}', '[', ']']) {
                let word = word.to_ascii_lowercase();
                assert!(
                    !["y", "n", "yes", "no", "on", "off"].contains(&word.as_str()),
                    "{name}: quote {word} in {line:?}"
                );
            }
        }
    }
}
