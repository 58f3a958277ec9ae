use serde_json::json;
use trimtab_api::{remediation::plan::PlannedVerb, risk::RiskLevel};

use crate::{
    observed::{Budget, Controller, Look, Observed, Pod},
    plan::ActionPlan,
    planning::{Input, plan},
    refusal::Refusal,
    testkit::{NOW, as_node, as_workload, node, other, planned, pod, settings, step, workload},
    writer::Writer,
};

fn scaled(target: &Observed, replicas: i32) -> Result<ActionPlan, Vec<Refusal>> {
    let steps = [step("s", "ScaleWorkload", target, json!({"replicas": replicas}))];
    planned(&steps, std::slice::from_ref(target), json!({}))
}

fn cordoned(target: &Observed) -> Result<ActionPlan, Vec<Refusal>> {
    planned(&[step("s", "CordonNode", target, json!(null))], std::slice::from_ref(target), json!({}))
}

fn drained(target: &Observed, flags: serde_json::Value) -> Result<ActionPlan, Vec<Refusal>> {
    planned(&[step("s", "DrainNode", target, flags)], std::slice::from_ref(target), json!({}))
}

fn reason<T>(result: Result<T, Vec<Refusal>>) -> &'static str {
    result.map(|_| ()).unwrap_err()[0].reason
}

fn factors(plan: &ActionPlan) -> Vec<&str> {
    plan.risk.factors.iter().map(|f| f.reason.as_str()).collect()
}

#[test]
fn a_plan_shows_the_exact_request_with_former_and_new_value() {
    let plan = scaled(&workload(2), 4).unwrap();
    let shown = plan.shown(NOW);
    assert_eq!(shown.requests.len(), 1);
    let request = &shown.requests[0];
    assert_eq!((request.verb, request.resource.as_str()), (PlannedVerb::Patch, "deployments/scale.apps"));
    assert_eq!((request.uid.as_deref(), request.diff.as_deref()), (Some("w-1"), Some("/spec/replicas: 2 -> 4")));
    assert_eq!((plan.risk.level, shown.notes.len()), (RiskLevel::Low, 0));
}

#[test]
fn the_risk_of_scaling_depends_on_what_goes_away() {
    let with = |change: fn(&mut Observed), from, to| {
        let mut target = workload(from);
        change(&mut target);
        let plan = scaled(&target, to).unwrap();
        (plan.risk.level, factors(&plan).into_iter().map(str::to_owned).collect::<Vec<_>>())
    };
    let nothing: fn(&mut Observed) = |_| ();
    let is = |level, reasons: &[&str]| (level, reasons.iter().map(|r| (*r).to_owned()).collect::<Vec<_>>());
    assert_eq!(with(nothing, 2, 4), is(RiskLevel::Low, &[]));
    assert_eq!(with(nothing, 10, 7), is(RiskLevel::Medium, &["FewerReplicas"]));
    assert_eq!(with(nothing, 10, 6), is(RiskLevel::High, &["ManyPods", "FewerReplicas"]));
    assert_eq!(with(nothing, 4, 4), is(RiskLevel::Low, &[]), "nothing is sent");
    assert_eq!(with(nothing, 1, 0).0, RiskLevel::Critical);
    assert_eq!(with(|t| as_workload(t).is_stateful = true, 2, 4), is(RiskLevel::Medium, &["StatefulSet"]));
    let both: fn(&mut Observed) = |t| (t.in_production, t.was_undone) = (true, true);
    assert_eq!(with(both, 2, 4), is(RiskLevel::High, &["UndoneBefore", "Production"]));
}

#[test]
fn what_another_controller_scales_is_refused_and_named() {
    let mut target = workload(2);
    as_workload(&mut target).scalers = vec!["HorizontalPodAutoscaler web".to_owned()];
    let refusals = scaled(&target, 4).unwrap_err();
    assert_eq!((refusals[0].reason, refusals[0].is_final), ("HpaOwnsReplicas", false));
    assert!(refusals[0].gate().message.contains("step s: HorizontalPodAutoscaler web scales deployments.apps/web"));
    let mut target = workload(2);
    as_workload(&mut target).owner = Some("Deployment web".to_owned());
    assert_eq!(reason(scaled(&target, 4)), "OwnedByController");
    let mut target = workload(2);
    as_workload(&mut target).room = Some(1);
    assert_eq!(reason(scaled(&target, 4)), "NoQuota");
    assert!(scaled(&target, 3).is_ok());
    assert!(scaled(&target, 0).is_ok(), "fewer pods need no room");
}

