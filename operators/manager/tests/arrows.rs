//! Which crates may depend on which: the dependencies within the workspace, and the only crate for each effect.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, Metadata};

/// Every crate with the workspace crates on which it may depend. Unused dependencies are removed, so that this stays
/// the map: `used.rs` finds them.
const ARROWS: &[(&str, &[&str])] = &[
    // Vocabulary that all others share.
    ("trimtab-core", &[]),
    ("trimtab-api", &["trimtab-core"]),
    // Decisions and figures: pure.
    ("trimtab-sizing", &["trimtab-core"]),
    ("trimtab-pricing", &["trimtab-api", "trimtab-core"]),
    ("trimtab-recorded-series", &["trimtab-sizing"]),
    // A Recommendation in memory, for all who read one: pure.
    ("trimtab-recommendation-row", &["trimtab-api", "trimtab-core", "trimtab-pricing"]),
    // Effects: the cluster, usage sources, writes. They do not depend on each other.
    ("trimtab-world", &["trimtab-core"]),
    ("trimtab-metrics-sources", &["trimtab-core"]),
    ("trimtab-runtime", &[]),
    // Changes: what all have in common, and those of sizes: the machine and the gates. Pure.
    ("trimtab-engine", &["trimtab-api", "trimtab-core"]),
    ("trimtab-rollout", &["trimtab-api", "trimtab-core", "trimtab-engine"]),
    (
        "trimtab-gates",
        &["trimtab-api", "trimtab-core", "trimtab-engine", "trimtab-pricing", "trimtab-rollout", "trimtab-world"],
    ),
    // When a reconciler works on what, and when it may write, whatever it changes.
    ("trimtab-driver", &["trimtab-api", "trimtab-core", "trimtab-engine", "trimtab-runtime"]),
    // What can be done to a cluster beside changes of sizes: pure.
    ("trimtab-actions", &["trimtab-api"]),
    ("trimtab-remediation", &["trimtab-actions", "trimtab-api", "trimtab-core", "trimtab-engine"]),
    // What the cluster itself does for rollouts: who may approve, which sizes new pods get.
    ("trimtab-guard", &["trimtab-api", "trimtab-core", "trimtab-runtime"]),
    ("trimtab-admission-sizes", &["trimtab-api", "trimtab-core", "trimtab-runtime", "trimtab-world"]),
    // From a source and the world to histories.
    (
        "trimtab-usage-history",
        &["trimtab-api", "trimtab-core", "trimtab-sizing", "trimtab-metrics-sources", "trimtab-world"],
    ),
    // Reconcilers: they interact through objects and never depend on each other.
    (
        "trimtab-optimization-policy",
        &[
            "trimtab-api",
            "trimtab-core",
            // What a policy says about rollouts is read by one rule: a policy is valid only if rollouts can follow it.
            "trimtab-engine",
            "trimtab-gates",
            "trimtab-pricing",
            "trimtab-recommendation-row",
            "trimtab-runtime",
            "trimtab-admission-sizes",
            "trimtab-sizing",
            "trimtab-metrics-sources",
            "trimtab-usage-history",
            "trimtab-world",
        ],
    ),
    (
        "trimtab-recommendation",
        &[
            "trimtab-api",
            "trimtab-core",
            "trimtab-driver",
            "trimtab-engine",
            "trimtab-gates",
            "trimtab-guard",
            "trimtab-pricing",
            "trimtab-recommendation-row",
            "trimtab-rollout",
            "trimtab-runtime",
            "trimtab-admission-sizes",
            "trimtab-sizing",
            "trimtab-metrics-sources",
            "trimtab-usage-history",
            "trimtab-world",
        ],
    ),
    ("trimtab-price-book", &["trimtab-api", "trimtab-core", "trimtab-pricing", "trimtab-runtime"]),
    (
        "trimtab-usage-profile",
        &[
            "trimtab-api",
            "trimtab-core",
            "trimtab-runtime",
            "trimtab-sizing",
            "trimtab-metrics-sources",
            "trimtab-usage-history",
            "trimtab-world",
        ],
    ),
    // What people see and decide: it interacts with the reconcilers through objects, as people do; and what would be
    // recommended and approved is decided by the same code as in the controller, in the client and without a write.
    (
        "trimtab-kubectl",
        &[
            "trimtab-api",
            "trimtab-core",
            "trimtab-engine",
            "trimtab-gates",
            "trimtab-guard",
            "trimtab-optimization-policy",
            "trimtab-pricing",
            "trimtab-rollout",
            "trimtab-runtime",
            "trimtab-metrics-sources",
            "trimtab-usage-history",
            "trimtab-world",
        ],
    ),
    // The binary assembles them.
    (
        "trimtab",
        &[
            "trimtab-api",
            "trimtab-core",
            "trimtab-driver",
            "trimtab-guard",
            "trimtab-kubectl",
            "trimtab-optimization-policy",
            "trimtab-price-book",
            "trimtab-pricing",
            "trimtab-recommendation",
            "trimtab-recommendation-row",
            "trimtab-recorded-series",
            "trimtab-runtime",
            "trimtab-admission-sizes",
            "trimtab-sizing",
            "trimtab-metrics-sources",
            "trimtab-usage-history",
            "trimtab-usage-profile",
            "trimtab-world",
        ],
    ),
    // For tests only: nobody has them among what it ships with.
    ("trimtab-testkit", &[]),
    (
        "trimtab-fuzz-targets",
        &["trimtab-api", "trimtab-core", "trimtab-metrics-sources", "trimtab-pricing", "trimtab-recorded-series"],
    ),
    // Around it: what tests, shows and measures the binary runs it as a program.
    ("trimtab-e2e", &[]),
    ("trimtab-demo", &["trimtab-api", "trimtab-core", "trimtab-e2e", "trimtab-recorded-series"]),
    ("trimtab-torture", &["trimtab-api", "trimtab-core", "trimtab-e2e"]),
    ("trimtab-bench", &["trimtab-e2e", "trimtab-recorded-series", "trimtab-sizing"]),
];

