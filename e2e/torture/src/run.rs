//! One plan from its objects to its end. In: the bed, a lane, a plan. Out: how it ended.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use parking_lot::Mutex;
use serde_json::Value;
use tokio::task::JoinHandle;
use trimtab_e2e::{Process, Trimtab, eventually};

use crate::{
    bed::{Bed, OWN},
    end::{End, look},
    fault::Fault,
    hands::decide,
    plan::Plan,
    proxy::{Command, Commands, Proxy, Written},
    scenario::{OTHER, Until, WORKLOAD},
    second,
    site::Site,
};

/// How long a rollout may take under faults. The longest pause after an answer is half a minute.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);
/// How long nothing may be written after the end.
const QUIET: Duration = Duration::from_secs(2);
/// How long a restarted process gets to catch up, before nothing more is expected of it.
const LOOKED: Duration = Duration::from_secs(4);

/// How a plan ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Whether the fault struck.
    pub struck: bool,
    /// How often the process was killed.
    pub killed: usize,
    /// From the approval to the end.
    pub took: Duration,
    /// How the workloads ended, the struck one first.
    pub ends: Vec<End>,
    /// The writes of the struck workload at which a fault can strike, in order.
    pub writes: Vec<String>,
    /// Violations, besides those in [`End`].
    pub wrong: Vec<String>,
    /// The log of the process and of its writes.
    pub log: String,
}

/// The process of a plan, which is killed and restarted.
struct Runs {
    process: Process,
    started: Instant,
    killed: usize,
    /// Requests that could not be fulfilled.
    failed: Vec<String>,
}

/// Runs `plan` in its own namespace on the nodes of `lane`.
///
/// # Errors
/// When the plan cannot be tried, or does not end; with the log of the process.
pub async fn run(bed: &Arc<Bed>, lane: usize, namespace: &str, plan: &Plan) -> Result<Outcome> {
    // Without the guard no plan makes progress.
    let (_alone, _shared) = if plan.fault == Fault::GuardGap {
        (Some(bed.alone.write().await), None)
    } else {
        (None, Some(bed.alone.read().await))
    };
    let site = Site::make(bed, lane, namespace, plan).await?;
    let struck = site.subjects.first().context("no workload")?.clone();
    let (proxy, commands) = Proxy::start(bed.trimtab.clone(), struck, bed.plane.dir()).await?;
    let runs = Arc::new(Mutex::new(start(bed, &proxy, &site)?));
    let task = obey(commands, runs.clone(), bed.clone(), proxy.kubeconfig().to_owned(), &site);
    let result = carry_out(&site, plan, &proxy, &runs).await;
    let log = {
        let mut runs = runs.lock();
        runs.process.kill()?;
        runs.process.log()
    };
    task.abort();
    site.remove().await;
    let log = format!("{}\n{log}", table(&proxy.written()));
    match result {
        Ok(outcome) => Ok(Outcome { log, ..outcome }),
        Err(error) => Err(error.context(log)),
    }
}

fn process(bed: &Bed, kubeconfig: &std::path::Path, namespace: &str, interval: &str) -> Result<Process> {
    let args = ["controller", "--no-leader-election", "--namespace", OWN, "--admin-address", "127.0.0.1:0"];
    let more = ["--prometheus-url", bed.prometheus.url(), "--interval", interval, "--log-format", "text"];
    let log = ["--log", "info,trimtab_recommendation=debug"];
    Trimtab::new(kubeconfig, &args)?.args(&more).args(&log).start(&format!("trimtab-{namespace}"), bed.plane.dir())
}

fn start(bed: &Bed, proxy: &Proxy, site: &Site<'_>) -> Result<Runs> {
    let process = process(bed, proxy.kubeconfig(), &site.namespace, site.interval)?;
    Ok(Runs { process, started: Instant::now(), killed: 0, failed: Vec::new() })
}

/// Does what the proxy asks for.
fn obey(
    mut commands: Commands,
    runs: Arc<Mutex<Runs>>,
    bed: Arc<Bed>,
    kubeconfig: std::path::PathBuf,
    site: &Site<'_>,
) -> JoinHandle<()> {
    let (namespace, interval) = (site.namespace.clone(), site.interval);
    let struck = site.subjects.first().cloned().zip(site.digests.first().cloned());
    tokio::spawn(async move {
        while let Some((command, done)) = commands.recv().await {
            let Some((subject, digest)) = &struck else { return };
            let result = match command {
                Command::Kill => {
                    let mut runs = runs.lock();
                    let ended = runs.process.kill();
                    let process = process(&bed, &kubeconfig, &namespace, interval);
                    runs.killed += 1;
                    ended.and(process).map(|process| (runs.process, runs.started) = (process, Instant::now()))
                }
                Command::Reject => decide(&bed, subject, digest, "Rejected", "").await,
                Command::Propose => second::propose(&bed, subject).await,
                Command::OpenGap => bed.open_gap().await,
                Command::CloseGap => bed.close_gap().await,
            };
            if let Err(error) = result {
                runs.lock().failed.push(format!("{command:?}: {error:#}"));
            }
            let _ = done.send(());
        }
    })
}

