//! What happens to a Recommendation, by its row and the outcome of the decision.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::json;
use trimtab_api::{
    Recommendation,
    approval::{Approval, Decision},
    risk::RiskLevel,
    rollout::{RolloutResult, RolloutStatus, Stage},
};

use super::*;
use crate::{
    object::{self, PolicyIdentity},
    outcome::Skip,
    sized,
    testkit::*,
};
use trimtab_sizing::Sizes;

const ALL_SKIPS: [Skip; 19] = [
    Skip::OptedOut,
    Skip::ContainersExcluded,
    Skip::NoUsageData,
    Skip::InsufficientHistory,
    Skip::StaleMetrics,
    Skip::ScaledToZero,
    Skip::NoMatchingNodes,
    Skip::HpaOnSameResource,
    Skip::ContradictingBounds,
    Skip::QuotaExceeded,
    Skip::Terminating,
    Skip::ManagedByVpa,
    Skip::Finished,
    Skip::PodLevelResources,
    Skip::InvalidAnnotation,
    Skip::MetricsUnavailable,
    Skip::MetricsAmbiguous,
    Skip::PriceUnknown,
    Skip::NameTaken,
];

fn scene() -> Scene {
    a_deployment().requesting("1", "1Gi").using(steady(0.12, 180.0), 14)
}

/// The object that was written for a draft, as read back.
fn stored(draft: &Draft) -> Recommendation {
    let policy = PolicyIdentity { name: "balanced".into(), uid: "u".into() };
    let mut rec = object::recommendation(&policy, &scene().row.id, draft);
    rec.metadata.uid = Some("rec".into());
    rec.metadata.generation = Some(1);
    rec.status = Some(object::status(draft, None, Some(1), now()));
    rec
}

fn row(rec: &Recommendation) -> RecommendationRow {
    RecommendationRow::of(rec).unwrap()
}

fn row_of(draft: &Draft) -> RecommendationRow {
    row(&stored(draft))
}

#[test]
fn what_is_proposed_for_the_first_time_is_written_and_then_kept() {
    let draft = scene().draft();
    let outcome = Outcome::Recommend(Box::new(draft.clone()));
    assert_eq!(change("balanced", &outcome, None), Change::Propose);
    assert_eq!(change("balanced", &outcome, Some(&row_of(&draft))), Change::Keep);
}

/// A percentage of a draft's savings.
fn scaled(draft: &Draft, percent: i64) -> String {
    format!("{:.2}", draft.savings.monthly.parse::<f64>().unwrap() * percent as f64 / 100.0)
}