#[test]
fn a_target_is_what_the_step_names_or_there_is_no_plan() {
    let target = workload(2);
    let mut one = step("s", "ScaleWorkload", &target, json!({"replicas": 4}));
    let refused = |step: &trimtab_api::remediation::step::Step, look: Look, own| {
        let settings = settings(json!({}));
        let input =
            Input { steps: std::slice::from_ref(step), world: &[look], settings: &settings, in_own_namespace: own };
        plan(&input).map(|_| ()).unwrap_err()[0].clone()
    };
    let here = |observed: &Observed| Look::Here(Box::new(observed.clone()));
    assert_eq!(refused(&one, Look::Gone, true).reason, "TargetNotFound");
    assert_eq!(refused(&one, Look::Unknown("timeout".to_owned()), true).reason, "TargetUnreadable");
    let going = Observed { is_terminating: true, ..target.clone() };
    assert_eq!(refused(&one, here(&going), true).reason, "TargetTerminating");
    one.target.uid = Some("w-0".to_owned());
    let replaced = refused(&one, here(&target), true);
    assert_eq!((replaced.reason, replaced.is_final), ("TargetReplaced", true));
    let cordon = step("s", "CordonNode", &node("n1"), json!(null));
    assert_eq!(refused(&cordon, here(&node("n1")), false).reason, "WrongNamespace");
    assert_eq!(refused(&cordon, here(&target), true).reason, "KindNotAccepted");
    let mut group = step("s", "ScaleWorkload", &target, json!({"replicas": 4}));
    group.target.api_version = "example.com/v1".to_owned();
    assert_eq!(refused(&group, here(&target), true).reason, "KindNotAccepted", "an ambiguous kind");
    let later = step("s", "RestartWorkload", &target, json!(null));
    assert_eq!(refused(&later, here(&target), true).reason, "UnknownAction");
}

#[test]
fn the_digest_covers_what_is_approved_and_no_version() {
    let base = scaled(&workload(2), 4).unwrap().digest;
    let mut same = workload(2);
    same.version = "8".to_owned();
    same.fields[0].writer = other("argocd");
    assert_eq!(scaled(&same, 4).unwrap().digest, base, "versions and owners do not count");
    let mut remade = workload(2);
    remade.object.uid = "w-2".to_owned();
    let mut riskier = workload(2);
    riskier.in_production = true;
    for (what, other) in [
        ("the new value", scaled(&workload(2), 5)),
        ("the former value", scaled(&workload(3), 4)),
        ("the uid", scaled(&remade, 4)),
        ("the risk", scaled(&riskier, 4)),
    ] {
        assert_ne!(other.unwrap().digest, base, "{what}");
    }
    let steps = [step("s", "ScaleWorkload", &workload(2), json!({"replicas": 4}))];
    let shorter = planned(&steps, &[workload(2)], json!({"undo": {"after": "1h"}})).unwrap();
    assert_ne!(shorter.digest, base, "how long it stays");
}

#[test]
fn a_plan_that_is_too_risky_is_refused_for_good() {
    let steps = [step("s", "ScaleWorkload", &workload(2), json!({"replicas": 0}))];
    let refusals = planned(&steps, &[workload(2)], json!({"maxRiskLevel": "Medium"})).unwrap_err();
    assert_eq!((refusals[0].reason, refusals[0].is_final), ("RiskTooHigh", true));
    assert!(planned(&steps, &[workload(2)], json!({"maxRiskLevel": "Critical"})).is_ok());
}

#[test]
fn a_node_is_cordoned_if_enough_others_stay() {
    let with = |nodes, usable, is_ready| {
        let mut target = node("n1");
        let about = as_node(&mut target);
        (about.nodes, about.usable, about.is_ready) = (nodes, usable, is_ready);
        cordoned(&target).map(|plan| plan.steps[0].changes.len())
    };
    assert_eq!(with(10, 7, true), Ok(1));
    assert_eq!(reason(with(10, 6, true)), "NotEnoughNodes");
    assert_eq!(with(10, 6, false), Ok(1), "a sick node takes nothing away");
    assert_eq!(reason(with(2, 2, true)), "NotEnoughNodes");
}

