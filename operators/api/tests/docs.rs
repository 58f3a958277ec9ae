//! The parts of the documentation that a program can check: its YAML can be applied as it is, and its table of
//! permissions matches `deploy/rbac.yaml`.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

#[path = "support/pages.rs"]
mod pages;
mod support;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Before a block that is not a whole object.
const EXCERPT: &str = "<!-- excerpt -->";

/// The blocks of a page that are marked as YAML, without excerpts.
fn blocks(page: &str) -> Vec<String> {
    let mut lines = page.lines();
    let mut found = Vec::new();
    let mut before = "";
    while let Some(line) = lines.next() {
        if line == "```yaml" {
            let block = lines.by_ref().take_while(|line| *line != "```").map(|line| format!("{line}\n")).collect();
            if before != EXCERPT {
                found.push(block);
            }
        }
        before = line;
    }
    found
}

/// Whether an object is of one of Trimtab's kinds.
fn is_ours(object: &serde_json::Value) -> bool {
    object["apiVersion"].as_str().is_some_and(|version| version.starts_with("trimtab.dev/"))
}

#[test]
fn every_yaml_block_passes_schema_and_rules() {
    let mut kinds = BTreeSet::new();
    for page in pages::pages(&root(), &pages::ALL) {
        let text = fs::read_to_string(&page).unwrap();
        for block in blocks(&text) {
            let documents = support::documents(&block);
            assert!(!documents.is_empty(), "{}: an empty block", page.display());
            for manifest in documents.into_iter().filter(is_ours) {
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
    let page = "x\n```yaml\na: 1\n```\ny\n```\nnot: yaml\n```\n<!-- excerpt -->\n```yaml\nb: 2\n```\n\
        ```yaml\napiVersion: trimtab.dev/v1alpha1\nkind: OptimizationPolicy\n```\n";
    let found = blocks(page);
    assert_eq!(found, ["a: 1\n", "apiVersion: trimtab.dev/v1alpha1\nkind: OptimizationPolicy\n"]);
    assert!(!is_ours(&support::documents(&found[0])[0]) && is_ours(&support::documents(&found[1])[0]));
    assert!(!support::refusals(&support::documents(&found[1])[0]).is_empty());
}

/// Each right as `group resource verb`, or `group resource=name verb` where it is bound to a name.
type Rights = BTreeSet<String>;

/// The rights on resources that the roles of `kind` in this file grant.
fn granted(file: &str, kind: &str) -> Rights {
    let words = |rule: &serde_json::Value, key: &str| -> Vec<String> {
        let list = rule[key].as_array().cloned().unwrap_or_default();
        list.iter().map(|v| v.as_str().unwrap().to_owned()).collect()
    };
    let text = fs::read_to_string(root().join(file)).unwrap();
    let mut rights = Rights::new();
    for role in support::documents(&text).into_iter().filter(|d| d["kind"] == kind) {
        for rule in role["rules"].as_array().unwrap() {
            let names = words(rule, "resourceNames").join(",");
            let names = if names.is_empty() { names } else { format!("={names}") };
            for group in words(rule, "apiGroups") {
                for resource in words(rule, "resources") {
                    rights.extend(words(rule, "verbs").iter().map(|verb| format!("{group} {resource}{names} {verb}")));
                }
            }
        }
    }
    rights
}

/// The rights of each table under the heading "Rights" of a page that has a column of API groups.
fn documented(page: &str) -> Vec<Rights> {
    let quoted = |cell: &str| -> Vec<String> { cell.split('`').skip(1).step_by(2).map(str::to_owned).collect() };
    let section = page.split("\n## ").find(|section| section.starts_with("Rights\n")).unwrap();
    let mut tables: Vec<Rights> = Vec::new();
    let mut inside = false;
    for line in section.lines() {
        if line.starts_with("| API group |") {
            tables.push(Rights::new());
            inside = true;
        } else if !line.starts_with('|') {
            inside = false;
        } else if inside && !line.starts_with("|---") {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            let (group, verbs) = (cells[1].trim_matches('`').replace("core", ""), quoted(cells[3]));
            let (resources, name) = match cells[2].split_once(" named ") {
                Some((resources, name)) => (quoted(resources), format!("={}", name.trim_matches('`'))),
                None => (quoted(cells[2]), String::new()),
            };
            let rights = tables.last_mut().unwrap();
            for resource in resources {
                rights.extend(verbs.iter().map(|verb| format!("{group} {resource}{name} {verb}")));
            }
        }
    }
    tables
}

#[test]
fn the_tables_of_rights_are_what_the_roles_grant() {
    let page = fs::read_to_string(root().join("docs/operations.md")).unwrap();
    let (cluster, own) = (granted("deploy/rbac.yaml", "ClusterRole"), granted("deploy/rbac.yaml", "Role"));
    let metrics = granted("deploy/monitoring/metrics-auth.yaml", "ClusterRole");
    for right in [" pods/resize patch", " pods/eviction create", "apps deployments patch"] {
        assert!(cluster.contains(right), "{right} is read from the role: {cluster:?}");
    }
    assert!(own.contains(" configmaps=trimtab-halt get"), "{own:?}");
    let tables = documented(&page);
    assert_eq!(tables.len(), 3, "one of the cluster, one of Trimtab's namespace, one for the protection of /metrics");
    for (documented, granted) in tables.iter().zip([&cluster, &own, &metrics]) {
        let (missing, untrue): (Vec<_>, Vec<_>) =
            (granted.difference(documented).collect(), documented.difference(granted).collect());
        assert!(missing.is_empty() && untrue.is_empty(), "not documented: {missing:#?}; not granted: {untrue:#?}");
    }
}