#[test]
fn what_moved_is_written_and_what_only_drifted_is_not() {
    let draft = scene().draft();
    type Edit = Box<dyn Fn(&mut RecommendationRow, &mut Draft)>;
    let cases: Vec<(&str, Change, Edit)> = vec![
        ("another policy takes over", Change::Propose, Box::new(|row, _| row.policy = Some("other".into()))),
        ("the workload was made anew", Change::Propose, Box::new(|_, d| d.uid = "anew".into())),
        ("another proposal", Change::Propose, Box::new(|_, d| d.proposal.containers[0].requests.cpu = None)),
        ("somebody edited the proposal", Change::Propose, Box::new(|row, _| row.proposal.containers.clear())),
        ("no status yet", Change::Restate, Box::new(|row, _| row.savings = None)),
        (
            "somebody decided, which is not this controller's to say",
            Change::Keep,
            Box::new(|row, _| row.generation = 2),
        ),
        (
            "its rollout is under way",
            Change::Keep,
            Box::new(|row, d| {
                row.rollout = Some(RolloutStatus { stage: Stage::Resizing, result: None, ..a_rollout() });
                d.proposal.containers[0].requests.cpu = None;
            }),
        ),
        ("the template changed", Change::Restate, Box::new(|_, d| d.current[0].requests.cpu = None)),
        ("much surer", Change::Restate, Box::new(|_, d| d.confidence_percent -= 10)),
        ("a little surer", Change::Keep, Box::new(|_, d| d.confidence_percent -= 9)),
        ("riskier", Change::Restate, Box::new(|_, d| d.risk.level = RiskLevel::High)),
        ("another risk", Change::Restate, Box::new(|_, d| d.risk.factors[0].reason = "Other".into())),
        ("the same risk in other words", Change::Keep, Box::new(|_, d| d.risk.factors[0].message = "other".into())),
        ("saves a fifth more", Change::Restate, Box::new(|_, d| d.savings.monthly = scaled(d, 121))),
        ("saves a little more", Change::Keep, Box::new(|_, d| d.savings.monthly = scaled(d, 119))),
        (
            "cents",
            Change::Keep,
            Box::new(|row, d| {
                row.savings.as_mut().unwrap().amount = Some(Money::parse("0.01").unwrap());
                d.savings.monthly = "1.00".into();
            }),
        ),
        ("saves becomes costs", Change::Restate, Box::new(|_, d| d.savings.monthly = scaled(d, -100))),
        ("another currency", Change::Restate, Box::new(|_, d| d.savings.currency.0 = "EUR".into())),
        ("prices are guessed now", Change::Restate, Box::new(|_, d| d.savings.estimated = true)),
        ("another way to decide", Change::Restate, Box::new(|_, d| d.evidence.algorithm = "other/Balanced".into())),
        ("newer samples", Change::Keep, Box::new(|_, d| d.evidence.containers[0].cpu_samples += 1)),
        ("other words", Change::Keep, Box::new(|_, d| d.explanation.push('!'))),
    ];
    for (case, expected, edit) in cases {
        let (mut row, mut draft) = (row_of(&draft), draft.clone());
        edit(&mut row, &mut draft);
        let outcome = Outcome::Recommend(Box::new(draft));
        assert_eq!(change("balanced", &outcome, Some(&row)), expected, "{case}");
        // A person's proposal, and an object that is being deleted anyway, are never touched.
        let theirs = RecommendationRow { policy: None, ..row.clone() };
        assert_eq!(change("balanced", &outcome, Some(&theirs)), Change::Keep, "{case}, a person's");
        let going = RecommendationRow { terminating: true, ..row };
        assert_eq!(change("balanced", &outcome, Some(&going)), Change::Keep, "{case}, terminating");
    }
}

#[test]
fn evidence_is_renewed_about_once_a_day_while_the_proposal_stands() {
    let step = |draft: &mut Draft, from_s: i64, to_s: i64| {
        let time = |t: &mut k8s_openapi::apimachinery::pkg::apis::meta::v1::Time, by| {
            t.0 += jiff::SignedDuration::from_secs(by);
        };
        time(&mut draft.evidence.from, from_s);
        time(&mut draft.evidence.to, to_s);
    };
    let mut draft = scene().draft();
    let mut row = row_of(&draft);
    let mut writes = 0;
    // Ten days, a pass every five minutes: the newest sample advances, and so does the oldest one.
    for _ in 0..10 * 288 {
        step(&mut draft, 300, 300);
        match change("balanced", &Outcome::Recommend(Box::new(draft.clone())), Some(&row)) {
            Change::Restate => {
                writes += 1;
                row = row_of(&draft);
            }
            other => assert_eq!(other, Change::Keep),
        }
    }
    assert_eq!(writes, 10);
    // Nothing new is known: nothing is written, however much time passes.
    assert_eq!(change("balanced", &Outcome::Recommend(Box::new(draft.clone())), Some(&row)), Change::Keep);
    // History was added at its old end, as when a metrics server is restored.
    step(&mut draft, -86_400, 0);
    assert_eq!(change("balanced", &Outcome::Recommend(Box::new(draft)), Some(&row)), Change::Restate);
}

