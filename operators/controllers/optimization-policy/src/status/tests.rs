//! What a policy's status reports about a pass.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use trimtab_core::WorkloadKind;

use super::*;
use crate::testkit::now;

fn id(name: &str) -> WorkloadId {
    WorkloadId::new(WorkloadKind::Deployment, "shop", name)
}

fn recommended(monthly: &str, currency: &str, estimated: bool) -> Tally {
    let monthly = Money::parse_signed(monthly).unwrap();
    Tally::Recommended { monthly, realisable: monthly, currency: currency.into(), estimated }
}

fn findings() -> Findings {
    let outcomes = vec![
        (id("a"), recommended("10.005", "USD", false)),
        (id("b"), recommended("-2.50", "USD", false)),
        (id("c"), Tally::RightSized),
        (id("d"), Tally::Skipped(Skip::OptedOut)),
        (id("e"), Tally::Skipped(Skip::StaleMetrics)),
        (id("f"), Tally::Skipped(Skip::StaleMetrics)),
    ];
    Findings { outcomes, source: "Prometheus", ..Findings::default() }
}

fn status(findings: &Findings) -> OptimizationPolicyStatus {
    analyzed(&OptimizationPolicyStatus::default(), findings, None, &Runbooks::default(), Some(1), now())
}

/// Status, reason and message of a condition; empty if there is none.
fn condition(status: &OptimizationPolicyStatus, kind: &str) -> (String, String, String) {
    let found = status.conditions.iter().find(|c| c.type_ == kind);
    found.map_or_else(Default::default, |c| (c.status.clone(), c.reason.clone(), c.message.clone()))
}

#[test]
fn what_came_of_workloads_adds_up_to_what_is_selected() {
    let status = status(&findings());
    let counts = status.workloads.clone().unwrap();
    assert_eq!((counts.selected, counts.recommended, counts.right_sized, counts.skipped), (6, 2, 1, 3));
    assert_eq!(counts.selected, counts.recommended + counts.right_sized + counts.skipped);
    assert_eq!(counts.skipped, status.skipped.iter().map(|s| s.count).sum::<i32>());
    let skipped: Vec<_> = status.skipped.iter().map(|s| (s.reason.as_str(), s.workloads.join(" "))).collect();
    assert_eq!(
        skipped,
        [
            ("StaleMetrics", "Deployment shop/e Deployment shop/f".to_owned()),
            ("OptedOut", "Deployment shop/d".to_owned())
        ]
    );
    assert_eq!(status.savings.unwrap().monthly, "7.51");
}

#[test]
fn what_was_really_saved_is_summed_in_one_currency() {
    let saved = |monthly: &str, total: &str, currency: &str| RealisedAmounts {
        monthly: Money::parse_signed(monthly).unwrap(),
        total: Money::parse_signed(total).unwrap(),
        currency: currency.into(),
    };
    let sums = |realised: Vec<RealisedAmounts>| {
        let shown = status(&Findings { realised, ..findings() }).realised_savings;
        shown.map(|s| (s.monthly, s.total, s.currency.0))
    };
    assert_eq!(sums(Vec::new()), None, "nothing was carried out");
    let two = vec![saved("10.50", "0.0049", "EUR"), saved("-2.25", "1.0049", "EUR")];
    assert_eq!(sums(two), Some(("8.25".into(), "1.01".into(), "EUR".into())), "rounded once, after the sum");
    assert_eq!(sums(vec![saved("10", "1", "EUR"), saved("10", "1", "USD")]), None);
}

#[test]
fn all_are_named_as_far_as_there_is_room() {
    let many =
        |skip: Skip, n: usize| (0..n).map(move |i| (id(&format!("{}-{i:03}", skip.reason())), Tally::Skipped(skip)));
    let named = |outcomes: Vec<(WorkloadId, Tally)>| {
        let skipped = status(&Findings { outcomes, ..Findings::default() }).skipped;
        skipped.into_iter().map(|s| (s.reason, s.count, s.workloads.len())).collect::<Vec<_>>()
    };
    let of = |reason: &str, count, named| (reason.to_owned(), count, named);
    assert_eq!(named(many(Skip::NoUsageData, 40).collect()), [of("NoUsageData", 40, 40)]);
    let outcomes = many(Skip::NoUsageData, 900)
        .chain(many(Skip::StaleMetrics, 300))
        .chain(many(Skip::OptedOut, 190))
        .chain(many(Skip::Finished, 3))
        .collect();
    assert_eq!(
        named(outcomes),
        [of("NoUsageData", 900, 107), of("StaleMetrics", 300, 200), of("OptedOut", 190, 190), of("Finished", 3, 3)]
    );
}

