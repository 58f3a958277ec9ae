//! Many plans, side by side on one cluster. In: which plans. Out: the result of each, in figures and in full.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use futures::future::join_all;
use parking_lot::Mutex;

use crate::{
    bed::Bed,
    end::End,
    fault::Fault,
    plan::{Plan, plans, sample},
    run::{Outcome, run, shown, undisturbed},
    scenario::Scenario,
};

/// The default number of lanes.
pub const LANES: usize = 6;

/// Which plans to try.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// How many plans, spread over all kinds; all of them if `None`.
    pub sample: Option<usize>,
    /// Only plans whose description contains this.
    pub only: Option<String>,
    /// How many are tried at the same time.
    pub lanes: usize,
}

/// A plan and how it ended.
#[derive(Debug)]
pub struct Tried {
    /// The plan.
    pub plan: Plan,
    /// From the approval to the end.
    pub took: Duration,
    /// How often the process was killed.
    pub killed: usize,
    /// Resizes that were accepted, and how many of them changed nothing.
    pub resizes: (usize, usize),
    /// Differences from the undisturbed run. Empty: none.
    pub wrong: Vec<String>,
    /// The logs, if something is wrong.
    pub log: String,
}

/// The result of a session.
#[derive(Debug)]
pub struct Session {
    /// The writes of each undisturbed rollout.
    pub recorded: BTreeMap<Scenario, Vec<String>>,
    /// How many plans there are in all.
    pub all: usize,
    /// Those that were tried.
    pub tried: Vec<Tried>,
    /// From the first to the last, cluster included.
    pub wall: Duration,
}

struct References {
    ends: BTreeMap<Scenario, Vec<End>>,
}

/// Records every rollout undisturbed, builds the plans and tries the chosen ones.
///
/// # Errors
/// When the cluster does not come up, or an undisturbed rollout does not end as it must.
pub async fn session(choice: &Choice, progress: impl Fn(usize, usize, &Tried)) -> Result<Session> {
    let began = Instant::now();
    let bed = Arc::new(Bed::start(choice.lanes).await?);
    let (references, recorded) = record(&bed, choice.lanes).await?;
    let mut all = plans(&recorded);
    let count = all.len();
    if let Some(only) = &choice.only {
        all.retain(|p| p.words().contains(only));
    }
    let mut chosen = choice.sample.map_or_else(|| all.clone(), |n| sample(&all, n));
    // Exclusive plans come last, when no other plan has to wait for them.
    chosen.sort_by_key(|p| p.fault == Fault::GuardGap);
    ensure!(!chosen.is_empty(), "no plan is chosen");
    let total = chosen.len();
    let mut tried = Vec::new();
    let judge = |plan: Plan, result: Result<Outcome>| {
        let one = judged(&references, plan, result);
        progress(tried.len() + 1, total, &one);
        tried.push(one);
    };
    each(&bed, choice.lanes, "p", chosen, judge).await;
    Ok(Session { recorded, all: count, tried, wall: began.elapsed() })
}

/// Runs every scenario twice undisturbed. The writes are those that both runs sent: others are random.
async fn record(bed: &Arc<Bed>, lanes: usize) -> Result<(References, BTreeMap<Scenario, Vec<String>>)> {
    let runs: Vec<Plan> = Scenario::ALL.into_iter().chain(Scenario::ALL).map(undisturbed).collect();
    let (mut ends, mut recorded) = (BTreeMap::<Scenario, Vec<End>>::new(), BTreeMap::<Scenario, Vec<String>>::new());
    let mut failed = Ok(());
    each(bed, lanes, "u", runs, |plan, result| {
        let outcome = match result {
            Ok(outcome) => outcome,
            Err(error) => {
                failed = Err(error.context(format!("undisturbed: {}", plan.scenario.words())));
                return;
            }
        };
        let wrong: Vec<&String> = outcome.ends.iter().flat_map(|e| &e.wrong).chain(&outcome.wrong).collect();
        if !wrong.is_empty() {
            failed = Err(anyhow::anyhow!("undisturbed: {}: {wrong:?}\n{}", plan.scenario.words(), outcome.log));
        }
        if let Some(first) = ends.get(&plan.scenario)
            && !first.iter().zip(&outcome.ends).all(|(a, b)| a.state == b.state)
        {
            let both = format!("{first:#?}\nand\n{:#?}", outcome.ends);
            failed = Err(anyhow::anyhow!("two undisturbed runs end differently: {}:\n{both}", plan.scenario.words()));
        }
        match recorded.get_mut(&plan.scenario) {
            Some(writes) => writes.retain(|w| outcome.writes.contains(w)),
            None => drop(recorded.insert(plan.scenario, outcome.writes)),
        }
        ends.insert(plan.scenario, outcome.ends);
    })
    .await;
    failed.map(|()| (References { ends }, recorded))
}