#[test]
fn what_no_longer_holds_is_withdrawn_unless_it_is_only_in_doubt() {
    let row = row_of(&scene().draft());
    let outcomes = ALL_SKIPS.map(Outcome::Skip).into_iter().chain([Outcome::RightSized]);
    for outcome in outcomes {
        let expected = match &outcome {
            Outcome::Skip(
                Skip::NoUsageData
                | Skip::InsufficientHistory
                | Skip::StaleMetrics
                | Skip::ScaledToZero
                | Skip::NoMatchingNodes
                | Skip::MetricsUnavailable
                | Skip::MetricsAmbiguous
                | Skip::PriceUnknown,
            ) => Change::Keep,
            Outcome::Skip(skip) => Change::Withdraw(skip.reason()),
            _ => Change::Withdraw("RightSized"),
        };
        assert_eq!(change("balanced", &outcome, Some(&row)), expected, "{outcome:?}");
        assert_eq!(change("balanced", &outcome, None), Change::Keep, "{outcome:?}, nothing known");
        // From this proposal, or from an earlier one.
        let present = row.shown_digest.clone().unwrap();
        let original = stored(&scene().draft()).spec.proposal.containers;
        for rollout in [
            RolloutStatus { proposal_digest: present.clone(), ..a_rollout() },
            a_rollout(),
            RolloutStatus {
                proposal_digest: present,
                result: Some(RolloutResult::RolledBack),
                original,
                ..a_rollout()
            },
        ] {
            let applied = RecommendationRow { rollout: Some(rollout), ..row.clone() };
            let change = change("balanced", &outcome, Some(&applied));
            assert_eq!(change, Change::Keep, "{outcome:?}, in force: it is undone by it");
        }
        for row in
            [RecommendationRow { policy: None, ..row.clone() }, RecommendationRow { terminating: true, ..row.clone() }]
        {
            assert_eq!(change("balanced", &outcome, Some(&row)), Change::Keep, "{outcome:?}");
        }
    }
}

#[test]
fn a_decision_is_left_to_the_controller_that_carries_it_out() {
    let draft = scene().draft();
    let mut rec = stored(&draft);
    rec.spec.approval = Some(Approval {
        decision: Decision::Rejected,
        approver: "kim".into(),
        reason: None,
        proposal_digest: draft.digest.clone(),
    });
    rec.metadata.generation = Some(2);
    let rejected = row(&rec);
    let outcome = Outcome::Recommend(Box::new(draft.clone()));
    assert_eq!(
        change("balanced", &outcome, Some(&rejected)),
        Change::Keep,
        "who decided is the other controller's to say"
    );
    let ready = |status: &trimtab_api::RecommendationStatus| {
        status.conditions.iter().find(|c| c.type_ == "Ready").map(|c| c.reason.clone())
    };
    assert_eq!(ready(&object::status(&draft, None, Some(1), now())).as_deref(), Some("PendingApproval"));
    if let Some(condition) = rec.status.as_mut().and_then(|s| s.conditions.iter_mut().find(|c| c.type_ == "Ready")) {
        condition.reason = "Rejected".to_owned();
    }
    let told = row(&rec);
    assert_eq!(ready(&object::status(&draft, Some(&told), Some(2), now())), None, "nor are its conditions taken back");
}

fn former(cpu: (i64, Option<i64>), mib: (i64, Option<i64>)) -> Proposal {
    let sizes = Sizes {
        cpu_request: Some(cpu.0),
        cpu_limit: cpu.1,
        memory_request: Some(mib.0 << 20),
        memory_limit: mib.1.map(|m| m << 20),
    };
    Proposal { containers: vec![sized::written("app", sizes)] }
}