#[test]
fn a_node_that_is_cordoned_already_is_left_alone_and_whose_it_is_is_said() {
    let mut target = node("n1");
    target.fields[0].value = Some(json!(true));
    target.fields[0].writer = other("kubectl-cordon");
    as_node(&mut target).usable = 0;
    let plan = cordoned(&target).unwrap();
    let shown = plan.shown(NOW);
    assert_eq!((plan.steps[0].changes.len(), shown.requests.len()), (0, 0));
    assert!(
        shown.notes.iter().any(|note| note.contains("cordoned already, by kubectl-cordon at ")),
        "{:?}",
        shown.notes
    );
    assert_eq!(plan.risk.level, RiskLevel::Low);
}

#[test]
fn a_system_node_or_a_large_share_of_its_pool_is_riskier() {
    let mut target = node("n1");
    as_node(&mut target).is_system = true;
    as_node(&mut target).pool = 3;
    let plan = cordoned(&target).unwrap();
    assert_eq!((plan.risk.level, factors(&plan)), (RiskLevel::High, vec!["LargeShareOfPool", "SystemNode"]));
}

#[test]
fn a_drain_cordons_first_and_names_each_pod_with_its_uid() {
    let mut target = node("n1");
    let mut daemon = pod("log", "n1");
    daemon.controller = Some(Controller { kind: "DaemonSet".to_owned(), name: "log".to_owned(), exists: true });
    as_node(&mut target).pods = vec![pod("web-2", "n1"), daemon, pod("web-1", "n1")];
    assert_eq!(reason(drained(&target, json!({}))), "FlagNeeded");
    let plan = drained(&target, json!({"ignoreDaemonSets": true})).unwrap();
    let shown = plan.shown(NOW);
    let said: Vec<_> = shown.requests.iter().map(|r| (r.verb, r.uid.as_deref().unwrap_or(""))).collect();
    let expected = [(PlannedVerb::Patch, "n-1"), (PlannedVerb::Evict, "uid-web-1"), (PlannedVerb::Evict, "uid-web-2")];
    assert_eq!(said, expected);
    assert!(shown.notes.iter().any(|note| note.contains("1 pod stays: shop/log")), "{:?}", shown.notes);
    assert!(shown.notes.iter().any(|note| note.contains("undo: The node is uncordoned if this action cordoned it")));
}

#[test]
fn what_is_lost_is_said_and_raises_the_risk() {
    let mut target = node("n1");
    as_node(&mut target).pods = vec![
        Pod { has_empty_dir: true, ..pod("cache", "n1") },
        Pod { controller: None, ..pod("bare", "n1") },
        Pod { memory: 1 << 50, ..pod("huge", "n1") },
    ];
    let plan = drained(&target, json!({"deleteEmptyDirData": true, "force": true})).unwrap();
    let mut found = factors(&plan);
    found.sort_unstable();
    assert_eq!(found, ["Action", "EmptyDirData", "NoRoomForPods", "UnmanagedPods"]);
    let room = plan.risk.factors.iter().find(|f| f.reason == "NoRoomForPods").unwrap();
    assert_eq!(room.message, "no other node has room for 1 pod: shop/huge");
}

#[test]
fn a_budget_that_never_gives_way_is_named_before_anything_is_evicted() {
    let mut target = node("n1");
    let budget = |desired, allowed| Budget {
        namespace: "shop".to_owned(),
        name: "web".to_owned(),
        selector: Some(trimtab_core::selector::Selector::default()),
        allowed,
        healthy: 3,
        desired,
        expected: 3,
        ..Budget::default()
    };
    as_node(&mut target).pods = vec![pod("web-1", "n1"), pod("web-2", "n1")];
    as_node(&mut target).budgets = vec![budget(3, 0)];
    let refusals = drained(&target, json!({})).unwrap_err();
    assert_eq!(refusals[0].reason, "EvictionBlocked");
    let message = &refusals[0].message;
    assert!(message.starts_with("Never: PodDisruptionBudget shop/web: 2 pods (shop/web-1, shop/web-2): "), "{message}");
    as_node(&mut target).budgets = vec![budget(2, 1)];
    let plan = drained(&target, json!({})).unwrap();
    assert!(plan.shown(NOW).notes.iter().any(|note| note.contains("Slow: PodDisruptionBudget shop/web: 2 pods")));
}