/// Runs `list` on the lanes, each plan in its own namespace.
async fn each(
    bed: &Arc<Bed>,
    lanes: usize,
    prefix: &str,
    list: Vec<Plan>,
    mut done: impl FnMut(Plan, Result<Outcome>),
) {
    let queue: Mutex<VecDeque<(usize, Plan)>> = Mutex::new(list.into_iter().enumerate().collect());
    let (results, mut received) = tokio::sync::mpsc::unbounded_channel();
    let (queue, prefix) = (&queue, &prefix);
    let lane = |lane: usize, results: tokio::sync::mpsc::UnboundedSender<_>| async move {
        loop {
            let next = queue.lock().pop_front();
            let Some((index, plan)) = next else { return };
            let result = run(bed, lane, &format!("{prefix}{index}"), &plan).await;
            // The receiver exists until all lanes have ended.
            let _ = results.send((plan, result));
        }
    };
    let all = join_all((0..lanes).map(|n| lane(n, results.clone())).collect::<Vec<_>>());
    drop(results);
    let listen = async {
        while let Some((plan, result)) = received.recv().await {
            done(plan, result);
        }
    };
    futures::join!(all, listen);
}

fn judged(references: &References, plan: Plan, result: Result<Outcome>) -> Tried {
    let outcome = match result {
        Ok(outcome) => outcome,
        Err(error) => {
            // The outermost context is the logs.
            let wrong =
                vec![error.root_cause().to_string(), error.chain().nth(1).map_or_else(String::new, |e| e.to_string())];
            let log = error.to_string();
            return Tried { plan, took: Duration::ZERO, killed: 0, resizes: (0, 0), wrong, log };
        }
    };
    let mut wrong = outcome.wrong.clone();
    if !outcome.struck {
        wrong.push("the fault never struck: the write did not come".to_owned());
    }
    wrong.extend(outcome.ends.iter().flat_map(|e| e.wrong.clone()));
    wrong.extend(compare(references, &plan, &outcome.ends).err().map(|e| format!("{e:#}")));
    let repeated = outcome.ends.iter().map(|e| e.repeated).sum();
    let resizes = outcome.ends.iter().flat_map(|e| &e.resized).map(|s| s.split(", ").count()).sum::<usize>() + repeated;
    let log = if wrong.is_empty() { String::new() } else { outcome.log };
    Tried { plan, took: outcome.took, killed: outcome.killed, resizes: (resizes, repeated), wrong, log }
}

fn compare(references: &References, plan: &Plan, ends: &[End]) -> Result<()> {
    let unseen = plan.fault == Fault::RejectedUnseen;
    // A rejection on the way forward ends like a rejection after the end.
    let like = if unseen { Scenario::UndoneAfter } else { plan.scenario };
    let expected = references.ends.get(&like).context("no undisturbed run")?;
    for (end, expected) in ends.iter().zip(expected) {
        ensure!(end.state == expected.state, "it ended as\n{}\nnot as\n{}", shown(&end.state), shown(&expected.state));
        let (got, wanted) = (&end.resized, &expected.resized);
        // How many pods the workload's own rollout replaces before they are reset is random.
        let chance = unseen || plan.scenario == Scenario::TemplateUndone;
        ensure!(chance || got == wanted, "pods were resized {got:?}, undisturbed {wanted:?}");
    }
    Ok(())
}