/// Crates that reconcile a kind.
const RECONCILERS: &[&str] =
    &["trimtab-optimization-policy", "trimtab-recommendation", "trimtab-price-book", "trimtab-usage-profile"];

/// Crates without I/O, and external crates that even they may not use.
const PURE: &[&str] = &[
    "trimtab-actions",
    "trimtab-core",
    "trimtab-engine",
    "trimtab-gates",
    "trimtab-pricing",
    "trimtab-recommendation-row",
    "trimtab-remediation",
    "trimtab-rollout",
    "trimtab-sizing",
];
const IMPURE: &[&str] = &[
    "async-trait",
    "axum",
    "fastrand",
    "futures",
    "kube",
    "kube-lease-manager",
    "libc",
    "rand",
    "reqwest",
    "rustix",
    "socket2",
    "tokio",
    "tokio-util",
    "tower",
    "tracing",
];

/// Crates whose whole dependency tree is free of networking and of an executor.
const PURE_TO_THE_ROOT: &[&str] = &["trimtab-core", "trimtab-sizing", "trimtab-recorded-series"];

/// The only crates of `operators/` that may have a certain dependency. Others may be used anywhere.
const HOMES: &[(&str, &[&str])] = &[
    // The terminal.
    ("anstream", &["trimtab-kubectl"]),
    ("anstyle", &["trimtab-kubectl"]),
    ("anyhow", &["trimtab"]),
    ("axum", &["trimtab-runtime"]),
    ("clap", &["trimtab", "trimtab-kubectl"]),
    ("csv", &["trimtab-recorded-series"]),
    ("fastrand", &["trimtab"]),
    ("kube-lease-manager", &["trimtab-runtime"]),
    ("opentelemetry", &["trimtab-runtime"]),
    ("opentelemetry-otlp", &["trimtab-runtime"]),
    ("prometheus-client", &["trimtab-runtime"]),
    ("reqwest", &["trimtab-metrics-sources"]),
    ("rustls-native-certs", &["trimtab-metrics-sources"]),
    // User input is parsed by the one parser that has limits.
    ("serde-saphyr", &["trimtab-kubectl"]),
    // The guard and the sizes embed their manifests in the binary.
    ("serde_yaml", &["trimtab-api", "trimtab-guard", "trimtab-kubectl", "trimtab-admission-sizes"]),
    ("socket2", &["trimtab-runtime"]),
    ("tracing-subscriber", &["trimtab-runtime"]),
    ("unicode-width", &["trimtab-kubectl"]),
];

/// Who may depend on a reconciler besides the binary: the plugin evaluates with the decisions of one, and has no
/// controller to run.
const LOOKS_WITH: &[(&str, &str)] = &[("trimtab-kubectl", "trimtab-optimization-policy")];

