//! A change stacked upon one in force: the sizes before both are known, and restored when both are undone.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod points;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use points::{LONG, NOW, answered, at, edited, former, new};
use trimtab_api::{
    applied_sizes::WorkloadHistory,
    approval::Decision,
    delivery::DeliveryMode,
    quantity::Quantity,
    resources::{ContainerResources, Resources},
    rollout::{RolloutResult, RolloutStatus, Stage},
};
use trimtab_rollout::{
    Request, Session, Step,
    start::wanted,
    view::{Deletion, View},
};

fn written(view: &View) -> RolloutStatus {
    match answered(view, Session::default()).1 {
        Step::Ask(Request::WriteStatus(rollout)) => *rollout,
        other => panic!("{other:?}"),
    }
}

/// The decision record that is written.
fn recorded(view: &View) -> WorkloadHistory {
    match answered(view, Session::default()).1 {
        Step::Ask(Request::Remember(history)) => *history,
        other => panic!("{other:?}"),
    }
}

/// A second, approved proposal upon an applied one.
fn second() -> View {
    let mut view = at("Applied");
    (view.digest, view.proposal) = ("sha256:two".to_owned(), edited());
    view.approval.as_mut().unwrap().proposal_digest = view.digest.clone();
    view
}

/// The second change has ended.
fn ended(result: RolloutResult) -> View {
    let mut view = second();
    let size = if result == RolloutResult::Applied { edited() } else { new() };
    view.pods.iter_mut().for_each(|p| p.spec = size.clone());
    let undone = at("RolledBack").rollout.unwrap();
    view.rollout = Some(RolloutStatus {
        stage: Stage::Ended,
        result: Some(result),
        ended: Some(Time(LONG)),
        delivered: result == RolloutResult::Applied,
        undo: undone.undo.filter(|_| result == RolloutResult::RolledBack),
        ..written(&second())
    });
    view
}

fn sizes(r: &RolloutStatus) -> (&[ContainerResources], &[ContainerResources], &[ContainerResources]) {
    (&r.original, &r.former, &r.desired)
}

#[test]
fn a_second_change_knows_what_was_before_the_first() {
    assert_eq!(sizes(&written(&second())), (&former()[..], &new()[..], &edited()[..]));
    let mut third = ended(RolloutResult::Applied);
    (third.digest, third.proposal) = ("sha256:three".to_owned(), at("not begun").proposal);
    third.approval.as_mut().unwrap().proposal_digest = third.digest.clone();
    assert_eq!(sizes(&written(&third)), (&former()[..], &edited()[..], &new()[..]));
}

#[test]
fn what_somebody_else_changed_since_is_not_given_back() {
    // The template was edited, and its pods were created from that.
    let mut view = second();
    view.proposal = former();
    let target = view.target.as_mut().unwrap();
    (target.template, target.template_sizes) = ("t2".to_owned(), edited());
    view.pods.iter_mut().for_each(|p| p.spec = edited());
    assert_eq!(sizes(&written(&view)), (&[][..], &edited()[..], &former()[..]));
    // The template itself now has the size that the first change delivered by admission.
    let mut view = second();
    view.target.as_mut().unwrap().template_sizes = new();
    assert!(written(&view).original.is_empty());
    // If the first change was delivered by template, it is still that change.
    view.rollout.as_mut().unwrap().delivery = DeliveryMode::Template;
    assert_eq!(written(&view).original, former());
}

#[test]
fn the_second_alone_is_undone_and_then_the_first_by_a_later_decision() {
    let mut view = ended(RolloutResult::Applied);
    view.approval.as_mut().unwrap().decision = Decision::Rejected;
    let undoing = written(&view);
    assert_eq!((undoing.stage, sizes(&undoing)), (Stage::Undoing, (&former()[..], &new()[..], &edited()[..])));
    // New pods get the size of the first change again.
    view.rollout = Some(undoing);
    view.sizes_entry = true;
    assert_eq!(points::says(&view), "put");

    let mut view = ended(RolloutResult::RolledBack);
    view.sizes_entry = false;
    let approval = view.approval.as_mut().unwrap();
    (approval.decision, approval.since) = (Decision::Rejected, Time(LONG));
    view.history = Some(recorded(&view));
    assert_eq!(points::says(&view), "~RolledBack", "that was the decision that undid the second");
    view.approval.as_mut().unwrap().since = Time(NOW);
    // Nothing would show any more why the second was undone.
    view.history = Some(recorded(&view));
    assert_eq!(view.history.as_ref().unwrap().undone[0].proposal_digest, "sha256:two");
    let undoing = written(&view);
    assert_eq!((undoing.stage, sizes(&undoing)), (Stage::Undoing, (&[][..], &former()[..], &new()[..])));
    assert!(undoing.delivered, "the entry of the first may be there");
}

#[test]
fn a_deletion_goes_back_to_the_original_at_once() {
    for (result, from) in [(RolloutResult::Applied, edited()), (RolloutResult::RolledBack, new())] {
        let mut view = ended(result);
        view.deletion = Some(Deletion::Alone);
        if result == RolloutResult::RolledBack {
            view.history = Some(recorded(&view));
        }
        let undoing = written(&view);
        assert_eq!((undoing.stage, sizes(&undoing)), (Stage::Undoing, (&[][..], &former()[..], &from[..])));
    }
}

#[test]
fn an_entry_is_put_back_only_where_there_was_one() {
    // Pods differed from the template, without a change by Trimtab in force: somebody resized them.
    let mut view = at("Undoing");
    view.target.as_mut().unwrap().template_sizes = edited();
    view.sizes_entry = true;
    assert_eq!(points::says(&view), "drop");
    view.rollout.as_mut().unwrap().original = edited();
    assert_eq!(points::says(&view), "put former");
}

#[test]
fn containers_beside_the_proposal_keep_their_size() {
    let named = |name: &str, cpu: &str| ContainerResources {
        name: name.to_owned(),
        requests: Resources { cpu: Some(Quantity(cpu.to_owned())), memory: None },
        limits: Resources::default(),
    };
    let mut last = at("Applied").rollout.unwrap();
    last.former = vec![named("app", "500m"), named("log", "100m")];
    last.desired = vec![named("app", "250m"), named("log", "50m")];
    let proposal = [named("app", "300m")];
    let both = |log: &str| vec![named("app", "300m"), named("log", log)];
    assert_eq!(wanted(&proposal, Some(&last), Some("u1")), both("50m"));
    assert_eq!(wanted(&proposal, Some(&last), Some("u2")), proposal, "another workload");
    assert_eq!(wanted(&proposal, None, Some("u1")), proposal);
    // It was undone, and the change before it is in force.
    last.result = Some(RolloutResult::RolledBack);
    assert_eq!(wanted(&proposal, Some(&last), Some("u1")), proposal, "nothing is in force");
    last.original = vec![named("app", "500m"), named("log", "200m")];
    assert_eq!(wanted(&proposal, Some(&last), Some("u1")), both("100m"));
}

#[test]
fn a_limit_alone_is_the_request_too_as_the_api_server_has_it() {
    let amounts =
        |cpu: &str| Resources { cpu: Some(Quantity(cpu.to_owned())), memory: Some(Quantity("1Gi".to_owned())) };
    let container = |requests| ContainerResources { name: "app".to_owned(), requests, limits: amounts("2") };
    for (requests, expected) in [
        (Resources::default(), amounts("2")),
        (amounts("1"), amounts("1")),
        (Resources { memory: None, ..amounts("1") }, amounts("1")),
    ] {
        assert_eq!(wanted(&[container(requests.clone())], None, None), [container(expected)], "{requests:?}");
    }
}
