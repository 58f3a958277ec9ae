//! A sample of the plans of `make torture`: every kind of fault, at every kind of rollout. Each ends as if undisturbed.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;

use anyhow::Result;
use trimtab_torture::{
    fault::Fault,
    scenario::Scenario,
    session::{Choice, LANES, session},
    table::table,
};

/// How many plans are tried here.
const SAMPLE: usize = 30;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rollouts_under_faults_end_as_undisturbed() -> Result<()> {
    let choice = Choice { sample: Some(SAMPLE), only: None, lanes: LANES };
    let session = session(&choice, |_, _, _| {}).await?;
    let text = table(&session);
    println!("{text}");
    for tried in session.tried.iter().filter(|t| !t.wrong.is_empty()) {
        println!("{}\n{}\n{}", tried.plan.words(), tried.wrong.join("\n"), tried.log);
    }
    assert!(session.tried.iter().all(|t| t.wrong.is_empty()), "{text}");
    assert!(session.all >= 900, "{} plans in all", session.all);
    assert_eq!(session.tried.len(), SAMPLE);
    let faults: BTreeSet<Fault> = session.tried.iter().map(|t| t.plan.fault).collect();
    assert_eq!(faults.len(), Fault::ALL.len(), "{faults:?}");
    let scenarios: BTreeSet<Scenario> = session.tried.iter().map(|t| t.plan.scenario).collect();
    assert_eq!(scenarios.len(), Scenario::ALL.len(), "{scenarios:?}");
    Ok(())
}
