#![allow(clippy::unwrap_used)]
use std::{fs, path::Path};

use super::{Checked, check};

const POLICIES: &str = "\
apiVersion: trimtab.dev/v1alpha1
kind: OptimizationPolicy
metadata:
  name: services
spec:
  targetNamespaces: [shop]
  sizing:
    profile: Cautious
    cpu: {min: 2, max: 500m}
  windows:
    - {kind: Allow, schedule: '0 22 * * *', duration: 4h}
    - kind: Allow
      schedule: '0 22 * * *'
      timeZone: Europe/Berlim
      duration: 4h
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
---
apiVersion: trimtab.dev/v1alpha1
kind: PriceBook
metadata: {name: rack}
spec:
  source: s
  nodes: []
";

fn lines(checked: &Checked) -> Vec<String> {
    checked.findings.iter().map(ToString::to_string).collect()
}

#[test]
fn each_fault_is_on_its_line_and_each_stage_waits_for_the_one_before() {
    let found = check("p.yaml", POLICIES).unwrap();
    assert_eq!(
        lines(&found),
        [
            "p.yaml:8: OptimizationPolicy/services: spec.sizing.profile: \"Cautious\" is not one of Savings, Balanced, Resilient",
            "p.yaml:24: PriceBook/rack: spec.asOf: required",
        ]
    );
    assert_eq!(found.summary(), "2 manifests checked: 2 faults; 1 other object skipped");
    // The schema holds: now its rules are evaluated.
    let rules = check("p.yaml", &POLICIES.replace("Cautious", "Savings").replace("nodes: []", "asOf: '2026-01-01'"));
    let rules = rules.unwrap();
    assert_eq!(rules.findings.len(), 1, "{rules:?}");
    let line = lines(&rules).remove(0);
    assert!(
        line.starts_with("p.yaml:9: OptimizationPolicy/services: spec.sizing.cpu: cpu.min is above cpu.max"),
        "{line}"
    );
    // The rules hold: now the controller has its say.
    let own = check("p.yaml", &POLICIES.replace("Cautious", "Savings").replace("min: 2,", "min: 200m,")).unwrap();
    let line = lines(&own).remove(0);
    let says =
        "p.yaml:14: OptimizationPolicy/services: spec: windows[1].timeZone: \"Europe/Berlim\" is not an IANA time zone";
    assert!(line.starts_with(says), "{line}");
}

#[test]
fn an_amount_beyond_measure_is_a_fault_and_the_other_objects_are_checked() {
    let policy = |name: &str, sizing: &str| {
        format!(
            "apiVersion: trimtab.dev/v1alpha1\nkind: OptimizationPolicy\nmetadata: {{name: {name}}}\n\
             spec:\n  targetNamespaces: [shop]\n  sizing: {sizing}\n---\n"
        )
    };
    let text = policy("a", "{memory: {max: \"1e39\", min: \"1e99\"}}")
        + &policy("b", "{cpu: {max: \"1e99\"}}")
        + &policy("c", "{profile: Cautious}");
    let found = check("p.yaml", &text).unwrap();
    let mut said = lines(&found);
    said.sort_unstable();
    let large = "is too large: an amount must fit into 64 bits";
    let word = "\"Cautious\" is not one of Savings, Balanced, Resilient";
    assert_eq!(
        said,
        [
            format!("p.yaml:13: OptimizationPolicy/b: spec.sizing.cpu.max: \"1e99\" {large}"),
            format!("p.yaml:20: OptimizationPolicy/c: spec.sizing.profile: {word}"),
            format!("p.yaml:6: OptimizationPolicy/a: spec.sizing.memory.max: \"1e39\" {large}"),
            format!("p.yaml:6: OptimizationPolicy/a: spec.sizing.memory.min: \"1e99\" {large}"),
        ]
    );
    assert_eq!(found.summary(), "3 manifests checked: 4 faults");
}

