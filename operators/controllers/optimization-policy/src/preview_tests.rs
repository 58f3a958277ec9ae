#![allow(clippy::unwrap_used)]
use std::sync::Arc;

use trimtab_api::conditions::reasons::{METRICS_STALE, METRICS_UNAVAILABLE};
use trimtab_core::{WorkloadId, WorkloadKind};

use super::{Previewed, told};
use crate::{
    outcome::{Outcome, Skip},
    testkit::a_deployment,
};

fn previewed(name: &str, policy: &str, outcome: Outcome) -> Previewed {
    let mut row = a_deployment().row;
    row.id = WorkloadId::new(WorkloadKind::Deployment, "shop", name);
    Previewed { row: Arc::new(row), policy: policy.to_owned(), outcome, containers: Vec::new(), fault: None }
}

#[test]
fn stale_workloads_are_named_and_only_they() {
    let stale = |name: &str| previewed(name, "mine", Outcome::Skip(Skip::StaleMetrics));
    let fault = || (METRICS_STALE, "the newest sample is old".to_owned());
    let others = [
        previewed("nightly", "mine", Outcome::RightSized),
        previewed("new", "mine", Outcome::Skip(Skip::NoUsageData)),
        previewed("theirs", "other", Outcome::Skip(Skip::StaleMetrics)),
    ];
    assert_eq!(told(fault(), "mine", &others), None, "everything of it is decided on, or for another reason not");
    let some: Vec<Previewed> = others.iter().cloned().chain([stale("web"), stale("db")]).collect();
    let (reason, message) = told(fault(), "mine", &some).unwrap();
    assert_eq!(reason, METRICS_STALE);
    assert_eq!(message, "the newest sample is old; that is Deployment shop/web, Deployment shop/db");
    let many: Vec<Previewed> = (0..12).map(|n| stale(&format!("w{n}"))).collect();
    assert!(told(fault(), "mine", &many).unwrap().1.ends_with("Deployment shop/w9 and 2 more"));
    // If nothing is known at all, there are none to name.
    let none = (METRICS_UNAVAILABLE, "no usage".to_owned());
    assert_eq!(told(none.clone(), "mine", &others), Some(none));
}
