//! A new release over an old one while rollouts are under way in seven stages, and the text of the approval guard changes:
//! all end as they would have, none is approved again, and none is lost.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod earlier;
mod fleet;

use std::{
    collections::BTreeMap,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use trimtab_e2e::{PlaneOptions, eventually, repository, trimtab_bin};

use fleet::{A_ROLLOUT, GROUPS, Stand, names, stands};
use support::{AGENT, Guarded, Running, SOON, modest, prometheus};

use crate::support;

const OWN: &str = "trimtab-system";
const LEADS: &str = "leader_election_master_status{name=\"trimtab-controller\"}";
/// How long there may be no leader.
const NO_LEADER: Duration = Duration::from_secs(20);
/// How all Recommendations stand.
type Stands = BTreeMap<(String, String), Stand>;

fn run(guarded: &Guarded, program: &Path, name: &str, prometheus: &str) -> Result<Running> {
    let args = ["--namespace", OWN, "--prometheus-url", prometheus, "--interval", "10s"];
    Running::start_program(program, &guarded.kubeconfig, guarded.cluster.plane.dir(), name, &args)
}

async fn leads(trimtab: &Running) -> Result<()> {
    eventually(SOON, "it leads", async || {
        ensure!(trimtab.metric(LEADS).await? == 1.0, "not yet");
        Ok(())
    })
    .await
}

async fn apply(guarded: &Guarded, part: &str) -> Result<()> {
    let path = repository().join(part).display().to_string();
    guarded.cluster.plane.kubectl(&["apply", "--server-side", "--force-conflicts", "-f", &path]).await?;
    Ok(())
}

/// Whether nothing happened to any of them apart from their own course.
fn undisturbed(before: &Stands, after: &Stands) -> Result<()> {
    let disturbed = |(key, stand): (&(String, String), &Stand)| {
        let found = after.get(key).map_or(Some("it is gone".to_owned()), |after| stand.disturbed(after));
        found.map(|what| format!("{}/{}: {what}", key.0, key.1))
    };
    let wrong: Vec<String> = before.iter().filter_map(disturbed).collect();
    ensure!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), before.len(), wrong.join("\n"));
    Ok(())
}

/// Those of a namespace whose `Ready` has not this reason.
fn others<'a>(all: &'a Stands, group: &'a str, reason: &'a str) -> impl Iterator<Item = String> + 'a {
    let other =
        move |((namespace, _), stand): &(&(String, String), &Stand)| namespace == group && stand.reason != reason;
    all.iter().filter(other).map(|((namespace, name), stand)| format!("{namespace}/{name} is {}", stand.reason))
}

/// How often each pod was resized.
fn resized(guarded: &Guarded) -> Result<BTreeMap<(String, String), usize>> {
    let mut counts = BTreeMap::new();
    for event in guarded.cluster.plane.audit().events()? {
        if event.user_agent.starts_with(AGENT) && event.target() == "pods/resize" && event.code == 200 {
            *counts.entry((event.namespace, event.name)).or_default() += 1;
        }
    }
    Ok(counts)
}

