//! Quality of right-sizing on recorded series: Trimtab's profiles beside the methods of VPA and KRR.
//!
//! In: directories of series. Out: a table for each and for all together, and JSON. Every method decides once a day
//! with only the past visible, and is scored on the next 24 hours. On request, constants are chosen by cross-validation
//! (`validate`), and the curve of safety against size is drawn (`curve`).

mod cost;
mod curve;
mod grid;
mod points;
mod reference;
mod svg;
mod synthetic;
mod table;
mod validate;
mod variants;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context;
use serde::Serialize;
use trimtab_sizing::{
    Profile, SizingRules,
    history::LEAST_BYTES,
    replay::{ReplayDecision, Sample, Schedule, Summary, replay, summary},
};

use points::{Points, Resource};
use trimtab_recorded_series::read_directory;

/// Options of `quality`.
#[derive(clap::Args)]
pub struct Arguments {
    /// A directory with `index.csv` and `NAME.csv.gz`. May be repeated: each directory is a set, and all together are
    /// another set.
    #[arg(long, required = true)]
    series: Vec<PathBuf>,
    /// The time of the first decision, in days after the start of a series.
    #[arg(long, default_value_t = 9)]
    from_day: u32,
    /// The file to which the figures are written, as JSON.
    #[arg(long)]
    output: Option<PathBuf>,
    /// Also test random halves, other first days, reversed time and synthetic series.
    #[arg(long)]
    robustness: bool,
    /// Also fit constants on four fifths of the series and evaluate them on the last fifth, five times.
    #[arg(long)]
    cross_validate: bool,
    /// The seed for the assignment of series to folds.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Also print safety against size at other prices, and plot it: `NAME.svg` writes `NAME-memory.svg` and
    /// `NAME-cpu.svg`.
    #[arg(long)]
    curve: Option<PathBuf>,
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
    let mut sets: Vec<(String, Vec<Vec<Sample>>)> = Vec::new();
    for directory in &arguments.series {
        let mut series: Vec<Vec<Sample>> =
            read_directory(directory)?.into_iter().map(|series| series.samples).collect();
        series.iter_mut().flatten().for_each(as_of_a_container);
        sets.push((name_of(directory), series));
    }
    let all: Vec<Vec<Sample>> = sets.iter().flat_map(|(_, series)| series).cloned().collect();
    let mut rows = Vec::new();
    if let [(_, series)] = sets.as_slice() {
        rows.extend(evaluate(RECORDED, series, arguments.from_day));
    } else {
        for (name, series) in &sets {
            rows.extend(evaluate(&format!("{RECORDED}, {name}"), series, arguments.from_day));
        }
        rows.extend(evaluate(&format!("{RECORDED}, all together"), &all, arguments.from_day));
    }
    if arguments.robustness {
        rows.extend(variants::rows(&all));
    }
    table::print(&rows);
    let cost = cost::measure(&all);
    println!(
        "\n14 days of history: {:.0} us a decision with its confidence; {:.0} bytes a day in memory, {:.0} encoded",
        cost.microseconds, cost.bytes_per_day, cost.encoded_bytes_per_day
    );
    if arguments.cross_validate || arguments.curve.is_some() {
        let rules = SizingRules::default();
        let points: Vec<(String, Points)> =
            sets.into_iter().map(|(name, series)| (name, Points::of(&series, &rules, arguments.from_day))).collect();
        if arguments.cross_validate {
            validate::print(&points, arguments.seed);
        }
        if let Some(path) = &arguments.curve {
            for (resource, name) in [(Resource::Memory, "memory"), (Resource::Cpu, "cpu")] {
                write(&beside(path, name), curve::draw(resource, &points).as_bytes())?;
            }
        }
    }
    if let Some(path) = &arguments.output {
        write(path, &serde_json::to_vec_pretty(&rows)?)?;
    }
    Ok(())
}

/// A hypervisor reports 0 for a guest that touches no page, which no container reading can be: it counts as the least
/// valid one.
fn as_of_a_container(sample: &mut Sample) {
    if sample.bytes >= 0.0 {
        sample.bytes = sample.bytes.max(LEAST_BYTES);
    }
}

/// The names of the sets of series as recorded; views of them, and synthetic ones, have other names.
const RECORDED: &str = "as recorded";

/// The last part of a directory's path.
fn name_of(directory: &Path) -> String {
    directory.file_name().map_or_else(|| directory.display().to_string(), |name| name.to_string_lossy().into_owned())
}

/// `NAME-what.svg` for `NAME.svg`.
fn beside(path: &Path, what: &str) -> PathBuf {
    let stem = path.file_stem().map_or_else(|| "quality".into(), |stem| stem.to_string_lossy());
    path.with_file_name(format!("{stem}-{what}.svg"))
}

fn write(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    fs::write(path, content).with_context(|| format!("cannot write {}", path.display()))
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

/// The figures of a method over the series whose indices are `chosen`.
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
