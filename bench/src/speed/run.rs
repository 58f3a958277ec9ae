//! How any program is measured: until all recommendations exist, and then while nothing changes.
//!
//! In: a program that is about to start. Out: [`Figures`].

use std::{path::Path, process::Command, time::Duration};

use anyhow::{Result, ensure};
use jiff::Timestamp;
use tokio::time::{Instant, sleep};
use trimtab_e2e::{Process, Prometheus, eventually};

use super::{
    figures::{Figures, QueryLoad},
    meter::{self, since},
    progress,
    recommended::{self, Kind},
    requests,
    world::World,
};

/// How long all recommendations may take.
const WITHIN: Duration = Duration::from_secs(900);
/// From the last recommendation to the start of the idle phase: time for the effects of the writes themselves.
const SETTLE: Duration = Duration::from_secs(5);

/// A program to be measured.
pub struct Subject<'a> {
    /// Its name and version.
    pub program: String,
    /// The prefix of its user agent.
    pub agent: &'a str,
    /// Where its recommendations are.
    pub kind: Kind,
    /// The Prometheus that it reads.
    pub prometheus: Option<&'a Prometheus>,
    /// The log line that ends its first pass; nothing is waited for if `None`.
    pub pass_done: Option<&'a str>,
    /// How long to measure it while nothing changes.
    pub steady: Duration,
}

/// Starts `command` as `name`, with its log in `dir`, measures it and stops it.
///
/// # Errors
/// When it ends by itself or does not recommend in time.
pub async fn measure(
    world: &World,
    subject: Subject<'_>,
    name: &str,
    command: &mut Command,
    dir: &Path,
) -> Result<Figures> {
    progress(&format!("measuring {}", subject.program));
    let audit = world.plane.audit();
    let prometheus_cpu =
        || subject.prometheus.map_or(Ok(Duration::ZERO), |p| Ok::<_, anyhow::Error>(p.process().usage()?.cpu));
    let (mark, load_average) = (audit.mark()?, meter::load_average());
    let (plane_before, prometheus_before) = (world.plane.process().usage()?.cpu, prometheus_cpu()?);
    let (started, begun) = (Timestamp::now(), Instant::now());
    let mut process = Process::spawn(name, command, dir)?;
    let seen =
        recommended::wait(&world.client, &subject.kind, world.size.deployments, begun, WITHIN, &mut process).await?;
    let (at_all, all_at) = (process.usage()?, Timestamp::now());
    let plane_cpu = world.plane.process().usage()?.cpu.saturating_sub(plane_before);
    progress(&format!("all {} after {:.2} s", world.size.deployments, seen.all.as_secs_f64()));
    if let Some(words) = subject.pass_done {
        eventually(Duration::from_secs(60), "the first pass is over", async || {
            ensure!(process.log().contains(words), "no {words:?} in the log");
            Ok(())
        })
        .await?;
    }
    sleep(SETTLE).await;
    let prometheus_first = prometheus_cpu()?.saturating_sub(prometheus_before);
    progress(&format!("looking on for {} s", subject.steady.as_secs()));
    let steady = meter::watch(&process, subject.prometheus.map(Prometheus::process), subject.steady).await?;
    let peak = process.usage()?.peak_resident_bytes;
    process.stop(Duration::from_secs(15)).await?;

    let events = audit.since(mark)?;
    let own = events.iter().filter(|e| e.user_agent.starts_with(subject.agent));
    let at_start = requests::count(own.clone().filter(|e| e.time <= all_at));
    ensure!(!at_start.counts.is_empty(), "no request of {:?} is in the audit log", subject.agent);
    let later = requests::count(own.clone().filter(|e| steady.from <= e.time && e.time <= steady.to));
    let last_write = own.filter(|e| e.is_write() && e.time <= all_at && e.resource == subject.kind.resource.plural);
    let queries = subject.prometheus.map(Prometheus::queries).transpose()?.unwrap_or_default();
    let queries: Vec<(Timestamp, u64)> = queries.iter().map(|q| (q.time, q.samples)).collect();
    let first: Vec<_> = queries.iter().filter(|(time, _)| started <= *time && *time <= steady.from).collect();
    let after: Vec<_> = queries.iter().copied().filter(|(time, _)| steady.from < *time && *time <= steady.to).collect();
    Ok(Figures {
        program: subject.program,
        recommendations: world.size.deployments,
        first_seconds: seen.first.as_secs_f64(),
        all_seconds: seen.all.as_secs_f64(),
        last_write_seconds: last_write.map(|e| since(started, e.time)).reduce(f64::max),
        cpu_seconds: at_all.cpu.as_secs_f64(),
        resident_at_all_bytes: at_all.resident_bytes,
        resident_steady_bytes: steady.median_resident(),
        resident_peak_bytes: peak,
        steady_millicores: steady.cpu.as_secs_f64() / steady.seconds() * 1000.0,
        steady_seconds: steady.seconds(),
        first_pass: subject.prometheus.map(|_| QueryLoad {
            queries: first.len(),
            samples: first.iter().map(|(_, samples)| samples).sum(),
            cpu_seconds: prometheus_first.as_secs_f64(),
        }),
        later_passes: meter::passes(&after, &steady.prometheus),
        list_faults: requests::list_faults(&at_start),
        requests_at_start: at_start.counts,
        writes_per_minute: later.writes as f64 / steady.seconds() * 60.0,
        requests_steady: later.counts,
        failed_requests: at_start.failed + later.failed,
        plane_cpu_seconds: plane_cpu.as_secs_f64(),
        load_average,
    })
}
