//! Who may do what with recommendations, on a real API server with real users: RBAC, the rules of the CRDs and the guard of
//! `policies/approval.yaml` together. Every refusal says what to do and leaves the object as it was.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod act;
mod allowed;
mod cleaned;
mod documented;
mod edited;
mod forged;
mod going;
mod others;
mod own;
mod owners;
mod people;
mod sizes;
mod stage;
mod verb;
mod watched;

use std::time::Instant;

use act::Case;
use anyhow::{Result, ensure};
use stage::Stage;

use crate::commands;

#[tokio::test]
async fn only_who_may_approve_does_and_only_trimtab_writes_what_is_its_own() -> Result<()> {
    let begin = Instant::now();
    let at = |what: &str| println!("{:6.1} s {what}", begin.elapsed().as_secs_f64());
    let stage = Stage::start().await?;
    at("the stage is set");
    cleaned::begin(&stage).await?;
    owners::objects(&stage).await?;
    edited::objects(&stage).await?;
    let mut cases: Vec<Case> = [verb::cases(), others::cases(), forged::cases(), own::cases(), going::cases()].concat();
    cases.extend([sizes::cases(), owners::cases(), edited::cases()].concat());
    let mut wrong = Vec::new();
    for case in &cases {
        if let Err(error) = case.is_refused(&stage).await {
            wrong.push(format!("{} ({}): {error:#}", case.what, case.who));
        }
    }
    ensure!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    at(&format!("{} requests were refused", cases.len()));
    assert!(cases.len() >= 260);
    allowed::people_do_their_work(&stage).await?;
    documented::what_the_docs_say_is_admitted(&stage).await?;
    owners::what_is_protected_can_be_rejected(&stage).await?;
    edited::what_is_settled_can_be_edited(&stage).await?;
    sizes::the_cluster_does_its_work(&stage).await?;
    sizes::the_emergency_way(&stage).await?;
    allowed::trimtab_does_its_work(&stage).await?;
    at("what is allowed was done");
    watched::requesters_are_stamped(&stage).await?;
    cleaned::end(&stage).await?;
    at("what went took all with it");
    watched::the_guard_is_known(&stage).await?;
    at("the guard was watched");
    Ok(())
}
