//! Manifests with common mistakes: each is rejected by the field or the rule that says what to fix.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

/// What is wrong, the manifest's kind and spec, and how the error must start or what it must contain.
type Bad = (&'static str, &'static str, &'static str, &'static str);

const BAD: &[Bad] = &[
    // Structure: what cannot be parsed.
    ("a spec that is a list", "OptimizationPolicy", "[shop]", "spec: must be of type object"),
    ("no spec", "OptimizationPolicy", "", "spec: required"),
    ("an unknown kind", "OptimisationPolicy", "{targetNamespaces: [shop]}", "no kind"),
    ("a misspelt field", "OptimizationPolicy", "{targetNamespace: [shop]}", "spec.targetNamespace: unknown field"),
    (
        "a field at the wrong depth",
        "OptimizationPolicy",
        "{targetNamespaces: [shop], profile: Balanced}",
        "spec.profile: unknown field",
    ),
    (
        "a namespace in a target",
        "Recommendation",
        "{type: RightSize, targetRef: {apiVersion: apps/v1, kind: Deployment, name: web, namespace: other}, proposal: {containers: [{name: c, requests: {cpu: 1}}]}}",
        "spec.targetRef.namespace: unknown field",
    ),
    (
        "a string for a list",
        "OptimizationPolicy",
        "{targetNamespaces: shop}",
        "spec.targetNamespaces: must be of type array",
    ),
    (
        "a null namespace list item",
        "OptimizationPolicy",
        "{targetNamespaces: [null]}",
        "spec.targetNamespaces[0]: must be of type string",
    ),
    // Selectors.
    ("no selector", "OptimizationPolicy", "{sizing: {profile: Savings}}", "spec: exactly one of targetNamespaces"),
    (
        "both selectors",
        "OptimizationPolicy",
        "{targetNamespaces: [a], namespaceSelector: {matchLabels: {team: a}}}",
        "spec: exactly one of targetNamespaces",
    ),
    ("an empty namespace list", "OptimizationPolicy", "{targetNamespaces: []}", "spec.targetNamespaces: fewer than 1"),
    ("an empty selector", "OptimizationPolicy", "{namespaceSelector: {}}", "an empty selector selects nothing"),
    (
        "an empty selector of workloads",
        "OptimizationPolicy",
        "{targetNamespaces: [a], workloadSelector: {matchLabels: {}}}",
        "spec.workloadSelector: an empty selector selects nothing",
    ),
    (
        "a namespace twice",
        "OptimizationPolicy",
        "{targetNamespaces: [shop, data, shop]}",
        "spec.targetNamespaces[2]: duplicate",
    ),
    (
        "a namespace with a star",
        "OptimizationPolicy",
        "{targetNamespaces: ['*']}",
        "spec: targetNamespaces must contain names of namespaces, not patterns: to select all namespaces except some, write namespaceSelector",
    ),
    (
        "a namespace of 64 characters",
        "OptimizationPolicy",
        "{targetNamespaces: [nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn]}",
        "spec.targetNamespaces[0]: longer than 63",
    ),
    (
        "an unknown operator",
        "OptimizationPolicy",
        "{namespaceSelector: {matchExpressions: [{key: a, operator: Equals, values: [b]}]}}",
        "spec.namespaceSelector.matchExpressions[0].operator: \"Equals\" is not one of",
    ),
    (
        "a label value that no object can carry",
        "OptimizationPolicy",
        "{namespaceSelector: {matchLabels: {team: 'shop and data'}}}",
        "spec.namespaceSelector.matchLabels.team: ",
    ),
    ("no kinds", "OptimizationPolicy", "{targetNamespaces: [a], kinds: []}", "spec.kinds: fewer than 1"),
    (
        "an unknown kind of workload",
        "OptimizationPolicy",
        "{targetNamespaces: [a], kinds: [Pod]}",
        "spec.kinds[0]: \"Pod\" is not one of",
    ),
    // Numbers and quantities.
    (
        "an unknown profile",
        "OptimizationPolicy",
        "{targetNamespaces: [a], sizing: {profile: balanced}}",
        "spec.sizing.profile: \"balanced\" is not one of",
    ),
    (
        "a percentile of 101",
        "OptimizationPolicy",
        "{targetNamespaces: [a], sizing: {cpu: {percentile: 101}}}",
        "spec.sizing.cpu.percentile: 101 is greater than 100",
    ),
    (
        "a percentile as a share",
        "OptimizationPolicy",
        "{targetNamespaces: [a], sizing: {cpu: {percentile: 0.95}}}",
        "spec.sizing.cpu.percentile: must be of type integer",
    ),
    (
        "a negative headroom",
        "OptimizationPolicy",
        "{targetNamespaces: [a], sizing: {memory: {headroomPercent: -5}}}",
        "spec.sizing.memory.headroomPercent: -5 is less than 0",
    ),
    (
        "CPU as a float",
        "OptimizationPolicy",
        "{targetNamespaces: [a], sizing: {cpu: {min: 0.5}}}",
        "spec.sizing.cpu.min: must be of type integer or string",
    ),
    (
        "a negative integer quantity",
        "OptimizationPolicy",
        "{targetNamespaces: [a], sizing: {cpu: {max: -1}}}",
        "spec.sizing.cpu.max: -1 is less than 0",
    ),
    (
        "a negative quantity",
        "OptimizationPolicy",
        "{targetNamespaces: [a], sizing: {cpu: {max: '-1'}}}",
        "spec.sizing.cpu.max: \"-1\" does not match",
    ),
    (
        "an unknown unit",
        "OptimizationPolicy",
        "{targetNamespaces: [a], sizing: {memory: {max: 2GB}}}",
        "spec.sizing.memory.max: \"2GB\" does not match",
    ),
    (
        "memory in thousandths of a byte",
        "OptimizationPolicy",
        "{targetNamespaces: [a], sizing: {memory: {min: 512m}}}",
        "spec.sizing.memory: memory.min is below 1Mi",
    ),
    (
        "a minimum above the maximum",
        "OptimizationPolicy",
        "{targetNamespaces: [a], sizing: {cpu: {min: '4', max: 500m}}}",
        "spec.sizing.cpu: cpu.min is above cpu.max",
    ),
    (
        "a container's minimum above the policy's maximum",
        "OptimizationPolicy",
        "{targetNamespaces: [a], sizing: {memory: {max: 1Gi}, containers: [{name: c, memory: {min: 2Gi}}]}}",
        "spec.sizing: a container's memory.min is above",
    ),
    (
        "a container twice",
        "OptimizationPolicy",
        "{targetNamespaces: [a], sizing: {containers: [{name: c, mode: 'Off'}, {name: c}]}}",
        "spec.sizing.containers[1]: duplicate",
    ),
    (
        "33 exceptions",
        "OptimizationPolicy",
        "{targetNamespaces: [a], sizing: {containers: [MANY 33]}}",
        "spec.sizing.containers: more than 32",
    ),
    // Durations and windows.
    (
        "weeks in a duration",
        "OptimizationPolicy",
        "{targetNamespaces: [a], history: {window: 2w}}",
        "spec.history.window: \"2w\" does not match",
    ),
    (
        "a duration as a number",
        "OptimizationPolicy",
        "{targetNamespaces: [a], history: {window: 336}}",
        "spec.history.window: must be of type string",
    ),
    (
        "a year of history",
        "OptimizationPolicy",
        "{targetNamespaces: [a], history: {window: 8760h}}",
        "spec.history: window must be between 24h and 2160h",
    ),
    (
        "a minimum longer than the window",
        "OptimizationPolicy",
        "{targetNamespaces: [a], history: {window: 168h, minimum: 336h}}",
        "spec.history: minimum is longer than window",
    ),
    (
        "stale data within a minute",
        "OptimizationPolicy",
        "{targetNamespaces: [a], metrics: {maxAge: 10s}}",
        "spec.metrics: maxAge must be between 1m",
    ),
    (
        "a cron macro",
        "OptimizationPolicy",
        "{targetNamespaces: [a], windows: [{kind: Allow, schedule: '@midnight', duration: 4h}]}",
        "spec.windows[0]: schedule must have five fields",
    ),
    (
        "a window without a kind",
        "OptimizationPolicy",
        "{targetNamespaces: [a], windows: [{schedule: '0 22 * * *', duration: 4h}]}",
        "spec.windows[0].kind: required",
    ),
    (
        "seventeen windows",
        "OptimizationPolicy",
        "{targetNamespaces: [a], windows: [WINDOWS 17]}",
        "spec.windows: more than 16",
    ),
    // Automatic approval and rollout.
    (
        "approving what is likely to hurt",
        "OptimizationPolicy",
        "{targetNamespaces: [a], autoApprove: {minConfidencePercent: 90, maxRiskLevel: Critical}}",
        "spec.autoApprove: maxRiskLevel must be Low, Medium or High",
    ),
    (
        "approving without a confidence",
        "OptimizationPolicy",
        "{targetNamespaces: [a], autoApprove: {maxRiskLevel: Low}}",
        "spec.autoApprove.minConfidencePercent: required",
    ),
    (
        "101 % of the replicas",
        "OptimizationPolicy",
        "{targetNamespaces: [a], rolloutStrategy: {steps: [{replicas: 101%}]}}",
        "spec.rolloutStrategy.steps[0].replicas: \"101%\" does not match",
    ),
    (
        "a step of no replicas",
        "OptimizationPolicy",
        "{targetNamespaces: [a], rolloutStrategy: {steps: [{replicas: 0}, {replicas: 100%}]}}",
        "spec.rolloutStrategy.steps[0].replicas: 0 is less than 1",
    ),
    (
        "steps that go back",
        "OptimizationPolicy",
        "{targetNamespaces: [a], rolloutStrategy: {steps: [{replicas: 50%}, {replicas: 20%}, {replicas: 100%}]}}",
        "spec.rolloutStrategy: steps must ascend",
    ),
    (
        "a canary that stops half way",
        "OptimizationPolicy",
        "{targetNamespaces: [a], rolloutStrategy: {steps: [{replicas: 50%}]}}",
        "spec.rolloutStrategy: the last step must have",
    ),
    (
        "two queries of one name",
        "OptimizationPolicy",
        "{targetNamespaces: [a], verification: {queries: [{name: q, promql: up}, {name: q, promql: down}]}}",
        "spec.verification.queries[1]: duplicate",
    ),
    (
        "queries without Prometheus",
        "OptimizationPolicy",
        "{targetNamespaces: [a], metrics: {source: MetricsServer}, verification: {queries: [{name: q, promql: up}]}}",
        "spec: verification.queries require Prometheus",
    ),
    // Money.
    (
        "money with an exponent",
        "OptimizationPolicy",
        "{targetNamespaces: [a], thresholds: {minMonthlySavings: '1e3'}}",
        "spec.thresholds.minMonthlySavings: \"1e3\" does not match",
    ),
    (
        "negative money",
        "OptimizationPolicy",
        "{targetNamespaces: [a], thresholds: {minMonthlySavings: '-1'}}",
        "spec.thresholds.minMonthlySavings: \"-1\" does not match",
    ),
    (
        "money as a float",
        "PriceBook",
        "{source: s, asOf: '2026-07-20', nodes: [{name: n, instanceType: t, hourly: 0.096}]}",
        "spec.nodes[0].hourly: must be of type string",
    ),
    (
        "a currency in lower case",
        "PriceBook",
        "{currency: usd, source: s, asOf: '2026-07-20'}",
        "spec.currency: \"usd\" does not match",
    ),
    (
        "a price of zero",
        "PriceBook",
        "{source: s, asOf: '2026-07-20', nodes: [{name: n, instanceType: t, hourly: '0.00'}]}",
        "spec.nodes[0]: a price is zero",
    ),
    (
        "a day that does not exist",
        "PriceBook",
        "{source: s, asOf: '2026-02-30'}",
        "spec.asOf: \"2026-02-30\" is no date",
    ),
    ("no source", "PriceBook", "{asOf: '2026-07-20'}", "spec.source: required"),
    (
        "two entries of one name",
        "PriceBook",
        "{source: s, asOf: '2026-07-20', nodes: [{name: n, instanceType: t, hourly: '1'}, {name: n, instanceType: u, hourly: '1'}]}",
        "spec.nodes[1]: duplicate",
    ),
    (
        "both ways to say which nodes",
        "PriceBook",
        "{source: s, asOf: '2026-07-20', nodes: [{name: n, instanceType: t, nodeSelector: {matchLabels: {a: b}}, hourly: '1'}]}",
        "spec.nodes[0]: exactly one of nodeSelector",
    ),
    (
        "a discount of 101 %",
        "PriceBook",
        "{source: s, asOf: '2026-07-20', discounts: [{name: d, percent: 101}]}",
        "spec.discounts[0].percent: 101 is greater than 99",
    ),
    // Proposals.
    (
        "a request above the limit",
        "Recommendation",
        "{type: RightSize, targetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, proposal: {containers: [{name: c, requests: {memory: 2Gi}, limits: {memory: 1Gi}}]}}",
        "spec.proposal: requests.memory must not be above limits.memory",
    ),
    (
        "a proposal of nothing",
        "Recommendation",
        "{type: RightSize, targetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, proposal: {containers: []}}",
        "spec.proposal.containers: fewer than 1",
    ),
    (
        "65 containers",
        "Recommendation",
        "{type: RightSize, targetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, proposal: {containers: [MANY 65]}}",
        "spec.proposal.containers: more than 64",
    ),
    (
        "a size for a Pod",
        "Recommendation",
        "{type: RightSize, targetRef: {apiVersion: v1, kind: Pod, name: web}, proposal: {containers: [{name: c, requests: {cpu: 1}}]}}",
        "spec: type RightSize requires a Deployment",
    ),
    (
        "an approval that says maybe",
        "Recommendation",
        "{type: RightSize, targetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, proposal: {containers: [{name: c, requests: {cpu: 1}}]}, approval: {decision: Maybe, approver: ann, proposalDigest: 'sha256:00'}}",
        "spec.approval.decision: \"Maybe\" is not one of",
    ),
    (
        "an approval of no proposal in particular",
        "Recommendation",
        "{type: RightSize, targetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, proposal: {containers: [{name: c, requests: {cpu: 1}}]}, approval: {decision: Approved, approver: ann}}",
        "spec.approval.proposalDigest: required",
    ),
    ("a profile of no workload", "UsageProfile", "{}", "spec.targetRef: required"),
];