#[test]
fn an_empty_pod_selector_never_means_all_pods() {
    let mut target = node("n1");
    as_node(&mut target).pods = vec![pod("web-1", "n1")];
    let refusals = drained(&target, json!({"podSelector": {}})).unwrap_err();
    assert_eq!((refusals[0].reason, refusals[0].is_final), ("EmptySelector", true));
}

#[test]
fn more_pods_than_a_status_holds_are_refused_and_a_long_plan_is_cut_and_counted() {
    let mut target = node("n1");
    as_node(&mut target).pods = (0..200).map(|n| pod(&format!("web-{n:03}"), "n1")).collect();
    let shown = drained(&target, json!({})).unwrap().shown(NOW);
    assert_eq!((shown.requests.len(), shown.omitted), (128, 73));
    as_node(&mut target).pods = (0..257).map(|n| pod(&format!("web-{n:03}"), "n1")).collect();
    assert_eq!(reason(drained(&target, json!({}))), "TooManyPods");
}

#[test]
fn a_later_step_is_planned_as_if_the_earlier_ones_were_done() {
    let target = node("n1");
    let steps = [step("cordon", "CordonNode", &target, json!(null)), step("drain", "DrainNode", &target, json!({}))];
    let plan = planned(&steps, &[target.clone(), target.clone()], json!({})).unwrap();
    assert_eq!(plan.steps.iter().map(|step| step.changes.len()).collect::<Vec<_>>(), [1, 0]);
    // Once the first is done, the second has the same plan.
    let mut after = target.clone();
    (after.fields[0].value, after.fields[0].writer) = (Some(json!(true)), Writer::ThisAction);
    let then = planned(&steps[1..], &[after], json!({})).unwrap();
    assert_eq!(then.steps[0].digest, plan.steps[1].digest);
}

/// The longest status that these actions can have, in bytes.
fn longest() -> usize {
    let long = |n: usize, length: usize| format!("{n:0>length$}");
    let mut target = node(&long(0, 253));
    let of = |n: usize| Pod { namespace: long(n, 63), uid: long(n, 36), ..pod(&long(n, 253), &long(0, 253)) };
    as_node(&mut target).pods = (0..256).map(of).collect();
    let plan = drained(&target, json!({})).unwrap();
    let view = crate::view::View {
        settings: settings(json!({"undo": {"after": "1h"}})),
        steps: vec![step("s", "DrainNode", &target, json!({}))].into(),
        in_own_namespace: true,
        world: vec![Look::Here(Box::new(target))],
        plan: Ok(std::sync::Arc::new(plan.clone())),
        run: None,
        approval: None,
        approval_known: Ok(()),
        is_deleted: false,
        is_protected: true,
        place: None,
        policy_deleted: None,
        start_gates: Vec::new(),
        forward_gates: Vec::new(),
        checks: vec![
            trimtab_engine::checks::check(long(0, 80), trimtab_api::verification::Verdict::Pass, long(0, 512));
            32
        ],
        symptom: crate::view::Symptom::Unknown(long(0, 256)),
    };
    let by = trimtab_api::approval::Approver::person(&long(0, 253));
    let run = crate::status::started(&view, &plan, &by, NOW);
    let run = crate::status::listed(&run, 0, plan.steps[0].evictions.clone());
    let mut run = crate::status::undoing(&view, &run, "TimedOut", &long(0, 1024), NOW);
    run.steps[0].checks = view.checks.clone();
    run.steps[0].before = view.checks.clone();
    let mut status =
        trimtab_api::remediation::status::RemediationActionStatus { plan: Some(plan.shown(NOW)), ..Default::default() };
    run.write(&mut status);
    json!(status).to_string().len()
}

#[test]
fn the_longest_status_fits_into_its_bound() {
    let (bytes, most) = (longest(), trimtab_api::remediation::status::MOST_BYTES);
    assert!(bytes < most * 9 / 10, "{bytes} of {most} bytes, and conditions and gates come on top");
}