#[test]
fn metadata_is_refused_in_the_words_of_the_api_server() {
    let text = "\
apiVersion: trimtab.dev/v1alpha1
kind: PriceBook
metadata:
  name: rack
  labels:
    app.kubernetes.io/part of: shop
    team: -shop
  annotations:
    'Example.COM/note': any text
    a/b/c: x
spec: {source: s, asOf: '2026-01-01'}
";
    let found = lines(&check("p.yaml", text).unwrap());
    let starts = [
        "p.yaml:6: PriceBook/rack: metadata.labels: Invalid value: \"app.kubernetes.io/part of\": name part must consist of",
        "p.yaml:7: PriceBook/rack: metadata.labels: Invalid value: \"-shop\": a valid label must be an empty string or",
        "p.yaml:10: PriceBook/rack: metadata.annotations: Invalid value: \"a/b/c\": a valid label key must consist of",
    ];
    assert_eq!(found.len(), starts.len(), "{found:?}");
    for (line, start) in found.iter().zip(starts) {
        assert!(line.starts_with(start), "{line}");
    }
    let many = format!("metadata: {{name: rack, annotations: {{a: {}}}}}", "x".repeat(256 * 1024));
    let text =
        format!("apiVersion: trimtab.dev/v1alpha1\nkind: PriceBook\n{many}\nspec: {{source: s, asOf: '2026-01-01'}}\n");
    let says = "p.yaml:3: PriceBook/rack: metadata.annotations: Too long: may not be more than 262144 bytes";
    assert_eq!(lines(&check("p.yaml", &text).unwrap()), [says]);
}

#[test]
fn what_is_not_trimtabs_is_counted_and_what_pretends_to_be_is_not() {
    for (text, manifests, others, says) in [
        ("", 0, 0, None),
        ("# nothing\n---\n", 0, 0, None),
        ("a: [1, 2]\n---\n- x\n---\ntext\n", 0, 3, None),
        ("apiVersion: v1\nkind: List\nitems: [{kind: Secret}, {kind: Pod}]\n", 0, 2, None),
        ("{{- if .Values.rbac }}\nkind: Role\n{{ end }}\n", 0, 1, None),
        ("apiVersion: trimtab.dev.example.com/v1\nkind: OptimizationPolicy\n", 0, 1, None),
        (
            "apiVersion: trimtab.dev/v1alpha1\nkind: OptimisationPolicy\nmetadata: {name: a}\n",
            1,
            0,
            Some("f:2: OptimisationPolicy/a: kind: no kind"),
        ),
        (
            "apiVersion: trimtab.dev/v2\nkind: PriceBook\n",
            1,
            0,
            Some("f:1: PriceBook/?: apiVersion: \"trimtab.dev/v2\" is not"),
        ),
        (
            "apiVersion: trimtab.dev/v1alpha1\nkind: PriceBook\nspec: {source: s, asOf: '2026-01-01'}\n",
            1,
            0,
            Some("f:1: PriceBook/?: metadata.name: required"),
        ),
        (
            "apiVersion: v1\nkind: List\nitems:\n- apiVersion: trimtab.dev/v1alpha1\n  kind: UsageProfile\n  metadata: {name: a}\n  spec: {}\n",
            1,
            0,
            Some("f:7: UsageProfile/a: spec.targetRef: required"),
        ),
        // What somebody else wrote cannot begin a line of its own.
        (
            "apiVersion: trimtab.dev/v1alpha1\nkind: PriceBook\nmetadata: {name: \"a\\nf:9: b\"}\nspec: {source: s, asOf: '2026-01-01'}\n",
            1,
            0,
            Some("f:3: PriceBook/a f:9: b: metadata.name: Invalid value: \"a\\nf:9: b\": a"),
        ),
    ] {
        let found = check("f", text).unwrap();
        assert_eq!((found.manifests, found.others), (manifests, others), "{text}");
        let first = lines(&found).first().cloned();
        match says {
            None => assert_eq!(first, None, "{text}"),
            Some(says) => assert!(first.is_some_and(|line| line.starts_with(says)), "{text}\n{found:?}"),
        }
        assert!(lines(&found).iter().all(|line| line.lines().count() == 1), "{found:?}");
    }
    for text in ["apiVersion: trimtab.dev/v1alpha1\nkind: {{ .Kind }}\n  a: [", "x: trimtab.dev\ny: *none\n"] {
        assert!(check("f", text).unwrap_err().contains("this is not YAML"), "{text}");
    }
}

#[test]
fn every_manifest_that_is_shipped_or_shown_passes() {
    let mut open = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples")];
    let mut all = Checked::default();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|e| e == "yaml") {
            let name = path.display().to_string();
            all.add(check(&name, &fs::read_to_string(&path).unwrap()).unwrap());
        }
    }
    assert!(all.manifests >= 8, "{all:?}");
    assert_eq!(lines(&all), Vec::<String>::new());
}