#[tokio::test]
async fn rollouts_in_all_stages_outlive_an_upgrade_that_changes_the_guard() -> Result<()> {
    let begin = Instant::now();
    let at = |what: &str| println!("{:6.1} s {what}", begin.elapsed().as_secs_f64());
    let guarded = Guarded::guarded_by(earlier::GUARD, PlaneOptions::default()).await?;
    fleet::create(&guarded).await?;
    let (usage, _data) = prometheus(guarded.cluster.history(9, |_| Some(modest)).await?).await?;
    fleet::policies(&guarded, true).await?;
    let program = earlier::program(guarded.cluster.plane.dir())?;
    let mut former = run(&guarded, &program, "earlier", usage.url())?;
    leads(&former).await?;
    at("the earlier release leads");
    fleet::bring_into_their_stages(&guarded).await?;
    let before = stands(&guarded).await?;
    ensure!(before.len() >= 30 && GROUPS.len() >= 6, "{} rollouts", before.len());
    at("all rollouts are in their stages");

    // The policies first, as with GitOps: the earlier release does not know them.
    apply(&guarded, "policies").await?;
    eventually(SOON, "the earlier release pauses what is under way", async || {
        let now = stands(&guarded).await?;
        let left: Vec<String> = others(&now, "watching", "ApprovalGuardMissing").collect();
        ensure!(left.is_empty(), "{left:?}");
        undisturbed(&before, &now)
    })
    .await?;
    let gap = Instant::now();
    former.process.stop(SOON).await?;
    let trimtab = run(&guarded, &trimtab_bin()?, "present", usage.url())?;
    leads(&trimtab).await?;
    let gap = gap.elapsed();
    at(&format!("the new release leads; {:.1} s without a leader", gap.as_secs_f64()));
    ensure!(gap <= NO_LEADER, "{gap:?} without a leader");
    eventually(SOON, "nothing is paused any more", async || {
        let now = stands(&guarded).await?;
        let paused: Vec<_> = now.iter().filter(|(_, stand)| stand.reason.starts_with("Approval")).collect();
        ensure!(paused.is_empty(), "{paused:?}");
        let held = [
            ("pending", "PendingApproval"),
            ("blocked", "Blocked"),
            ("watching", "Verifying"),
            ("verifying", "Verifying"),
        ];
        let left: Vec<String> = held.iter().flat_map(|(group, reason)| others(&now, group, reason)).collect();
        ensure!(left.is_empty(), "{left:?}");
        undisturbed(&before, &now)
    })
    .await?;
    at("everything stands as before");

    fleet::let_go(&guarded).await?;
    let ended = eventually(3 * A_ROLLOUT, "all rollouts end", async || {
        let now = stands(&guarded).await?;
        let left: Vec<String> = GROUPS.iter().flat_map(|(group, end)| others(&now, group, end)).collect();
        ensure!(left.is_empty(), "{left:?}");
        Ok(now)
    })
    .await;
    let ended = match ended {
        Ok(ended) => ended,
        Err(error) => panic!("{error:#}\n{}", trimtab.log()),
    };
    undisturbed(&before, &ended)?;
    for ((namespace, pod), times) in resized(&guarded)? {
        let most = if namespace == "undoing" { 2 } else { 1 };
        ensure!(times <= most, "{namespace}/{pod} was resized {times} times");
    }
    at(&format!("all {} end as they would have, and none was approved again", ended.len()));

    decisions_meanwhile(&guarded, &trimtab, &ended).await?;
    at("what was approved under the guard of an earlier release was carried out");
    Ok(())
}

/// The guard of the earlier release again, as after half a rollback: nothing is honoured anew before it is replaced, and
/// what was approved meanwhile begins then by itself.
async fn decisions_meanwhile(guarded: &Guarded, trimtab: &Running, ended: &Stands) -> Result<()> {
    apply(guarded, earlier::GUARD).await?;
    eventually(SOON, "the guard of the earlier release is seen", async || {
        ensure!(trimtab.metric("trimtab_approval_guard_outdated").await? == 1.0, "not yet");
        Ok(())
    })
    .await?;
    let names: Vec<String> = names().take(2).collect();
    for name in &names {
        guarded.decide("pending", name, "Approved").await?;
        let rec = guarded.stands("pending", name, "ApprovalGuardOutdated", SOON).await?;
        let text = support::condition(&rec, "Ready").cloned().unwrap_or_default()["message"].to_string();
        ensure!(text.contains("is the guard of release 0.1.0"), "{text}");
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    for rec in guarded.cluster.recommendations("pending").await? {
        let status = &rec.data["status"];
        ensure!(status["approval"].is_null() && status["rollout"].is_null(), "{status}");
    }
    let now = stands(guarded).await?;
    let mut kept = ended.clone();
    kept.retain(|(namespace, _), _| namespace != "pending");
    undisturbed(&kept, &now)?;
    apply(guarded, "policies/approval.yaml").await?;
    for name in &names {
        guarded.stands("pending", name, "Applied", A_ROLLOUT).await?;
    }
    Ok(())
}
