//! Every dependency in a manifest is used, whether from the workspace or external.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::collections::BTreeSet;

use cargo_metadata::{Dependency, DependencyKind, Package};
use toml::Table;

/// Dependencies that no line uses, and why they exist.
const SWITCHES: &[(&str, &str, &str)] = &[
    ("trimtab-metrics-sources", "k8s-openapi", "turns on the API version without which kube's types are not built"),
    ("trimtab-testkit", "k8s-openapi", "turns on the API version without which kube's types are not built"),
    ("trimtab-torture", "k8s-openapi", "turns on the API version without which kube's types are not built"),
];

/// The name of a dependency in code.
fn name_of(dependency: &Dependency) -> String {
    dependency.rename.as_ref().unwrap_or(&dependency.name).replace('-', "_")
}

/// The code of a line: the part before a comment.
fn code(line: &str) -> &str {
    if line.trim_start().starts_with("//") { "" } else { line.split(" // ").next().unwrap_or(line) }
}

/// Whether a line uses a crate: `name::…`, where `name` is not itself inside another module.
fn takes(line: &str, name: &str) -> bool {
    let starts = line.match_indices(name).filter(|(at, _)| line[at + name.len()..].starts_with("::"));
    let mut before = starts.map(|(at, _)| line[..at].chars().next_back());
    before.any(|c| c.is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != ':'))
}

/// Whether a line of these files does.
fn used(files: &[(String, String)], name: &str) -> bool {
    files.iter().any(|(_, text)| text.lines().any(|line| takes(code(line), name)))
}

/// The directory of a package, from the root of the repository.
fn directory(package: &Package) -> String {
    let directory = package.manifest_path.parent().unwrap();
    directory.strip_prefix(support::root().to_str().unwrap()).unwrap().to_string()
}

#[test]
fn a_line_takes_from_a_crate_by_its_name_alone() {
    for (line, expected) in [
        ("use http::Uri;", true),
        ("    let uri = (http::Uri::default(), 1);", true),
        ("use crate::http::get;", false),
        ("use axum_http::get;", false),
        ("let http = 1;", false),
        ("let text = 1; // as http::Uri has it", false),
        ("/// See http::Uri.", false),
    ] {
        assert_eq!(takes(code(line), "http"), expected, "{line}");
    }
}

#[test]
fn every_dependency_is_used_where_it_is_named() {
    let (mut idle, mut twice) = (BTreeSet::new(), Vec::new());
    for package in support::workspace().workspace_packages() {
        let directory = directory(package);
        let program = support::program(&[&directory]);
        let all = support::files(&[&directory], "rs");
        for dependency in &package.dependencies {
            // A dependency used only by tests belongs under dev-dependencies.
            let files = if dependency.kind == DependencyKind::Development { &all } else { &program };
            if !used(files, &name_of(dependency)) {
                idle.insert((package.name.to_string(), dependency.name.clone()));
            }
        }
        let of = |kind| package.dependencies.iter().filter(move |d| d.kind == kind);
        for test in of(DependencyKind::Development) {
            let known = of(DependencyKind::Normal).find(|d| d.name == test.name);
            if known.is_some_and(|d| test.features.iter().all(|feature| d.features.contains(feature))) {
                twice.push(format!("{}: {}", package.name, test.name));
            }
        }
    }
    let allowed = SWITCHES.iter().map(|(from, to, _)| ((*from).to_owned(), (*to).to_owned())).collect();
    assert_eq!(idle, allowed, "left: named and used by no line, or by tests alone; right: those with a reason");
    assert!(twice.is_empty(), "named for tests, and there without: {twice:?}");
}

#[test]
fn every_dependency_of_the_workspace_is_taken_by_a_crate() {
    let root: Table = support::read("Cargo.toml").parse().unwrap();
    let named: BTreeSet<String> = root["workspace"]["dependencies"].as_table().unwrap().keys().cloned().collect();
    let metadata = support::workspace();
    let packages = metadata.workspace_packages();
    let taken: BTreeSet<String> = packages
        .iter()
        .flat_map(|package| &package.dependencies)
        .map(|d| d.rename.clone().unwrap_or_else(|| d.name.clone()))
        .collect();
    let idle: Vec<_> = named.difference(&taken).collect();
    assert!(idle.is_empty(), "named in the workspace and taken by no crate: {idle:?}");
}
