//! The demo's path: cluster, workloads, history, live usage, the chart, policies, Trimtab, tables, and rollouts.
//!
//! In: [`Args`]. Out: effects, and text on stdout. Everything that was started ends with this function.

mod stopwatch;
mod world;

use std::sync::Arc;

use anyhow::{Context, Result};
use jiff::Timestamp;
use kube::Client;
use trimtab_e2e::{Prometheus, PrometheusOptions, WorkDir, helm_dir, repository};

use crate::{
    args::Args,
    check,
    drive::{Cluster, Installed, Operator, Programs, Release, apply, feed, operator, pods},
    manifests::{self, Target},
    show, story,
    usage::exporter::Exporter,
};
use stopwatch::Stopwatch;
use world::World;

/// Runs the demo until Ctrl-C, or with `--check` until everything is checked.
///
/// # Errors
/// What could not be started, or with `--check` what differs.
pub async fn run(args: Args) -> Result<()> {
    let mut watch = Stopwatch::start();
    let world = world::choose(&args)?;
    // The first build of Helm takes minutes: not on a runtime thread.
    let helm = tokio::task::spawn_blocking(helm_dir).await??.join("helm");
    let programs = Programs { trimtab: operator::binary(&args)?, helm };
    let dir = WorkDir::new("demo")?;

    let cluster = Cluster::start(&args, &programs, &dir).await?;
    let client = cluster.client().await?;
    watch.lap("Kubernetes API server ready");

    let target = if args.existing_cluster { Target::ExistingCluster } else { Target::OwnNodes };
    if target == Target::OwnNodes {
        let nodes = if args.series.is_some() { manifests::racks_for(world.workloads) } else { manifests::nodes() };
        apply::nodes(&client, &nodes).await?;
    }
    let run = Run { args, world, cluster, client, target, programs, dir };
    let result = run.go_on(&mut watch).await;
    run.cluster.clean_up(&run.world.namespaces, run.world.policies).await;
    result
}

/// What the parts of the path share.
struct Run {
    args: Args,
    world: World,
    cluster: Cluster,
    client: Client,
    target: Target,
    programs: Programs,
    dir: WorkDir,
}

impl Run {
    async fn go_on(&self, watch: &mut Stopwatch) -> Result<()> {
        let (client, workloads) = (&self.client, self.world.workloads);
        apply::namespaces(client, &self.world.namespaces).await?;
        apply::objects(client, workloads.iter().flat_map(|w| manifests::workload(w, self.target)).collect()).await?;
        let live_pods = pods::wait(client, workloads, self.target).await?;
        watch.lap(&format!("{} workloads, {} pods running", workloads.len(), live_pods.len()));

        let exporter = Arc::new(Exporter::start(workloads).await?);
        let data = self.dir.path().join("prometheus");
        let filled = feed::backfill(workloads, live_pods, data.clone(), Timestamp::now().as_second()).await?;
        watch.lap(&format!("{} samples of history in {} series", filled.samples, filled.series));
        exporter.go_live(filled.live);
        let prometheus = Prometheus::start(PrometheusOptions {
            data: Some(data),
            scrape_configs: vec![feed::scrape_config(exporter.address())],
            ..PrometheusOptions::default()
        })
        .await?;
        let follower = feed::follow(client.clone(), workloads, Arc::clone(&exporter));
        watch.lap("Prometheus ready, usage goes on live");

        let release = self.cluster.install(&self.args, prometheus.url()).await?;
        apply::crds_served(client).await?;
        let first = self.world.namespaces.first().map_or("default", |n| n.name);
        let installed = match &release {
            Some(release) => self.cluster.people(release, first).await?,
            None => None,
        };
        watch.lap(if release.is_some() { "Trimtab installed with its chart" } else { "Trimtab's CRDs applied" });

        let mut policies = Vec::new();
        for file in self.world.policies {
            let file = repository().join(file);
            apply::file(client, &file).await?;
            policies.extend(apply::names(&file, "OptimizationPolicy")?);
        }
        if self.args.without_operator {
            println!("{}\n{watch}", self.place(installed.as_ref(), &prometheus, None));
            println!("Trimtab was not started. Ctrl-C ends everything.");
            return until_told().await;
        }
        let release = release.context("Trimtab is not installed")?;
        let mut operator = operator::start(&self.programs.trimtab, &release, &self.dir)?;
        let outcome = self.look(&release, installed.as_ref(), &policies, &prometheus, &mut operator, watch).await;
        follower.abort();
        operator.stop().await?;
        outcome
    }

    /// The output once Trimtab runs.
    async fn look(
        &self,
        release: &Release,
        installed: Option<&Installed>,
        policies: &[String],
        prometheus: &Prometheus,
        operator: &mut Operator,
        watch: &mut Stopwatch,
    ) -> Result<()> {
        let simulated = self.args.series.is_none();
        show::wait_until_ready(&self.client, policies, operator).await?;
        watch.lap("Trimtab has looked at everything");
        let doctor = release.doctor().await?;
        if self.args.check {
            check::installed(&self.client, release, &doctor, self.target, prometheus.url(), operator).await?;
        }
        let tables = show::tables(&self.cluster, &self.client, simulated).await?;
        println!("{tables}");
        if self.args.check {
            check::proposals(&self.client, self.world.workloads, policies, &tables, operator).await?;
        }
        // Recorded series have no workloads in which anything could go wrong, and in a user's own cluster nothing is
        // rolled out without asking.
        let story = match installed.filter(|_| simulated) {
            Some(installed) => {
                let story = story::tell(&self.client, installed).await?;
                watch.lap("one change carried out, one undone");
                Some(story)
            }
            None => None,
        };
        let place = self.place(installed, prometheus, Some(operator.log_path()));
        println!("{place}\n{watch}");
        if !self.args.check {
            println!("Ctrl-C ends everything.");
            return wait_for_end(operator).await;
        }
        let Some((story, installed)) = story.zip(installed) else { return Ok(()) };
        check::story(&story, operator)?;
        check::next_step(&self.client, installed, operator).await
    }

    fn place(&self, installed: Option<&Installed>, prometheus: &Prometheus, log: Option<String>) -> show::Place {
        show::Place {
            kubeconfig: self.cluster.kubeconfig().display().to_string(),
            bin: installed.map(|i| i.admin.bin().display().to_string()),
            prometheus: prometheus.url().to_owned(),
            log,
            recorded: self.args.series.is_some(),
        }
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