async fn carry_out(site: &Site<'_>, plan: &Plan, proxy: &Proxy, runs: &Mutex<Runs>) -> Result<Outcome> {
    let mark = site.bed.plane.audit().mark()?;
    eventually(Duration::from_secs(60), "usage was read, and the approval is waited for", async || {
        let path = format!("/optimizationpolicies/{}/status", site.namespace);
        let read = proxy.written().iter().any(|w| w.request.ends_with(&path) && w.code == Some(200));
        ensure!(read, "the policy has no status yet");
        // It comes once, before the approval: recorded after that, plans would wait for it in vain.
        let waits = |w: &Written| w.label.as_deref() == Some("status PendingApproval") && w.code == Some(200);
        ensure!(proxy.written().iter().any(waits), "the recommendation does not wait for an approval yet");
        // Of approvals that were there before, nothing proves when they were given.
        ensure!(runs.lock().process.log().contains("approvals are guarded"), "the guard is not seen yet");
        Ok(())
    })
    .await?;
    site.bed.settled().await;
    let act = plan.scenario.act();
    let mut began = (proxy.written().len(), Instant::now());
    if act.is_none() {
        proxy.arm(&plan.at, plan.fault);
    }
    for (subject, digest) in site.subjects.iter().zip(&site.digests) {
        decide(site.bed, subject, digest, "Approved", "").await?;
    }
    if let Some((until, act)) = act {
        site.wait(until, &site.subjects).await?;
        // The writes of the way forward are complete now.
        tokio::time::sleep(Duration::from_millis(700)).await;
        began = (proxy.written().len(), Instant::now());
        proxy.arm(&plan.at, plan.fault);
        site.act(act).await?;
    }
    let until = if plan.fault == Fault::RejectedUnseen { Until::RolledBack } else { plan.scenario.end() };
    site.end(plan, until).await?;
    site.wait(plan.scenario.end(), site.subjects.get(1..).unwrap_or_default()).await?;
    let took = began.1.elapsed();
    if plan.at == "history" && matches!(plan.fault, Fault::Forbidden | Fault::Unavailable503 | Fault::Error500) {
        recorded(proxy, began.0).await?;
    }
    quiet(proxy, runs).await?;
    let events = site.bed.plane.audit().since(mark)?;
    let mut ends = Vec::new();
    for subject in &site.subjects {
        let until = if subject.workload == OTHER { plan.scenario.end() } else { until };
        ends.push(look(site.bed, subject, plan.scenario.pods(), until, &events).await?);
    }
    let written = proxy.written();
    let mut writes: Vec<String> = Vec::new();
    for label in written.iter().skip(began.0).filter_map(|w| w.label.clone()) {
        if !writes.contains(&label) {
            writes.push(label);
        }
    }
    let (killed, failed) = {
        let runs = runs.lock();
        (runs.killed, runs.failed.clone())
    };
    // A second rollout starts where the first has ended.
    let mut wrong = if plan.fault == Fault::SecondProposal { Vec::new() } else { after_the_end(&written, until) };
    wrong.extend(failed);
    Ok(Outcome { struck: proxy.struck(), killed, took, ends, writes, wrong, log: String::new() })
}

/// Waits for a record that was refused at first: it is tried again later than something more would be written otherwise.
async fn recorded(proxy: &Proxy, since: usize) -> Result<()> {
    eventually(Duration::from_secs(60), "the record is written", async || {
        let written = proxy.written();
        let mut records = written.iter().skip(since).filter(|w| w.label.as_deref() == Some("history"));
        ensure!(records.any(|w| w.code.is_some_and(|code| code < 300)), "it was refused");
        Ok(())
    })
    .await
}

/// Waits until nothing more is written.
async fn quiet(proxy: &Proxy, runs: &Mutex<Runs>) -> Result<()> {
    eventually(Duration::from_secs(60), "nothing more is written", async || {
        let last = proxy.written().iter().map(|w| w.at).max().map_or(QUIET, |at| at.elapsed());
        let (started, killed) = {
            let runs = runs.lock();
            (runs.started, runs.killed)
        };
        ensure!(last >= QUIET, "something was written {last:?} ago");
        ensure!(killed == 0 || started.elapsed() >= LOOKED, "the process has just been started again");
        Ok(())
    })
    .await
}

/// Writes after the end. Events and the record of a rejection may follow.
fn after_the_end(written: &[Written], until: Until) -> Vec<String> {
    let end = match until {
        Until::RolledBack => "status Ended RolledBack RolledBack",
        Until::Applied | Until::Midway => "status Ended Applied Applied",
        Until::Gone => "finalizer off",
        // It may be withdrawn afterwards.
        Until::Superseded => return Vec::new(),
    };
    let accepted = |w: &&Written| w.code.is_some_and(|code| code < 300);
    let labelled = |w: &Written| w.label.clone().unwrap_or_default();
    written
        .iter()
        .skip_while(|w| !(accepted(w) && labelled(w) == end))
        .skip(1)
        .filter(accepted)
        .filter(|w| w.label.as_ref().is_some_and(|label| !label.starts_with("event ") && label != "history"))
        .map(|w| format!("written after the end: {}", labelled(w)))
        .collect()
}

fn table(written: &[Written]) -> String {
    let first = written.first().map_or_else(Instant::now, |w| w.at);
    let line = |w: &Written| {
        let code = w.code.map_or("-".to_owned(), |c| c.to_string());
        format!("{:8.3} {code:>3} {} ({})", (w.at - first).as_secs_f64(), w.label.as_deref().unwrap_or("?"), w.request)
    };
    written.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// An undisturbed run of a scenario.
pub fn undisturbed(scenario: crate::scenario::Scenario) -> Plan {
    Plan { scenario, at: String::new(), fault: Fault::None }
}

/// The struck workload.
pub const STRUCK: &str = WORKLOAD;

/// A value as text for messages.
pub fn shown(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}