#[test]
fn names_that_match_nothing_are_a_condition_while_there_are_some() {
    use crate::unmatched::{Place, Unmatched};
    assert_eq!(condition(&status(&findings()), "NamesUnmatched"), Default::default());
    let one = |n: usize| Unmatched {
        place: Place::Policy,
        reason: "ContainerNotFound",
        message: format!("name {n}"),
        means_mode: false,
        holds_back: false,
    };
    let names = Names { list: (1..=7).map(one).collect(), more: 3 };
    let found = condition(&status(&Findings { names, ..findings() }), "NamesUnmatched");
    assert_eq!((found.0.as_str(), found.1.as_str()), ("True", "ContainerNotFound"));
    assert!(found.2.starts_with("name 1; name 2; name 3; name 4; name 5; and 5 more"), "{}", found.2);
    assert!(found.2.contains("/ContainerNotFound.md"), "{}", found.2);
}

#[test]
fn an_annotation_that_cannot_be_applied_is_told_beside_the_workload() {
    let invalid = |name: &str| (id(name), Tally::Skipped(Skip::InvalidAnnotation));
    let outcomes: Vec<_> = ["a", "b", "c", "d"].map(invalid).into();
    let fault = |name: &str| (id(name), format!("{}: annotation of {name}", id(name)));
    let annotations = ["a", "b", "c", "d"].map(fault).into();
    let [skipped] = status(&Findings { outcomes, annotations, ..Findings::default() }).skipped.try_into().unwrap();
    assert!(
        skipped.message.contains("; Deployment shop/a: annotation of a; Deployment shop/b: "),
        "{}",
        skipped.message
    );
    assert!(skipped.message.len() <= 512 && !skipped.message.contains("shop/d"), "{}", skipped.message);
    assert_eq!(skipped.workloads.len(), 4);
}

#[test]
fn a_custom_resource_that_is_not_seen_is_said_with_what_can_be_done() {
    let unseen = vec!["CloneSet is named by --workload-kinds but not sized".to_owned()];
    let none = Findings { unseen: unseen.clone(), ..Findings::default() };
    for findings in [none, Findings { unseen, ..findings() }] {
        let (_, reason, message) = condition(&status(&findings), "Ready");
        assert!(["NoWorkloads", "Analyzed"].contains(&reason.as_str()), "{reason}");
        assert!(message.contains("; CloneSet is named by --workload-kinds but not sized"), "{message}");
    }
}

#[test]
fn amounts_in_two_currencies_have_no_sum() {
    let mut findings = findings();
    findings.outcomes.push((id("g"), recommended("1", "EUR", false)));
    assert_eq!(status(&findings).savings, None);
    assert_eq!(status(&Findings::default()).savings, None, "nor has nothing");
}

#[test]
fn what_cannot_be_realised_is_said_beside_the_sum() {
    assert_eq!(status(&findings()).savings.unwrap().realisable_monthly, None, "all of it can");
    let mut findings = findings();
    let monthly = Money::parse_signed("88").unwrap();
    let on_a_gpu_node =
        Tally::Recommended { monthly, realisable: Money::ZERO, currency: "USD".into(), estimated: false };
    findings.outcomes.push((id("g"), on_a_gpu_node));
    let savings = status(&findings).savings.unwrap();
    assert_eq!((savings.monthly.as_str(), savings.realisable_monthly.as_deref()), ("95.51", Some("7.51")));
}

