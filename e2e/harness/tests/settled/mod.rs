//! A Recommendation is settled before it is deleted, whoever deletes it and however; decisions about it outlive it; a
//! workload belongs to one of them at a time; and a size that blocks the creation of pods is undone. On a real API
//! server with the real garbage collector, with Trimtab fully installed.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod alone;
mod beside;
mod deleted;
mod kind;
mod recreated;
mod refused;
mod remembered;
mod stage;

use std::time::Instant;

use anyhow::{Result, ensure};
use futures::future::{FutureExt, LocalBoxFuture, join_all};
use stage::Stage;

use crate::support;

/// One case, in namespaces of its own.
type Case<'a> = (&'static str, LocalBoxFuture<'a, Result<()>>);

#[tokio::test]
async fn a_recommendation_is_settled_before_it_goes() -> Result<()> {
    let begin = Instant::now();
    let stage = Stage::start().await?;
    println!("{:6.1} s the stage is set", begin.elapsed().as_secs_f64());
    let cases: Vec<Case<'_>> = vec![
        ("its owner goes in mid-rollout", deleted::with_its_owner(&stage).boxed_local()),
        ("its owner goes after it was rejected", deleted::rejected_with_its_owner(&stage).boxed_local()),
        ("its policy goes in mid-rollout", deleted::with_its_policy(&stage).boxed_local()),
        ("it goes while its size is in force", deleted::in_force(&stage).boxed_local()),
        ("it goes after a second change", deleted::after_a_second_change(&stage).boxed_local()),
        ("two are about one workload", alone::one_at_a_time(&stage).boxed_local()),
        ("a no and an undo hold for others", beside::a_no_and_an_undo(&stage).boxed_local()),
        ("a no outlives its object", remembered::a_no(&stage).boxed_local()),
        ("an undo outlives its object", remembered::an_undo(&stage).boxed_local()),
        ("its workload is recreated around its pods, midway", recreated::midway(&stage).boxed_local()),
        ("its workload is recreated around its pods, in force", recreated::in_force(&stage).boxed_local()),
        ("a StatefulSet is recreated around its pods", recreated::of_a_stateful_set(&stage).boxed_local()),
        ("its workload is replaced with its pods", recreated::with_its_pods(&stage).boxed_local()),
        ("its pods have a size of another workload", recreated::with_pods_of_another(&stage).boxed_local()),
        ("its workload goes and its pods stay", recreated::for_good(&stage).boxed_local()),
        ("no pod of a Deployment can be created", refused::of_a_deployment(&stage).boxed_local()),
        ("no pod of a StatefulSet can be created", refused::of_a_stateful_set(&stage).boxed_local()),
    ];
    let ends = join_all(cases.into_iter().map(|(what, case)| async move {
        let end = case.await;
        println!("{:6.1} s {what}: {}", begin.elapsed().as_secs_f64(), if end.is_ok() { "well" } else { "WRONG" });
        end.err().map(|error| format!("{what}: {error:#}"))
    }))
    .await;
    let mut wrong: Vec<String> = ends.into_iter().flatten().collect();
    // This one deletes all Recommendations.
    wrong.extend(kind::the_kind_goes(&stage).await.err().map(|error| format!("the kind goes: {error:#}")));
    println!("{:6.1} s the kind goes", begin.elapsed().as_secs_f64());
    ensure!(wrong.is_empty(), "{} cases:\n{}\n{}", wrong.len(), wrong.join("\n"), stage.trimtab.log());
    Ok(())
}