#[test]
fn numbers_that_are_close_to_the_former_ones_are_not_new() {
    let (c, m) = asked(0.12, 180.0);
    // The least former numbers that are at most 5 % below the new request, and the greatest at most 10 % above.
    let (least, most) = (|v: i64| (v * 100 + 104) / 105, |v: i64| v * 100 / 90);
    for (case, cpu, mib, held) in [
        ("the same", c, m, true),
        ("5 % more is not worth a change", least(c), least(m), true),
        ("beyond that it is", least(c) - 1, least(m) - 1, false),
        ("10 % less is not worth a change", most(c), most(m), true),
        ("beyond that it is", most(c) + 1, most(m) + 1, false),
    ] {
        let (cpu_after, mib_after) = if held { (cpu, mib) } else { (c, m) };
        let found = scene().proposing(&former((cpu, None), (mib, None))).proposed("app");
        assert_eq!(found, format!("{cpu_after}m/- {mib_after}Mi/-"), "{case} {cpu}");
    }
}

#[test]
fn the_former_numbers_never_override_what_holds_today() {
    let (c, m) = asked(0.12, 180.0);
    let (high_c, high_m) = (c + 4, m + 8);
    let close = former((high_c, None), (high_m, None));
    let is = |scene: Scene, expected: String, case: &str| assert_eq!(scene.proposed("app"), expected, "{case}");
    let held = scene().proposing(&close);
    is(held, format!("{high_c}m/- {high_m}Mi/-"), "nothing in the way");
    let (max_c, max_m) = (format!("{}m", c + 2), format!("{}Mi", m + 4));
    let capped = scene().under(json!({"sizing": {"cpu": {"max": max_c}, "memory": {"max": max_m}}}));
    is(capped.proposing(&close), format!("{c}m/- {m}Mi/-"), "a new maximum");
    let min = format!("{}m", high_c + 1);
    let raised = scene().annotated(&[("trimtab.dev/min-cpu", &min)]).proposing(&close);
    is(raised, format!("{min}/- {high_m}Mi/-"), "a new minimum");
    let scaled = || scene().with_hpa_on_cpu().proposing(&former((990, None), (m, None)));
    is(scaled(), format!("1/- {m}Mi/-"), "under an autoscaler CPU stays at what the template says today");
    let all = json!({"thresholds": {"minChangePercent": 0, "minCpu": "0"}});
    is(scaled().under(all), format!("1/- {m}Mi/-"), "also where every change counts");
    let limited = scene().limited_to("1900m", "").proposing(&former((c, Some(2000)), (m, None)));
    is(limited, format!("{c}m/1900m {m}Mi/-"), "a limit that is kept is the one of today");
    let today = format!("{c}m");
    let tight = a_deployment().requesting("50m", "1Gi").limited_to(&today, "").using(steady(0.12, 180.0), 14);
    let raised = tight.proposing(&former((high_c, Some(high_c)), (m, None)));
    is(raised, format!("{high_c}m/{high_c}m {m}Mi/-"), "but for one that was raised because the request needed it");
    let removing = || scene().limited_to("2", "").under(json!({"sizing": {"cpu": {"limit": "Remove"}}}));
    is(removing().proposing(&close), format!("{high_c}m/- {high_m}Mi/-"), "limits that are removed stay removed");
    let with_limit = former((high_c, Some(2000)), (m, None));
    is(removing().proposing(&with_limit), format!("{c}m/- {m}Mi/-"), "a limit that goes is seen");
    let mut others = close;
    others.containers[0].name = "other".into();
    is(scene().proposing(&others), format!("{c}m/- {m}Mi/-"), "another container's numbers are not this one's");
}

#[test]
fn a_proposal_does_not_come_and_go_with_the_number_of_pods() {
    let asks = |amount: &str| json!({"thresholds": {"minMonthlySavings": amount}});
    let draft = scene().draft();
    assert_eq!(scene().under(asks("90")).decide(), Outcome::RightSized);
    let standing = scene().under(asks("90")).proposing(&draft.proposal).decide();
    assert!(matches!(standing, Outcome::Recommend(_)));
    assert_eq!(scene().under(asks("170")).proposing(&draft.proposal).decide(), Outcome::RightSized);
}
