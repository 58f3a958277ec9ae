//! What a size in force says about new pods, as long as admission delivers it and after; and what the end of an undo
//! says about pods that are somebody else's.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod points;

use points::{answered, at, edited, former, gate, new};
use trimtab_api::{approval::Decision, delivery::DeliveryMode};
use trimtab_engine::standing::Standing;
use trimtab_rollout::{
    Request, Session, Step,
    view::{NotGiven, View},
};

/// Whether it is delivered, and the message.
fn says(change: impl FnOnce(&mut View)) -> (bool, String) {
    let mut view = at("Applied");
    change(&mut view);
    match answered(&view, Session::default()).1 {
        Step::Wait { standing: Standing::Applied(message), .. } => (true, message),
        Step::Wait { standing: Standing::NotDelivered(message), .. } => (false, message),
        other => panic!("{other:?}"),
    }
}

fn template(view: &mut View, sizes: Vec<trimtab_api::resources::ContainerResources>) {
    let target = view.target.as_mut().unwrap();
    (target.template, target.template_has_former) = ("t2".to_owned(), sizes == former());
    target.template_has_desired = sizes == new();
    target.template_sizes = sizes;
    (view.sizes_entry, view.sizes_given) = (false, Err(NotGiven::OtherResources));
}

#[test]
fn it_is_applied_as_long_as_new_pods_get_it() {
    let (delivered, message) = says(|_| {});
    assert!(delivered && message.ends_with("new pods get it at creation, the template is unchanged"), "{message}");
    let (delivered, message) = says(|v| template(v, new()));
    assert!(delivered && message.ends_with("the workload's template has it"), "{message}");
    let (delivered, message) = says(|v| points::deliver(v, DeliveryMode::Template));
    assert!(delivered && message.ends_with("the workload's template has it"), "{message}");
}

#[test]
fn it_says_when_new_pods_do_not_get_it_and_how_many_still_have_it() {
    let (delivered, message) = says(|v| v.sizes_entry = false);
    assert!(!delivered && message.contains("its entry in AppliedSizes is gone ("), "{message}");
    assert!(message.contains("4 of 4 pods still have the new size; reject it"), "{message}");
    let (delivered, message) = says(|v| {
        template(v, edited());
        v.pods[0].spec = edited();
        v.pods[1].terminating = true;
    });
    assert!(!delivered && message.contains("2 of 3 pods still have the new size"), "{message}");
    let (delivered, message) = says(|v| {
        template(v, edited());
        v.pods.iter_mut().for_each(|p| p.spec = edited());
    });
    assert!(!delivered && message.contains("no pod has it any more"), "{message}");
    let (delivered, message) = says(|v| v.sizes_given = Err(NotGiven::OtherResources));
    assert!(!delivered && message.contains("a LimitRange gives them other defaults"), "{message}");
    // Also while it is unknown which decision counts.
    let (delivered, _) = says(|v| {
        v.sizes_entry = false;
        (v.approval, v.approval_known) = (None, Err(gate("Guard", "ApprovalGuardMissing")));
    });
    assert!(!delivered);
}

#[test]
fn it_says_when_the_admission_policy_is_not_in_force() {
    let missing = || Err(NotGiven::PolicyNotInForce("the binding is missing".to_owned()));
    let (delivered, message) = says(|v| v.sizes_given = missing());
    let why = "the admission policy that gives it to new pods is not in force (the binding is missing); ";
    assert!(!delivered && message.ends_with(&format!("{why}4 of 4 pods still have it")), "{message}");
    let (_, message) = says(|v| {
        v.sizes_given = missing();
        v.pods.iter_mut().for_each(|p| p.spec = former());
    });
    assert!(message.ends_with(&format!("{why}no pod has it now")), "{message}");
    // What the template has needs no policy.
    let (delivered, _) = says(|v| {
        template(v, new());
        v.sizes_given = missing();
    });
    assert!(delivered);
}

#[test]
fn it_names_a_container_that_is_gone_and_counts_no_pod_without_it() {
    let renamed = |v: &mut View| {
        template(v, Vec::new());
        v.pods.iter_mut().for_each(|p| p.spec.clear());
    };
    let (delivered, message) = says(renamed);
    assert!(
        !delivered && message.contains("because container app is gone from the template: no pod has it"),
        "{message}"
    );
}

#[test]
fn it_counts_the_pods_where_not_all_have_it_now() {
    let none = |v: &mut View| v.pods.iter_mut().for_each(|p| p.spec = former());
    let (delivered, message) = says(none);
    assert!(delivered && message.contains("to 4/4 pods, no pod has it now; new pods get it"), "{message}");
    let (_, message) = says(|v| {
        none(v);
        v.pods[0].spec = new();
    });
    assert!(message.contains("to 4/4 pods, 1 of 4 pods have it now; new pods get it"), "{message}");
    let (_, message) = says(|v| v.pods.clear());
    assert!(message.contains("to 4/4 pods; new pods get it"), "{message}");
}

