//! Quality of right-sizing on recorded series: Trimtab's profiles beside the methods of VPA and KRR.
//!
//! In: a directory of series. Out: a table, and JSON. Every method decides once a day with only the past in view, and
//! is scored on the 24 hours after.

mod cost;
mod reference;
mod synthetic;
mod table;
mod variants;

use std::{fs, path::PathBuf};

use anyhow::Context;
use serde::Serialize;
use trimtab_sizing::{
    Profile, SizingRules,
    replay::{ReplayDecision, Sample, Schedule, Summary, replay, summary},
};

use trimtab_recorded::read_directory;

/// Options of `quality`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Directory with `index.csv` and `NAME.csv.gz`.
    #[arg(long)]
    series: PathBuf,
    /// The first decision, days after the start of a series.
    #[arg(long, default_value_t = 9)]
    from_day: u32,
    /// Where to write the figures as JSON.
    #[arg(long)]
    output: Option<PathBuf>,
    /// Also try random halves, other first days, reversed time and synthetic families.
    #[arg(long)]
    robustness: bool,
}

/// One method on one set of series.
#[derive(Serialize)]
pub struct Row {
    set: String,
    method: &'static str,
    decisions: u32,
    cpu_over_percent: f64,
    average_cores: f64,
    memory_days_over_percent: f64,
    average_gib: f64,
    cpu_slack_percent: f64,
    memory_slack_percent: f64,
    held_percent: f64,
    stated_at_90: u32,
    held_at_90: u32,
    calibration: Vec<(u8, u8, u32, u32)>,
}

/// Decisions of one method, per series.
struct Method {
    name: &'static str,
    per_series: Vec<Vec<ReplayDecision>>,
}

/// Runs the benchmark.
///
/// # Errors
/// Series that cannot be read; an output that cannot be written.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let series: Vec<Vec<Sample>> =
        read_directory(&arguments.series)?.into_iter().map(|series| series.samples).collect();
    let mut rows = evaluate("as recorded", &series, arguments.from_day);
    if arguments.robustness {
        rows.extend(variants::rows(&series));
    }
    table::print(&rows);
    let cost = cost::measure(&series);
    println!(
        "\n14 days of history: {:.0} us a decision with its confidence; {:.0} bytes a day in memory, {:.0} encoded",
        cost.microseconds, cost.bytes_per_day, cost.encoded_bytes_per_day
    );
    if let Some(path) = &arguments.output {
        let json = serde_json::to_vec_pretty(&rows)?;
        fs::write(path, json).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// All methods on a set of series.
fn evaluate(set: &str, series: &[Vec<Sample>], from_day: u32) -> Vec<Row> {
    methods(series, from_day).iter().map(|method| row(set, method, |_| true)).collect()
}

fn methods(series: &[Vec<Sample>], from_day: u32) -> Vec<Method> {
    let schedule = Schedule { from_day, every_seconds: 86_400 };
    let mut methods = Vec::new();
    for (name, profile) in
        [("Balanced", Profile::Balanced), ("Resilient", Profile::Resilient), ("Savings", Profile::Savings)]
    {
        let rules = SizingRules::of(profile);
        let per_series = series.iter().map(|samples| replay(&rules, samples, schedule)).collect();
        methods.push(Method { name, per_series });
    }
    for (name, decide) in [("VPA", reference::vpa as reference::Decide), ("KRR", reference::krr)] {
        let per_series = series.iter().map(|samples| reference::replay(decide, samples, schedule)).collect();
        methods.push(Method { name, per_series });
    }
    methods
}

/// The figures of a method over those series (by their place) that are `chosen`.
fn row(set: &str, method: &Method, chosen: impl Fn(usize) -> bool) -> Row {
    let all = || method.per_series.iter().enumerate().filter(|(nth, _)| chosen(*nth)).flat_map(|(_, made)| made);
    let figures: Summary = summary(all());
    let stated = || all().filter(|made| made.cpu_samples > 0 && made.confidence_percent >= 90);
    Row {
        set: set.to_owned(),
        method: method.name,
        decisions: figures.decisions,
        cpu_over_percent: figures.cpu_over_percent,
        average_cores: figures.average_cores,
        memory_days_over_percent: figures.memory_days_over_percent,
        average_gib: figures.average_bytes / f64::from(1u32 << 30),
        cpu_slack_percent: figures.cpu_slack_percent,
        memory_slack_percent: figures.memory_slack_percent,
        held_percent: figures.held_percent,
        stated_at_90: stated().count() as u32,
        held_at_90: stated().filter(|made| made.held()).count() as u32,
        calibration: figures
            .calibration
            .iter()
            .map(|row| (row.from_percent, row.to_percent, row.decisions, row.held))
            .collect(),
    }
}
