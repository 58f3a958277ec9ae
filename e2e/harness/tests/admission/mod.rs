//! Delivery by admission on a real API server: new pods get the size of their entry, and no pod's creation is blocked
//! because of it, whatever happens to the template, the namespace or the entry.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod bed;
mod edits;
mod kinds;
mod latency;
mod malformed;
mod shape;
mod swept;

use std::time::Instant;

use anyhow::Result;
use bed::Bed;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sizes_by_admission_never_keep_a_pod_from_being_created() -> Result<()> {
    let begin = Instant::now();
    let at = |what: &str| println!("{:6.1} s {what}", begin.elapsed().as_secs_f64());
    let bed = Bed::start().await?;
    at("the policy is in force");
    kinds::cron_job_begins(&bed).await?;
    println!("{} edits of a template are left alone or sized as they should", edits::hold(&bed).await?);
    at("edits");
    println!("{} kinds of owners are told apart", kinds::hold(&bed).await?);
    at("owners");
    swept::entries_that_may_not_stand_are_dropped(&bed).await?;
    at("sweeping");
    latency::is_small(&bed).await?;
    at("latency");
    kinds::cron_job_ran(&bed).await?;
    at("a CronJob ran");
    // Last: it removes the schema of the kind.
    println!("{} malformed objects keep no pod from being created", malformed::hold(&bed).await?);
    at("malformed objects");
    Ok(())
}
