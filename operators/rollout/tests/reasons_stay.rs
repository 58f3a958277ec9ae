//! The last checks are still visible after a rollout was undone.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod points;

use points::{LONG, answered, at, former};
use trimtab_api::{
    rollout::{RolloutStatus, Stage},
    verification::{Check, Verdict},
};
use trimtab_rollout::{Request, Session, Step, view::Resize};

fn written(view: &trimtab_rollout::view::View) -> RolloutStatus {
    match answered(view, Session::default()).1 {
        Step::Ask(Request::WriteStatus(rollout)) => *rollout,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_checks_that_failed_stay_in_the_status() {
    let failed = vec![Check { name: "OOMKills".to_owned(), verdict: Verdict::Fail, message: "1".to_owned() }];
    let mut view = at("Watching, step 1");
    view.checks = failed.clone();
    let undoing = written(&view);
    assert_eq!((undoing.stage, &undoing.checks), (Stage::Undoing, &failed));
    // During an undo nothing is compared.
    view.checks.clear();
    view.pods.iter_mut().for_each(|p| p.spec = former());
    view.rollout = Some(undoing);
    let ended = written(&view);
    assert_eq!((ended.stage, &ended.checks), (Stage::Ended, &failed));
}

#[test]
fn what_was_reset_and_is_not_given_by_its_node_is_said_at_the_end() {
    let mut view = at("Watching, step 1");
    view.checks = vec![Check { name: "OOMKills".to_owned(), verdict: Verdict::Fail, message: "1".repeat(2000) }];
    let mut undoing = written(&view);
    undoing.undo.as_mut().unwrap().since.0 = LONG;
    view.pods.iter_mut().for_each(|p| p.spec = former());
    view.rollout = Some(undoing.clone());
    let message = |view: &_| written(view).undo.unwrap().message;
    assert_eq!(message(&view), undoing.undo.unwrap().message, "all have it");
    view.pods[0].resize = Resize::Deferred { since_s: LONG.as_second(), message: "no room".to_owned() };
    let said = message(&view);
    let name = &view.pods[0].name;
    let end = format!("; pod {name} was reset, but its node has not resized it to the former size yet");
    assert!(said.ends_with(&end) && said.chars().count() <= 1024, "{said}");
}
