//! Licences, sources and bans of dependencies, according to `deny.toml`. cargo-deny reads the same file where it is
//! installed; this test needs only cargo.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::collections::BTreeSet;

use spdx::{Expression, ParseMode};
use toml::Table;

fn deny() -> Table {
    support::read("deny.toml").parse().unwrap()
}

fn strings(table: &Table, section: &str, key: &str) -> Vec<String> {
    table[section][key].as_array().unwrap().iter().map(|v| v.as_str().unwrap().to_owned()).collect()
}

/// Machines with arm64 have pages of up to 64 KiB, and the allocator has to be built for the largest.
#[test]
fn the_allocator_is_built_for_the_pages_of_every_target() {
    let config: Table = support::read(".cargo/config.toml").parse().unwrap();
    let targets = strings(&deny(), "graph", "targets");
    let arm: Vec<&String> = targets.iter().filter(|target| target.starts_with("aarch64")).collect();
    assert!(!arm.is_empty(), "{targets:?}");
    for target in arm {
        let name = format!("{}_JEMALLOC_SYS_WITH_LG_PAGE", target.to_uppercase().replace('-', "_"));
        assert_eq!(config["env"][&name].as_str(), Some("16"), "{name}");
    }
}

#[test]
fn licences_are_those_that_are_allowed() {
    let metadata = support::resolved();
    let allowed = strings(&deny(), "licenses", "allow");
    let mut used = BTreeSet::new();
    let mut refused = Vec::new();
    for package in metadata.packages.iter().filter(|p| p.source.is_some()) {
        let name = format!("{} {}", package.name, package.version);
        let Some(license) = &package.license else {
            refused.push(format!("{name} names no licence"));
            continue;
        };
        let expression = Expression::parse_mode(license, ParseMode::LAX).unwrap_or_else(|e| panic!("{name}: {e}"));
        let mut taken = Vec::new();
        let holds = expression.evaluate(|requirement| {
            let text = requirement.to_string();
            let holds = allowed.contains(&text);
            if holds {
                taken.push(text);
            }
            holds
        });
        if holds {
            used.extend(taken);
        } else {
            refused.push(format!("{name}: {license}"));
        }
    }
    assert!(metadata.packages.len() > 100, "only {} packages", metadata.packages.len());
    assert!(refused.is_empty(), "{refused:#?}");
    let unused: Vec<_> = allowed.iter().filter(|a| !used.contains(*a)).collect();
    assert!(unused.is_empty(), "allowed in deny.toml and not needed: {unused:?}");
}

#[test]
fn packages_come_from_the_registry_that_is_allowed() {
    let allowed = strings(&deny(), "sources", "allow-registry");
    let foreign: Vec<String> = support::resolved()
        .packages
        .iter()
        .filter_map(|p| Some((p, p.source.as_ref()?)))
        .filter(|(_, source)| !allowed.iter().any(|a| source.repr == format!("registry+{a}")))
        .map(|(p, source)| format!("{} from {source}", p.name))
        .collect();
    assert!(foreign.is_empty(), "{foreign:#?}");
}

#[test]
fn what_is_banned_is_not_there() {
    let metadata = support::resolved();
    let resolve = metadata.resolve.as_ref().unwrap();
    for entry in deny()["bans"]["deny"].as_array().unwrap() {
        let banned = entry["crate"].as_str().unwrap();
        let wrappers: Vec<&str> = entry
            .get("wrappers")
            .map_or(Vec::new(), |w| w.as_array().unwrap().iter().map(|v| v.as_str().unwrap()).collect());
        for node in &resolve.nodes {
            let from = &metadata[&node.id].name;
            let takes = node.deps.iter().any(|d| metadata[&d.pkg].name == banned);
            assert!(!takes || wrappers.contains(&from.as_str()), "{from} depends on {banned}: {}", entry["reason"]);
        }
    }
}

#[test]
fn no_dependency_says_any_version_will_do() {
    for package in support::workspace().workspace_packages() {
        for dependency in &package.dependencies {
            assert!(
                dependency.path.is_some() || dependency.req.to_string() != "*",
                "{}: {}",
                package.name,
                dependency.name
            );
        }
    }
}