#[test]
fn a_workload_of_runs_says_whether_one_had_it() {
    let runs = |v: &mut View| {
        v.target.as_mut().unwrap().runs_to_completion = true;
        v.pods.clear();
    };
    let (_, message) = says(runs);
    assert!(message.contains("; no run is known to have had it yet; new pods get it"), "{message}");
    let (_, message) = says(|v| {
        runs(v);
        v.ran = true;
    });
    assert!(!message.contains("no run"), "{message}");
}

#[test]
fn it_can_be_undone_as_ever() {
    let mut view = at("Applied");
    template(&mut view, edited());
    view.approval.as_mut().unwrap().decision = Decision::Rejected;
    assert_eq!(points::says(&view), "Undoing Rejected");
}

#[test]
fn a_single_pod_is_spoken_of_in_the_singular() {
    let alone = |v: &mut View| {
        v.pods.truncate(1);
        v.rollout.as_mut().unwrap().progress = "1/1".to_owned();
    };
    let (delivered, message) = says(alone);
    assert!(delivered && message.contains(" to 1/1 pod; new pods get it"), "{message}");
    let (delivered, message) = says(|v| {
        alone(v);
        v.sizes_entry = false;
    });
    assert!(!delivered && message.contains("1 of 1 pod still has the new size; reject it"), "{message}");
}

#[test]
fn the_end_of_an_undo_does_not_claim_pods_of_another_template() {
    let ends = |change: fn(&mut View)| {
        let mut view = at("Undoing");
        view.pods.iter_mut().for_each(|p| p.spec = former());
        change(&mut view);
        match answered(&view, Session::default()).1 {
            Step::Ask(Request::WriteStatus(end)) => end.undo.unwrap().message,
            other => panic!("{other:?}"),
        }
    };
    let message = ends(|_| {});
    assert!(message.ends_with("Readiness: 3 of 4"), "{message}");
    // The template has a size of its own, or the new one, and pods have it from there.
    for sizes in [edited, new] {
        let mut view = at("Undoing");
        template(&mut view, sizes());
        view.pods.iter_mut().for_each(|p| p.spec = former());
        view.pods[2].spec = sizes();
        let Step::Ask(Request::WriteStatus(end)) = answered(&view, Session::default()).1 else { panic!("it ends") };
        let message = end.undo.unwrap().message;
        let says = "; 1 of 4 pods have other resources, because the workload's template was changed";
        assert!(message.ends_with(says), "{message}");
    }
    let message = ends(|v| {
        v.target.as_mut().unwrap().runs_to_completion = true;
        v.pods[2].spec = new();
    });
    assert!(message.ends_with("Readiness: 3 of 4"), "the pods of a CronJob are not restored: {message}");
}

#[test]
fn an_undo_that_found_no_pod_with_the_size_says_so() {
    let mut view = at("Undoing");
    template(&mut view, Vec::new());
    view.pods.iter_mut().for_each(|p| p.spec.clear());
    let Step::Ask(Request::WriteStatus(end)) = answered(&view, Session::default()).1 else { panic!("it ends") };
    let undo = end.undo.clone().unwrap();
    let message = undo.message;
    assert!(message.contains("; no pod had the new size any more: 4 of 4 pods have other resources"), "{message}");
    assert!(undo.nothing_to_restore);
    view.rollout = Some(*end);
    let said = rolled_back(&view);
    assert!(said.starts_with("it was undone at "), "{said}");
}

/// The message of one that was undone.
fn rolled_back(view: &View) -> String {
    match answered(view, Session::default()).1 {
        Step::Wait { standing: Standing::RolledBack(message), .. } => message,
        other => panic!("{other:?}"),
    }
}

#[test]
fn whether_there_was_nothing_to_restore_is_not_read_from_words_that_others_may_choose() {
    let mut view = at("Undoing");
    view.pods.iter_mut().for_each(|p| p.spec = former());
    let undo = view.rollout.as_mut().unwrap().undo.as_mut().unwrap();
    undo.message = "worse than before: Query/no pod had the new size any more: 3".to_owned();
    let Step::Ask(Request::WriteStatus(end)) = answered(&view, Session::default()).1 else { panic!("it ends") };
    assert!(!end.undo.as_ref().unwrap().nothing_to_restore);
    view.rollout = Some(*end);
    let said = rolled_back(&view);
    assert!(said.starts_with("the former values were restored "), "{said}");
}
