//! The demo's path: cluster, workloads, history, live usage, Trimtab, policies, tables.
//!
//! In: [`Args`]. Out: effects, and text on stdout. Everything that was started ends with this function.

mod apply;
mod cluster;
mod feed;
mod operator;
mod pods;
mod stopwatch;

use std::sync::Arc;

use anyhow::{Context, Result, bail};
use jiff::Timestamp;
use trimtab_e2e::{Prometheus, PrometheusOptions, WorkDir, repository};

use crate::{
    args::Args,
    fleet::{self, NAMESPACES, Namespace, RECORDED, Shows, Workload},
    manifests::{self, Target},
    model::Recording,
    show,
    usage::exporter::Exporter,
};
pub use cluster::Cluster;
pub use operator::Operator;
use stopwatch::Stopwatch;

/// How many recorded series are played.
const MOST_SERIES: usize = 20;
/// What is applied for the simulated fleet, from the repository's examples.
const EXAMPLES: [&str; 4] = [
    "examples/pricebook-rack.yaml",
    "examples/policy-balanced-namespace.yaml",
    "examples/policy-resilient-databases.yaml",
    "examples/policy-savings-batch.yaml",
];
/// What is applied for recorded series.
const FOR_RECORDED: [&str; 2] = ["examples/pricebook-rack.yaml", "e2e/demo/policy-recorded.yaml"];

/// What this run of the demo has in its world.
struct World {
    workloads: &'static [Workload],
    namespaces: Vec<Namespace>,
    policies: &'static [&'static str],
}

/// Runs the demo until Ctrl-C, or with `--check` until everything is checked.
///
/// # Errors
/// What could not be started, or with `--check` what differs.
pub async fn run(args: Args) -> Result<()> {
    let mut watch = Stopwatch::start();
    let world = choose_world(&args)?;
    let trimtab = if args.without_operator { None } else { Some(operator::binary(&args)?) };
    let dir = WorkDir::new("demo")?;

    let cluster = Cluster::start(&args, &dir).await?;
    let client = cluster.client().await?;
    watch.lap("Kubernetes API server ready");

    apply::crds(&client, &repository()).await?;
    let target = if args.existing_cluster { Target::ExistingCluster } else { Target::OwnNodes };
    if target == Target::OwnNodes {
        let nodes = if args.series.is_some() { manifests::racks_for(world.workloads) } else { manifests::nodes() };
        apply::nodes(&client, &nodes).await?;
    }
    let result = go_on(&args, &world, &cluster, &client, target, trimtab.as_deref(), &dir, &mut watch).await;
    cluster.clean_up(&world.namespaces, world.policies).await;
    result
}

