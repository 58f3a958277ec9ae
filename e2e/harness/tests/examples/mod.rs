//! Every example is applied to a real server, each on its own, as `README.md` and `docs/install.md` do with one of them, and the
//! result is compared with what its comment claims.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod claims;
mod judged;
mod world;

use std::{path::PathBuf, time::Instant};

use anyhow::{Context, Result, ensure};
use claims::Claims;
use serde_json::{Value, json};
use support::{Guarded, SOON, policy, quick};
use trimtab_e2e::{PlaneOptions, eventually, repository};

use crate::support;

/// One file of `examples/`.
pub struct Example {
    name: String,
    path: PathBuf,
    object: Value,
    claims: Claims,
}

impl Example {
    /// The files of `examples/` itself. What is below `gitops/` is for Argo CD and Flux, which this server does not have:
    /// the tests in `e2e/gitops` read it with their code.
    fn all() -> Result<Vec<Self>> {
        let mut examples = Vec::new();
        for entry in std::fs::read_dir(repository().join("examples"))? {
            let path = entry?.path();
            let name = path.file_name().context("name")?.to_string_lossy().into_owned();
            if !name.ends_with(".yaml") {
                continue;
            }
            let text = std::fs::read_to_string(&path)?;
            let claims = Claims::read(&text).with_context(|| format!("examples/{name}"))?;
            examples.push(Self { name, path, object: serde_yaml::from_str(&text)?, claims });
        }
        // The one that is applied comes last: its rollout would not have ended when the next one begins.
        examples.sort_by_key(|example| (example.claims.applied, example.name.clone()));
        Ok(examples)
    }

    fn kind(&self) -> &str {
        self.object["kind"].as_str().unwrap_or_default()
    }

    /// The policy whose recommendations are judged.
    fn policy(&self) -> &str {
        if self.kind() == "PriceBook" { PRICED } else { self.object["metadata"]["name"].as_str().unwrap_or_default() }
    }

    fn path(&self) -> &str {
        self.path.to_str().unwrap()
    }
}

/// The policy next to a price book.
const PRICED: &str = "priced";

#[test]
fn every_example_says_what_to_expect() {
    let examples = Example::all().unwrap();
    assert!(examples.len() >= 9, "{} examples", examples.len());
    assert!(examples.iter().any(|e| e.claims.applied) && examples.iter().any(|e| !e.claims.applied));
}

#[tokio::test]
async fn every_example_does_what_its_comment_claims() -> Result<()> {
    let begin = Instant::now();
    let at = |what: &str| println!("{:6.1} s {what}", begin.elapsed().as_secs_f64());
    let examples = Example::all()?;
    let guarded = Guarded::start(PlaneOptions::default()).await?;
    let (prometheus, _data) = world::make(&guarded, examples.len()).await?;
    at("the world is there");
    let trimtab = guarded.run("trimtab", &["--prometheus-url", prometheus.url(), "--interval", "10s"])?;
    trimtab.ready(SOON).await?;
    let mut wrong = Vec::new();
    for (index, example) in examples.iter().enumerate() {
        if let Err(error) = is_true(&guarded, example, index).await {
            wrong.push(format!("examples/{}: {error:#}", example.name));
        }
        at(&example.name);
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.join("\n"), trimtab.log());
    Ok(())
}

async fn is_true(guarded: &Guarded, example: &Example, index: usize) -> Result<()> {
    let plane = &guarded.cluster.plane;
    let mark = plane.audit().mark()?;
    if example.kind() == "PriceBook" {
        guarded.cluster.apply(&[policy(PRICED, &["shop"])]).await?;
    }
    plane.kubectl(&["apply", "-f", example.path()]).await?;
    let judged = judge(guarded, example, index, mark).await;
    if !example.claims.applied {
        // Each on its own, even after one that was wrong.
        plane.kubectl(&["delete", "-f", example.path()]).await?;
        if example.kind() == "PriceBook" {
            plane.kubectl(&["delete", "optpol", PRICED]).await?;
        }
        eventually(SOON, "the recommendations go with the policy", async || {
            let left = judged::recommendations(guarded, example.policy()).await?.len();
            ensure!(left == 0, "{left} left");
            Ok(())
        })
        .await?;
    }
    judged
}

async fn judge(guarded: &Guarded, example: &Example, index: usize, mark: u64) -> Result<()> {
    let recommendations = judged::recommended(guarded, example).await?;
    judged::proposals(guarded, &example.claims, &recommendations).await?;
    judged::prices(guarded, example).await?;
    if example.claims.applied {
        return judged::applied(guarded, example, mark).await;
    }
    a_clock_strikes(guarded, index).await?;
    judged::nothing_applied(guarded, example, mark).await?;
    judged::withdrawn(guarded, example).await
}

/// Returns when an auto-approving policy has been applied, found something, and rolled it out: in that time, a policy
/// that existed before it would have been rolled out too, or would have started.
async fn a_clock_strikes(guarded: &Guarded, index: usize) -> Result<()> {
    let name = format!("clock-{index}");
    let mut clock = quick(&name, &[world::CLOCK]);
    clock["spec"]["workloadSelector"] = json!({"matchLabels": {"app": name}});
    clock["spec"]["autoApprove"] = json!({"minConfidencePercent": 50, "maxRiskLevel": "High"});
    guarded.cluster.apply(&[clock]).await?;
    guarded.stands(world::CLOCK, &format!("deploy-{name}"), "Applied", SOON).await?;
    Ok(())
}
