//! Whether the demo shows what it must.
//!
//! In: the state of the cluster, the installation, the output, the rollouts, and the fleet's expectations. Out: nothing,
//! or every difference.

mod carried;
mod figures;
mod installed;
mod outcomes;
mod screen;

use std::time::Duration;

use anyhow::{Result, ensure};
use kube::{Client, api::Api};
use trimtab_api::{OptimizationPolicy, Recommendation};
use trimtab_e2e::eventually;

use crate::{
    drive::{Installed, Operator, Release, Said, release},
    fleet::Workload,
    manifests::Target,
    show::{self, Tables},
    story::{Story, Subject},
};

/// A first pass may be followed by a second one over late data.
const WITHIN: Duration = Duration::from_secs(20);
/// How long an approved change may take to begin, measurement before it included.
const BEGINS: Duration = Duration::from_secs(45);

/// Checks the release, how Trimtab runs, and what `doctor` said, and prints the verdict. `prometheus`: where usage is read.
///
/// # Errors
/// With all differences.
pub async fn installed(
    client: &Client,
    release: &Release,
    doctor: &Said,
    target: Target,
    prometheus: &str,
    operator: &mut Operator,
) -> Result<()> {
    operator.alive()?;
    let all = installed::differences(&installed::Found {
        releases: &release.listed().await?,
        deployment: &release::deployment(client).await?,
        prometheus,
        running: &operator.launched()?,
        doctor,
        target,
    });
    ensure!(all.is_empty(), "{} differences:\n  {}", all.len(), all.join("\n  "));
    println!(
        "CHECK OK: the release is deployed, the program runs as its Deployment says, and doctor finds nothing to do"
    );
    Ok(())
}

/// Checks proposals and output, and prints the verdict.
///
/// # Errors
/// With all differences.
pub async fn proposals(
    client: &Client,
    fleet: &[Workload],
    names: &[String],
    tables: &Tables,
    operator: &mut Operator,
) -> Result<()> {
    let result = eventually(WITHIN, "what the demo must show", async || {
        let mut recommendations = Api::<Recommendation>::all(client.clone()).list(&Default::default()).await?.items;
        let mut policies = Api::<OptimizationPolicy>::all(client.clone()).list(&Default::default()).await?.items;
        // An existing cluster has others.
        recommendations.retain(|r| fleet.iter().any(|w| r.metadata.namespace.as_deref() == Some(w.namespace)));
        policies.retain(|p| p.metadata.name.as_ref().is_some_and(|n| names.contains(n)));
        let mut all = outcomes::differences(fleet, &recommendations, &policies);
        all.extend(recommendations.iter().flat_map(figures::of_recommendation));
        all.extend(policies.iter().flat_map(figures::of_policy));
        all.extend(figures::of_all(fleet, &policies));
        all.extend(screen::differences(tables));
        all.extend(operator.errors().into_iter().map(|line| format!("in the log: {line}")));
        ensure!(all.is_empty(), "{} differences:\n  {}", all.len(), all.join("\n  "));
        Ok(recommendations.len())
    })
    .await;
    operator.alive()?;
    println!("CHECK OK: {} recommendations for {} workloads are as they must be", result?, fleet.len());
    Ok(())
}

/// Checks rollouts and undos, and prints the verdict.
///
/// # Errors
/// With all differences.
pub fn story(story: &Story, operator: &mut Operator) -> Result<()> {
    let mut all = carried::differences(story);
    all.extend(operator.errors().into_iter().map(|line| format!("in the log: {line}")));
    operator.alive()?;
    ensure!(all.is_empty(), "{} differences:\n  {}", all.len(), all.join("\n  "));
    println!(
        "CHECK OK: an approved change was carried out, verified and lasts; one that went wrong was undone; one whose policy was deleted \
         is settled"
    );
    Ok(())
}

/// Has the suggested next step approved, and checks that its rollout begins: no gate may be closed for it.
///
/// # Errors
/// When the command fails, or with the closed gates when it does not begin.
pub async fn next_step(client: &Client, installed: &Installed, operator: &mut Operator) -> Result<()> {
    let Subject { namespace, rec, .. } = show::NEXT;
    installed.admin.must(&format!("kubectl trimtab approve {rec} -n {namespace} --reason 'as suggested'")).await?;
    let api = Api::<Recommendation>::namespaced(client.clone(), namespace);
    let begun = eventually(BEGINS, "the rollout that is suggested next", async || {
        let status = api.get(rec).await?.status.unwrap_or_default();
        let closed: Vec<String> = status.gates.iter().map(|g| format!("{} ({})", g.message, g.reason)).collect();
        ensure!(status.rollout.is_some(), "{namespace}/{rec} has not begun; closed gates: [{}]", closed.join("; "));
        Ok(())
    })
    .await;
    operator.alive()?;
    begun?;
    println!("CHECK OK: the rollout of {namespace}/{rec}, which is suggested next, has begun");
    Ok(())
}