/// The dependencies of each workspace package, without those of tests.
fn depends(metadata: &Metadata) -> BTreeMap<String, BTreeSet<String>> {
    let of = |p: &cargo_metadata::Package| {
        let names = p.dependencies.iter().filter(|d| d.kind != DependencyKind::Development);
        names.map(|d| d.rename.clone().unwrap_or_else(|| d.name.clone())).collect()
    };
    metadata.workspace_packages().into_iter().map(|p| (p.name.to_string(), of(p))).collect()
}

#[test]
fn crates_know_only_whom_they_may() {
    let all = depends(&support::workspace());
    let table: BTreeMap<&str, BTreeSet<&str>> =
        ARROWS.iter().map(|(from, to)| (*from, to.iter().copied().collect())).collect();
    let members: BTreeSet<&str> = all.keys().map(String::as_str).collect();
    assert_eq!(members, table.keys().copied().collect(), "every crate has its row in ARROWS");
    for (name, dependencies) in &all {
        let arrows: BTreeSet<&str> = dependencies.iter().map(String::as_str).filter(|d| members.contains(d)).collect();
        assert_eq!(arrows, table[name.as_str()], "{name}: left what it knows, right what it may know");
    }
}

#[test]
fn reconcilers_do_not_know_each_other_and_nobody_below_knows_them() {
    let all = depends(&support::workspace());
    for (name, dependencies) in all.iter().filter(|(name, _)| *name != "trimtab") {
        for reconciler in RECONCILERS.iter().filter(|r| !LOOKS_WITH.contains(&(name.as_str(), **r))) {
            assert!(!dependencies.contains(*reconciler), "{name} depends on the reconciler {reconciler}");
        }
    }
}

#[test]
fn pure_crates_take_nothing_impure() {
    let all = depends(&support::workspace());
    for name in PURE {
        let taken: Vec<&str> = IMPURE.iter().copied().filter(|d| all[*name].contains(*d)).collect();
        assert!(taken.is_empty(), "{name} is pure and depends on {taken:?}");
    }
}

#[test]
fn some_crates_are_pure_to_the_root() {
    let metadata = support::resolved();
    let nodes: BTreeMap<_, _> = metadata.resolve.as_ref().unwrap().nodes.iter().map(|n| (&n.id, n)).collect();
    for name in PURE_TO_THE_ROOT {
        let start = metadata.packages.iter().find(|p| p.name == *name).unwrap();
        let (mut seen, mut open) = (BTreeSet::new(), vec![&start.id]);
        while let Some(id) = open.pop() {
            if seen.insert(id) {
                let normal =
                    nodes[id].deps.iter().filter(|d| d.dep_kinds.iter().any(|k| k.kind == DependencyKind::Normal));
                open.extend(normal.map(|d| &d.pkg));
            }
        }
        let names: BTreeSet<&str> = seen.iter().map(|id| metadata[id].name.as_str()).collect();
        for effect in ["hyper", "kube-client", "mio", "reqwest", "rustls", "tokio"] {
            assert!(!names.contains(effect), "{name} reaches {effect}");
        }
    }
}

#[test]
fn each_effect_has_one_home() {
    let all = depends(&support::workspace());
    let around = ["trimtab-e2e", "trimtab-demo", "trimtab-torture", "trimtab-bench"];
    for (dependency, homes) in HOMES {
        for (name, dependencies) in all.iter().filter(|(name, _)| !around.contains(&name.as_str())) {
            let is_home = homes.contains(&name.as_str());
            assert!(
                is_home || !dependencies.contains(*dependency),
                "{name} depends on {dependency}, whose home is {homes:?}"
            );
        }
    }
}

/// The features of the Kubernetes crates determine types in every crate, so they are chosen once.
#[test]
fn versions_and_lints_stand_at_the_root() {
    for package in support::workspace().workspace_packages() {
        let manifest = std::fs::read_to_string(&package.manifest_path).unwrap();
        assert!(manifest.contains("[lints]\nworkspace = true"), "{} has lints of its own", package.name);
        for field in ["version", "edition", "rust-version", "license"] {
            assert!(manifest.contains(&format!("{field}.workspace = true")), "{} has its own {field}", package.name);
        }
        for name in ["kube", "k8s-openapi", "schemars", "tokio", "rustls", "reqwest"] {
            let own = manifest
                .lines()
                .any(|l| l.starts_with(&format!("{name} = \"")) || l.contains(&format!("{name} = {{ version")));
            assert!(!own, "{} chooses its own version of {name}", package.name);
        }
    }
}
