//! What was compared last can still be seen once a rollout was undone.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod points;

use points::{NOW, at, former};
use trimtab_api::recommendation_rollout::{Check, RolloutStatus, Stage, Verdict};
use trimtab_rollout::{
    Session,
    ask::{Request, Step},
    step,
};

fn written(view: &trimtab_rollout::view::View) -> RolloutStatus {
    match step(view, Session::default(), None, NOW).1 {
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
    // On the way back nothing is compared.
    view.checks.clear();
    view.pods.iter_mut().for_each(|p| p.spec = former());
    view.rollout = Some(undoing);
    let ended = written(&view);
    assert_eq!((ended.stage, &ended.checks), (Stage::Ended, &failed));
}
