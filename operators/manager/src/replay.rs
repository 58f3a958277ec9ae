//! `trimtab replay`: what a policy would have done on recorded history, by the same code that decides live.
//!
//! In: a directory of series or a live server, a policy file. Out: one JSON object per line, and a summary for people.

use std::{
    fs::File,
    io::{BufWriter, Write},
};

use anyhow::{Context, anyhow, bail};
use serde::Serialize;
use trimtab_api::OptimizationPolicy;
use trimtab_kubectl::{screen, yaml_file};
use trimtab_optimization_policy::validate::validate;
use trimtab_sizing::{
    SizingRules,
    replay::{ReplayDecision, Sample, Schedule, Summary, replay, summary},
};

use crate::{cli::ReplayArgs, replay_live};

/// One line of the output.
#[derive(Serialize)]
struct Line<'a> {
    series: &'a str,
    time_seconds: i64,
    cpu_cores: f64,
    memory_bytes: i64,
    confidence_percent: u8,
}

/// Replays.
pub fn main(args: &ReplayArgs) -> anyhow::Result<()> {
    let rules = rules(args)?;
    let schedule = Schedule {
        from_day: args.from_day,
        every_seconds: i64::try_from(args.every.as_secs()).context("--every is too long")?,
    };
    let mut output = match &args.output {
        Some(path) => {
            Some(BufWriter::new(File::create(path).with_context(|| format!("cannot write {}", path.display()))?))
        }
        None => None,
    };
    let (mut all, mut series) = (Vec::new(), 0_usize);
    let mut one = |name: &str, samples: &[Sample]| -> anyhow::Result<()> {
        let decisions = replay(&rules, samples, schedule);
        if let Some(output) = &mut output {
            for d in &decisions {
                write_line(output, name, d)?;
            }
        }
        series += 1;
        all.extend(decisions);
        Ok(())
    };
    match &args.series {
        Some(directory) => {
            // One series at a time: a month of hundreds of machines need not fit into memory.
            for name in trimtab_recorded_series::names(directory)? {
                one(&name, &trimtab_recorded_series::read(directory, &name)?.samples)?;
            }
        }
        None => {
            for recorded in replay_live::read(args)? {
                one(&recorded.name, &recorded.samples)?;
            }
        }
    }
    if let Some(mut output) = output {
        output.flush()?;
    }
    Ok(screen::answer(&text(series, &summary(&all)))?)
}

/// The sizing rules of the policy file, or the defaults.
fn rules(args: &ReplayArgs) -> anyhow::Result<SizingRules> {
    let policy: OptimizationPolicy = match &args.policy {
        Some(path) => {
            let text = File::open(path).and_then(yaml_file::text);
            let text = text.with_context(|| format!("cannot read {}", path.display()))?;
            let mut found = yaml_file::documents(&text).map_err(|e| anyhow!("{}: {e}", path.display()))?;
            found.retain(|value| value["kind"] == "OptimizationPolicy");
            match found.as_slice() {
                [one] => serde_json::from_value(one.clone())
                    .with_context(|| format!("{} is not an OptimizationPolicy", path.display()))?,
                [] => bail!("{} holds no OptimizationPolicy", path.display()),
                _ => bail!("{} holds more than one OptimizationPolicy: which one is meant?", path.display()),
            }
        }
        None => serde_json::from_value(serde_json::json!({
            "apiVersion": "trimtab.dev/v1alpha1",
            "kind": "OptimizationPolicy",
            "metadata": {"name": "default"},
            "spec": {"targetNamespaces": ["default"]},
        }))?,
    };
    let mut rules = validate(&policy).context("the policy is invalid")?.rules;
    // On recorded history every sample is as fresh as when it was recorded: a gap is not a present outage.
    rules.maximum_age_seconds = rules.maximum_age_seconds.max(86_400);
    Ok(rules)
}

fn write_line(output: &mut impl Write, series: &str, d: &ReplayDecision) -> anyhow::Result<()> {
    let line = Line {
        series,
        time_seconds: d.time,
        cpu_cores: d.cores,
        memory_bytes: d.bytes as i64,
        confidence_percent: d.confidence_percent,
    };
    serde_json::to_writer(&mut *output, &line)?;
    output.write_all(b"\n")?;
    Ok(())
}

fn text(series: usize, s: &Summary) -> String {
    let gib = 1024.0 * 1024.0 * 1024.0;
    let mut lines = vec![
        format!("series                         {series}"),
        format!("decisions                      {}", s.decisions),
        format!("average CPU request            {:.3} cores", s.average_cores),
        format!("  of it not used               {:.1} %", s.cpu_slack_percent),
        format!("  samples over the request     {:.2} %", s.cpu_over_percent),
        format!("average memory request         {:.3} GiB", s.average_bytes / gib),
        format!("  of it not used               {:.1} %", s.memory_slack_percent),
        format!("  days over the request        {:.2} %", s.memory_days_over_percent),
        format!("decisions that held a day      {:.1} %", s.held_percent),
        "stated confidence   decisions   held the day after".to_owned(),
    ];
    for row in s.calibration.iter().filter(|row| row.decisions > 0) {
        let held = 100.0 * f64::from(row.held) / f64::from(row.decisions);
        lines
            .push(format!("{:>8}–{:<3} %      {:>9}   {held:>6.1} %", row.from_percent, row.to_percent, row.decisions));
    }
    lines.push(String::new());
    lines.join("\n")
}
