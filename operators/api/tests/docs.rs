//! The YAML in the documentation can be applied as it stands.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn pages() -> Vec<PathBuf> {
    let (mut found, mut open) = (vec![root().join("README.md")], vec![root().join("docs")]);
    while let Some(dir) = open.pop() {
        for path in fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|e| e == "md") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The blocks of a page that are marked as YAML.
fn blocks(page: &str) -> Vec<String> {
    let mut lines = page.lines();
    let mut found = Vec::new();
    while lines.any(|line| line == "```yaml") {
        found.push(lines.by_ref().take_while(|line| *line != "```").map(|line| format!("{line}\n")).collect());
    }
    found
}

#[test]
fn every_yaml_block_passes_schema_and_rules() {
    let mut kinds = BTreeSet::new();
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for block in blocks(&text) {
            let documents = support::documents(&block);
            assert!(!documents.is_empty(), "{}: an empty block", page.display());
            for manifest in documents {
                assert_eq!(support::refusals(&manifest), Vec::<String>::new(), "{}:\n{block}", page.display());
                kinds.insert(manifest["kind"].as_str().unwrap().to_owned());
            }
        }
    }
    let all = ["AppliedSizes", "OptimizationPolicy", "PriceBook", "Recommendation", "UsageProfile"];
    assert_eq!(kinds, BTreeSet::from(all.map(str::to_owned)), "each kind has an example in the docs");
}

#[test]
fn blocks_are_found_and_a_wrong_one_is_refused() {
    let page = "x\n```yaml\na: 1\n```\ny\n```\nnot: yaml\n```\n```yaml\nkind: OptimizationPolicy\n```\n";
    let found = blocks(page);
    assert_eq!(found, ["a: 1\n", "kind: OptimizationPolicy\n"]);
    assert!(!support::refusals(&support::documents(&found[1])[0]).is_empty());
}