#[test]
fn every_condition_says_what_is_true() {
    let with = |change: fn(&mut Findings)| {
        let mut findings = findings();
        change(&mut findings);
        findings
    };
    let cases: Vec<(Findings, &str, &str, &str, &str)> = vec![
        (findings(), "Ready", "True", "Analyzed", "6 workloads: 2 with a recommendation, 1 right-sized, 3 skipped"),
        (findings(), "MetricsAvailable", "True", "MetricsFresh", "Prometheus"),
        (findings(), "PricesEstimated", "False", "PricesKnown", "price list"),
        (findings(), "Overlapping", "False", "NoOverlap", "no other policy"),
        (findings(), "Reconciling", "", "", ""),
        (with(|f| f.outcomes.truncate(1)), "Ready", "True", "Analyzed", "1 workload: 1 with a recommendation"),
        (with(|f| f.outcomes.clear()), "Ready", "True", "NoWorkloads", "check the namespaces"),
        (
            with(|f| {
                f.outcomes.clear();
                f.lost_to.insert("first".into(), 2);
            }),
            "Ready",
            "True",
            "NoWorkloads",
            "see condition Overlapping",
        ),
        (
            with(|f| {
                f.outcomes.clear();
                f.unowned = [(Some("Workflow".into()), 3), (None, 2)].into();
            }),
            "Ready",
            "True",
            "NoWorkloads",
            "5 pods there belong to no sized kind: 3 of kind Workflow, 2 without an owner",
        ),
        (with(|f| f.missing_namespaces = vec!["x".into(), "y".into()]), "Ready", "False", "NamespaceNotFound", "x, y"),
        (with(|f| f.metrics_fault = Some(("MetricsStale", "old".into()))), "Ready", "False", "MetricsStale", "old"),
        (
            with(|f| f.metrics_fault = Some(("MetricsStale", "old".into()))),
            "MetricsAvailable",
            "False",
            "MetricsStale",
            "old",
        ),
        (
            with(|f| f.metrics_fault = Some(("MetricsStale", "old".into()))),
            "MetricsAmbiguous",
            "False",
            "MetricsUnambiguous",
            "no series is known to be of two clusters; see MetricsAvailable",
        ),
        (
            with(|f| f.blind = vec!["Pod cannot be watched: 403".into()]),
            "Ready",
            "False",
            "WorldIncomplete",
            "Pod cannot",
        ),
        (
            with(|f| f.outcomes.push((id("g"), recommended("1", "USD", true)))),
            "PricesEstimated",
            "True",
            "NodeTypeUnknown",
            "the prices behind 1 recommendation are estimates",
        ),
        (with(|f| f.lost_to = [("first".into(), 2)].into()), "Overlapping", "True", "PrecedenceLost", "first (2)"),
        (with(|f| f.won_from = [("second".into(), 2)].into()), "Overlapping", "True", "PrecedenceWon", "second (2)"),
        (
            with(|f| {
                f.won_from.insert("second".into(), 2);
                f.lost_to.insert("first".into(), 1);
            }),
            "Overlapping",
            "True",
            "PrecedenceLost",
            "first (1)",
        ),
        (
            with(|f| f.write_failures = Some((1, "403".into()))),
            "Reconciling",
            "True",
            "WriteFailed",
            "1 recommendation could",
        ),
    ];
    for (nth, (findings, kind, value, reason, says)) in cases.into_iter().enumerate() {
        let found = condition(&status(&findings), kind);
        assert_eq!((found.0.as_str(), found.1.as_str()), (value, reason), "case {nth}: {found:?}");
        assert!(found.2.contains(says), "case {nth}: {found:?}");
    }
}

#[test]
fn what_blinds_counts_before_what_is_missing() {
    let findings = Findings {
        blind: vec!["Node cannot be watched".into()],
        metrics_fault: Some(("MetricsStale", "old".into())),
        missing_namespaces: vec!["x".into()],
        ..findings()
    };
    assert_eq!(condition(&status(&findings), "Ready").1, "WorldIncomplete");
}

#[test]
fn the_same_findings_are_the_same_status_at_any_time() {
    let pages = Runbooks::default();
    let first = status(&findings());
    for seconds in [1, 3600, 86_400 * 400] {
        let later = now() + jiff::SignedDuration::from_secs(seconds);
        assert_eq!(analyzed(&first, &findings(), None, &pages, Some(1), later), first);
        let paused = suspended(&first, Some(1), now());
        assert_eq!(suspended(&paused, Some(1), later), paused);
        let error = PolicyError::EmptySelector { field: "workloadSelector" };
        let wrong = invalid(&first, &error, &pages, Some(1), now());
        assert_eq!(invalid(&wrong, &error, &pages, Some(1), later), wrong);
    }
}

#[test]
fn a_wrong_spec_is_stalled_and_a_suspended_policy_keeps_its_counts() {
    let pages = Runbooks::at("https://wiki.example.org/ops").unwrap();
    let before = status(&findings());
    let wrong = invalid(&before, &PolicyError::Scope, &pages, Some(2), now());
    assert_eq!(condition(&wrong, "Ready").1, "InvalidSpec");
    assert_eq!(condition(&wrong, "Stalled").0, "True");
    let message = condition(&wrong, "Ready").2;
    assert!(message.ends_with("ee https://wiki.example.org/ops/InvalidSpec.md"), "{message}");
    assert_eq!((wrong.savings, wrong.workloads.unwrap().selected), (None, 0));
    let empty = PolicyError::EmptySelector { field: "namespaceSelector" };
    assert_eq!(condition(&invalid(&before, &empty, &pages, None, now()), "Ready").1, "EmptySelector");
    let paused = suspended(&before, Some(2), now());
    assert_eq!(condition(&paused, "Ready").1, "Suspended");
    assert_eq!((&paused.workloads, &paused.savings), (&before.workloads, &before.savings));
    let again = analyzed(&wrong_again(&before), &findings(), None, &pages, Some(3), now());
    assert_eq!(condition(&again, "Stalled"), Default::default(), "mended");
}

fn wrong_again(before: &OptimizationPolicyStatus) -> OptimizationPolicyStatus {
    invalid(before, &PolicyError::Scope, &Runbooks::default(), Some(2), now())
}