/// `MANY n` stands for n containers, `WINDOWS n` for n windows.
fn spelled_out(spec: &str) -> String {
    let Some((before, rest)) = spec.split_once("[MANY ").or_else(|| spec.split_once("[WINDOWS ")) else {
        return spec.to_owned();
    };
    let (count, after) = rest.split_once(']').unwrap();
    let one = |n: usize| match spec.contains("WINDOWS") {
        true => "{kind: Deny, schedule: '0 22 * * *', duration: 4h}".to_owned(),
        false => format!("{{name: c{n}}}"),
    };
    let items: Vec<_> = (0..count.parse().unwrap()).map(one).collect();
    format!("{before}[{}]{after}", items.join(", "))
}

fn manifest(kind: &str, spec: &str) -> String {
    let spec = match spec {
        "" => String::new(),
        spec => format!("spec: {}\n", spelled_out(spec)),
    };
    format!("apiVersion: trimtab.dev/v1alpha1\nkind: {kind}\nmetadata: {{name: bad}}\n{spec}")
}

#[test]
fn every_bad_manifest_is_refused_where_it_is_wrong() {
    let mut wrong = Vec::new();
    for (why, kind, spec, expected) in BAD {
        let [manifest] = support::documents(&manifest(kind, spec)).try_into().unwrap();
        let refusals = support::refusals(&manifest);
        if !refusals.iter().any(|r| r.contains(expected)) {
            wrong.push(format!("{why}: expected {expected:?}, got {refusals:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A manifest with one mistake gets one message.
#[test]
fn one_fault_gets_one_message() {
    for (why, kind, spec, _) in BAD {
        let [manifest] = support::documents(&manifest(kind, spec)).try_into().unwrap();
        let refusals = support::refusals(&manifest);
        assert!(refusals.len() <= 2, "{why}: {refusals:#?}");
    }
}

/// Neither control characters nor those that change the direction of writing: with them, text reads as something else.
/// Nor line separators, nor what is not seen.
#[test]
fn text_of_an_approval_reads_as_it_is_written() {
    let refusals = |field: &str, text: &str| {
        let spec = "{type: RightSize, targetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, proposal: {containers: [{name: c, requests: {cpu: 1}}]}, approval: {decision: Approved, approver: ann, reason: yes it is, proposalDigest: 'sha256:00'}}";
        let [mut manifest] = support::documents(&manifest("Recommendation", spec)).try_into().unwrap();
        manifest["spec"]["approval"][field] = text.into();
        support::refusals(&manifest)
    };
    let marks = ['\u{61c}', '\u{200e}', '\u{200f}'];
    let marks = marks.into_iter().chain('\u{202a}'..='\u{202e}').chain('\u{2066}'..='\u{2069}');
    let breaks = '\u{2028}'..='\u{2029}';
    let unseen = ['\u{ad}', '\u{200b}', '\u{2060}', '\u{feff}'];
    let unseen = unseen.into_iter().chain('\u{e0000}'..='\u{e007f}');
    let controls = ('\0'..='\u{1f}').chain('\u{7f}'..='\u{9f}');
    for field in ["approver", "reason"] {
        for bad in marks.clone().chain(breaks.clone()).chain(unseen.clone()).chain(controls.clone()) {
            let found = refusals(field, &format!("a{bad}b"));
            let expected = format!("spec.approval.{field}: ");
            assert!(matches!(found.as_slice(), [one] if one.starts_with(&expected)), "{bad:?}: {found:?}");
        }
        // Neighbours of what is refused.
        let near = ["\u{ac}\u{ae}", "\u{2027}", "\u{2010}", "\u{2030}", "\u{205f}", "\u{e0100}"];
        let good = ["a b", "Zoë: 100 %, s'il vous plaît", "שלום", "مرحبا", "早上好", "👩\u{200d}💻", "❤\u{fe0f}"];
        for good in good.into_iter().chain(near) {
            assert_eq!(refusals(field, good), Vec::<String>::new(), "{good}");
        }
    }
}

#[test]
fn there_are_enough_and_none_twice() {
    let distinct: std::collections::BTreeSet<_> = BAD.iter().map(|b| (b.1, b.2)).collect();
    assert!(distinct.len() == BAD.len() && BAD.len() >= 25, "{} of {}", distinct.len(), BAD.len());
}