#[allow(clippy::too_many_arguments, reason = "the one place where everything meets")]
async fn go_on(
    args: &Args,
    world: &World,
    cluster: &Cluster,
    client: &kube::Client,
    target: Target,
    trimtab: Option<&std::path::Path>,
    dir: &WorkDir,
    watch: &mut Stopwatch,
) -> Result<()> {
    apply::namespaces(client, &world.namespaces).await?;
    apply::objects(client, world.workloads.iter().flat_map(|w| manifests::workload(w, target)).collect()).await?;
    let live_pods = pods::wait(client, world.workloads, target).await?;
    watch.lap(&format!("{} workloads, {} pods running", world.workloads.len(), live_pods.len()));

    let exporter = Arc::new(Exporter::start(world.workloads).await?);
    let data = dir.path().join("prometheus");
    let filled = feed::backfill(world.workloads, live_pods, data.clone(), Timestamp::now().as_second()).await?;
    watch.lap(&format!("{} samples of history in {} series", filled.samples, filled.series));
    exporter.go_live(filled.live);
    let prometheus = Prometheus::start(PrometheusOptions {
        data: Some(data),
        scrape_configs: vec![feed::scrape_config(exporter.address())],
        ..PrometheusOptions::default()
    })
    .await?;
    let follower = feed::follow(client.clone(), world.workloads, Arc::clone(&exporter));
    watch.lap("Prometheus ready, usage goes on live");

    let mut policies = Vec::new();
    for file in world.policies {
        let file = repository().join(file);
        apply::file(client, &file).await?;
        policies.extend(apply::names(&file, "OptimizationPolicy")?);
    }
    let Some(trimtab) = trimtab else {
        println!("{}\n{watch}", place(args, cluster, &prometheus, None));
        println!("Trimtab was not started. Ctrl-C ends everything.");
        return until_told().await;
    };
    let mut operator = operator::start(trimtab, cluster, prometheus.url(), dir).await?;
    show::wait_until_ready(client, &policies, &mut operator).await?;
    watch.lap("Trimtab has looked at everything");

    let tables = show::tables(cluster, client, args.series.is_none()).await?;
    let place = place(args, cluster, &prometheus, Some(operator.log_path()));
    println!("{tables}\n{place}\n{watch}");
    let outcome = if args.check {
        crate::check::run(client, world.workloads, &policies, &tables, &mut operator).await
    } else {
        println!("Ctrl-C ends everything.");
        wait_for_end(&mut operator).await
    };
    follower.abort();
    operator.stop().await?;
    outcome
}

fn choose_world(args: &Args) -> Result<World> {
    // Only simulated nodes kill pods.
    let adapt = |mut w: Workload| {
        w.shows = w.shows.filter(|s| !args.existing_cluster || *s != Shows::OomKills);
        w
    };
    let Some(dir) = &args.series else {
        return Ok(World {
            workloads: Vec::leak(fleet::simulated().into_iter().map(adapt).collect()),
            namespaces: NAMESPACES.to_vec(),
            policies: &EXAMPLES,
        });
    };
    let recordings = Recording::read_all(dir, MOST_SERIES, Timestamp::now().as_second())?;
    if recordings.is_empty() {
        bail!("{}: index.csv lists no series", dir.display());
    }
    Ok(World {
        workloads: Vec::leak(fleet::recorded(&recordings)),
        namespaces: vec![RECORDED],
        policies: &FOR_RECORDED,
    })
}

fn place(args: &Args, cluster: &Cluster, prometheus: &Prometheus, log: Option<String>) -> show::Place {
    show::Place {
        kubeconfig: cluster.kubeconfig().display().to_string(),
        prometheus: prometheus.url().to_owned(),
        log,
        recorded: args.series.is_some(),
    }
}

/// Ctrl-C, SIGTERM, or the operator's end, which is an error.
async fn wait_for_end(operator: &mut Operator) -> Result<()> {
    tokio::select! {
        told = until_told() => told,
        error = operator.ended() => Err(error),
    }
}

/// Ctrl-C or SIGTERM.
async fn until_told() -> Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM")?;
    tokio::select! {
        _ = tokio::signal::ctrl_c() => Ok(()),
        _ = terminate.recv() => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use std::collections::BTreeSet;

    use trimtab_api::{OptimizationPolicy, PriceBook};

    use super::*;

    #[test]
    fn what_is_applied_are_policies_and_price_books_for_every_namespace_of_the_demo() {
        for (files, namespaces) in [(&EXAMPLES[..], &NAMESPACES[..]), (&FOR_RECORDED[..], &[RECORDED][..])] {
            let mut targeted = BTreeSet::new();
            for object in files.iter().flat_map(|f| apply::documents(&repository().join(f)).unwrap()) {
                if object["kind"] == "PriceBook" {
                    let _: PriceBook = serde_json::from_value(object).unwrap();
                } else {
                    let policy: OptimizationPolicy = serde_json::from_value(object).unwrap();
                    targeted.extend(policy.spec.target_namespaces.unwrap());
                }
            }
            for n in namespaces {
                assert!(targeted.contains(n.name), "{}", n.name);
            }
        }
    }
}
