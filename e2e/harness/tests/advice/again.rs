//! The same evidence evaluated again: after a workload was deleted and recreated, and after proposals were applied and
//! Trimtab was restarted.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use kube::{ResourceExt, api::DeleteParams};
use trimtab_e2e::eventually;

use super::support::{Running, SOON, now};
use super::{
    Bed,
    snapshot::{Snapshot, size},
    usage, world,
};

/// How many rows this file adds to the table.
pub const ROWS: usize = 2;

/// Workloads whose proposals are applied: those that kills, ratios and units once misled.
const APPLIED: [&str; 4] = ["fixed", "nodeoom", "ratio", "units"];

pub async fn all(bed: &mut Bed, trimtab: Running) -> Result<Vec<(&'static str, Result<()>)>> {
    let reborn = reborn(bed).await;
    let fixed_point = fixed_point(bed, trimtab).await;
    Ok(vec![
        ("F10 reborn: deleted and made again", reborn),
        ("F1 all: the same after it was applied and Trimtab restarted", fixed_point),
    ])
}

async fn reborn(bed: &mut Bed) -> Result<()> {
    let key = "adv/deploy-reborn";
    let before = Snapshot::take(&bed.cluster).await?.must_propose(key)?;
    let pods = bed.pods().await?;
    let former: Vec<_> = pods.into_iter().filter(|p| p.name_any().starts_with("reborn-")).collect();
    let kubectl = &bed.cluster.plane;
    kubectl.kubectl(&["delete", "deployment", "reborn", "-n", "adv", "--cascade=foreground"]).await?;
    eventually(SOON, "its recommendation and its pods are gone", async || {
        let snapshot = Snapshot::take(&bed.cluster).await?;
        ensure!(snapshot.recommendation(key).is_none(), "the recommendation is there");
        ensure!(!bed.pods().await?.iter().any(|p| p.name_any().starts_with("reborn-")), "pods are there");
        Ok(())
    })
    .await?;
    bed.past.extend(usage::until(&former, now() as f64));
    bed.apply("reborn", &[world::reborn()]).await?;
    bed.pods_run().await?;
    bed.scrape().await?;
    eventually(Duration::from_secs(30), "its recommendation is back", async || {
        let snapshot = Snapshot::take(&bed.cluster).await?;
        let after = snapshot.must_propose(key)?;
        ensure!(after == before, "{before:?} became {after:?}");
        Ok(())
    })
    .await
}

async fn fixed_point(bed: &mut Bed, trimtab: Running) -> Result<()> {
    let before = Snapshot::take(&bed.cluster).await?;
    let plane = &bed.cluster.plane;
    for name in APPLIED {
        let rec = before.recommendation(&format!("adv/deploy-{name}")).with_context(|| format!("none for {name}"))?;
        let patch = rec["status"]["patch"].as_str().context("no patch")?;
        plane.kubectl(&["patch", "deployment", name, "-n", "adv", "--type=strategic", "-p", patch]).await?;
    }
    bed.pods_run().await?;
    bed.scrape().await?;
    drop(trimtab);
    // A new process reads everything again; this object is recreated once that is done.
    let recommendations = bed.cluster.api("Recommendation", "recommendations", Some("adv"));
    recommendations.delete("deploy-control", &DeleteParams::default()).await?;
    let trimtab = bed.run("second")?;
    let settled = eventually(SOON, "what was applied is proposed no more, and nothing else is", async || {
        let snapshot = Snapshot::take(&bed.cluster).await?;
        ensure!(snapshot.recommendation("adv/deploy-control").is_some(), "not everything is looked at");
        let mut moved = Vec::new();
        for name in APPLIED {
            let key = format!("adv/deploy-{name}");
            let was = before.recommendation(&key).map(|r| size(&r["spec"]["proposal"]["containers"][0]));
            if let Some(proposed) = snapshot.proposed(&key, "app") {
                moved.push(format!("{name}: {was:?}, once applied, became {proposed:?}: {}", snapshot.seen(&key)));
            }
        }
        ensure!(moved.is_empty(), "{}", moved.join("\n"));
        Ok(())
    })
    .await;
    settled.with_context(|| trimtab.log().lines().rev().take(5).collect::<Vec<_>>().join("\n"))
}
