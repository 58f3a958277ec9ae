//! What `scan` and `try` found, as people and programs read it.
//!
//! In: a preview. Out: rows of plain values ([`Report`]), and from them a table, CSV, JSON or HTML. Pure.

mod csv;
mod html;
mod table;

use serde::Serialize;
use trimtab_core::{WorkloadId, WorkloadKind};
use trimtab_optimization_policy::{
    outcome::Outcome,
    preview::{Looked, Preview, Previewed},
};
use trimtab_pricing::Money;

pub use csv::csv;
pub use html::html;
pub use table::{cpu_text, memory_text, table};

use crate::words::Sums;

/// Everything that was found.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// What it is, for a heading.
    pub title: String,
    /// Where usage came from.
    pub source: String,
    /// When it was made.
    pub time: String,
    /// Savings a month of all that would be recommended, by currency.
    pub monthly_savings: std::collections::BTreeMap<String, String>,
    /// A workload each, the greatest savings first.
    pub workloads: Vec<Row>,
    /// What else people should know: what could not be read, what is not selected.
    pub notes: Vec<String>,
}

/// One workload.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// Its namespace.
    pub namespace: String,
    /// Its kind.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// The policy that would take it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// The policy that has it today.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy_today: Option<String>,
    /// `Recommended`, `RightSized`, or why nothing is proposed.
    pub outcome: String,
    /// What that means.
    pub message: String,
    /// CPU a pod asks for, now and proposed.
    pub cpu: String,
    /// Memory a pod asks for, now and proposed.
    pub memory: String,
    /// Savings a month; negative where it costs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub monthly_savings: Option<String>,
    /// Their currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// Confidence in percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confidence_percent: Option<i32>,
    /// How risky.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub risk: Option<String>,
    /// Reasons of the risk.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub risk_factors: Vec<String>,
    /// Its containers.
    pub containers: Vec<Container>,
}

/// One container: what it has, what it would have, what it used.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Container {
    /// Its name.
    pub name: String,
    /// CPU, in millicores.
    pub cpu: Cpu,
    /// Memory, in bytes.
    pub memory: Memory,
    /// Samples of CPU.
    pub samples: u64,
    /// Days with samples.
    pub days: u32,
    /// OOM kills that were seen.
    pub oom_kills: u32,
    /// Restarts that were seen.
    pub restarts: u32,
    /// Whether it is left alone: an init container, or one that the policy excludes.
    pub is_left_alone: bool,
}

/// CPU of a container, in millicores.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cpu {
    /// Its request.
    pub request: Option<i64>,
    /// Its limit.
    pub limit: Option<i64>,
    /// The request that would be.
    pub proposed_request: Option<i64>,
    /// The limit that would be.
    pub proposed_limit: Option<i64>,
    /// Median of its samples.
    pub p50: Option<i64>,
    /// 95th percentile.
    pub p95: Option<i64>,
    /// 99th percentile.
    pub p99: Option<i64>,
    /// Highest sample.
    pub maximum: Option<i64>,
}

/// Memory of a container, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Memory {
    /// Its request.
    pub request: Option<i64>,
    /// Its limit.
    pub limit: Option<i64>,
    /// The request that would be.
    pub proposed_request: Option<i64>,
    /// The limit that would be.
    pub proposed_limit: Option<i64>,
    /// Median of the peaks of its days.
    pub typical_daily_peak: Option<i64>,
    /// Highest sample.
    pub maximum: Option<i64>,
}

impl Report {
    /// The rows of a preview.
    pub fn new(title: &str, source: &str, time: String, preview: &Preview) -> Self {
        let mut rows: Vec<(Option<Money>, Row)> = preview.workloads.iter().map(|w| (saved(w), row(w))).collect();
        let mut sums = Sums::default();
        for row in rows.iter().map(|(_, row)| row) {
            if let (Some(amount), Some(currency)) = (&row.monthly_savings, &row.currency) {
                sums.add(amount, currency);
            }
        }
        rows.sort_by_cached_key(|(saved, row)| {
            (std::cmp::Reverse(*saved), row.namespace.clone(), row.kind.clone(), row.name.clone())
        });
        let mut notes: Vec<String> = preview.blind.clone();
        for (namespaces, why) in &preview.unread {
            notes.push(format!("usage of {} could not be read: {why}", namespaces.join(", ")));
        }
        for (_, reason, message) in &preview.faults {
            let note = format!("{reason}: {message}");
            if !notes.contains(&note) {
                notes.push(note);
            }
        }
        Self {
            title: title.to_owned(),
            source: source.to_owned(),
            time,
            monthly_savings: sums.by_currency(),
            workloads: rows.into_iter().map(|(_, row)| row).collect(),
            notes,
        }
    }

    /// The savings of all, for people.
    pub fn savings_text(&self) -> String {
        let mut sums = Sums::default();
        self.monthly_savings.iter().for_each(|(currency, amount)| sums.add(amount, currency));
        sums.text()
    }

    /// How many there are with this outcome.
    pub fn count(&self, outcome: impl Fn(&str) -> bool) -> usize {
        self.workloads.iter().filter(|w| outcome(&w.outcome)).count()
    }

    /// One line on how many of what there are.
    pub fn summary(&self) -> String {
        let (recommended, sized) = (self.count(|o| o == RECOMMENDED), self.count(|o| o == RIGHT_SIZED));
        format!(
            "{}: {recommended} with a recommendation, {sized} right-sized, {} skipped; savings {} a month",
            crate::words::count(self.workloads.len(), "workload"),
            self.workloads.len() - recommended - sized,
            self.savings_text()
        )
    }
}

/// The outcome of a workload with a proposal.
pub const RECOMMENDED: &str = "Recommended";
/// The outcome of a workload that has what it needs.
pub const RIGHT_SIZED: &str = "RightSized";

fn saved(previewed: &Previewed) -> Option<Money> {
    match &previewed.outcome {
        Outcome::Recommend(draft) => Some(draft.monthly),
        Outcome::RightSized | Outcome::Skip(_) => None,
    }
}

impl Row {
    /// A row of which nothing but the name and why it is not taken is known.
    pub fn not_taken(id: &WorkloadId, policy_today: Option<String>, message: String) -> Self {
        Self {
            namespace: id.namespace.to_string(),
            kind: id.kind.label().to_owned(),
            name: id.name.to_string(),
            policy_today,
            outcome: "NotTaken".to_owned(),
            message,
            ..Self::default()
        }
    }

    /// `deploy/web`.
    pub fn typed(&self) -> String {
        let short = self
            .kind
            .parse::<WorkloadKind>()
            .map_or_else(|()| self.kind.to_lowercase(), |k| crate::target::short(k).to_owned());
        format!("{short}/{}", self.name)
    }
}

/// The row of one workload.
pub fn row(previewed: &Previewed) -> Row {
    let id = previewed.id();
    let mut row = Row {
        namespace: id.namespace.to_string(),
        kind: id.kind.label().to_owned(),
        name: id.name.to_string(),
        policy: Some(previewed.policy.clone()),
        containers: previewed.containers.iter().map(|c| container(c, &previewed.outcome)).collect(),
        ..Row::default()
    };
    match &previewed.outcome {
        Outcome::Recommend(draft) => {
            row.outcome = RECOMMENDED.to_owned();
            row.message.clone_from(&draft.explanation);
            row.cpu.clone_from(&draft.summary.cpu);
            row.memory.clone_from(&draft.summary.memory);
            row.monthly_savings = Some(draft.savings.monthly.clone());
            row.currency = Some(draft.savings.currency.0.clone());
            row.confidence_percent = Some(draft.confidence_percent);
            row.risk = Some(draft.risk.level.as_str().to_owned());
            row.risk_factors = draft.risk.factors.iter().map(|f| format!("{}: {}", f.reason, f.message)).collect();
        }
        Outcome::RightSized => {
            row.outcome = RIGHT_SIZED.to_owned();
            row.message = "what it asks for is as much as it needs, within the policy's thresholds".to_owned();
        }
        Outcome::Skip(skip) => {
            row.outcome = skip.reason().to_owned();
            row.message = match &previewed.fault {
                Some(fault) => format!("{}; {fault}", skip.message()),
                None => skip.message().to_owned(),
            };
        }
    }
    if !matches!(previewed.outcome, Outcome::Recommend(_)) {
        let sum = |of: fn(&Container) -> Option<i64>| row.containers.iter().filter_map(of).sum::<i64>();
        row.cpu = cpu_text(Some(sum(|c| c.cpu.request)).filter(|v| *v > 0));
        row.memory = memory_text(Some(sum(|c| c.memory.request)).filter(|v| *v > 0));
    }
    row
}

fn container(looked: &Looked, outcome: &Outcome) -> Container {
    // What would be set counts only where it is proposed: a decision may have been taken back for the pod as a whole.
    let to = if matches!(outcome, Outcome::Recommend(_)) { looked.to } else { looked.from };
    let measured = looked.evidence.as_ref();
    let cores = |value: f64| (value * 1000.0).ceil() as i64;
    let cpu = measured.filter(|e| e.cpu_samples > 0);
    // Percentiles come from a histogram, whose buckets end above the highest sample.
    let percentile = |value: f64, peak: f64| cores(value.min(peak));
    let memory = measured.filter(|e| e.memory_samples > 0);
    Container {
        name: looked.name.to_string(),
        cpu: Cpu {
            request: looked.from.cpu_request,
            limit: looked.from.cpu_limit,
            proposed_request: to.cpu_request,
            proposed_limit: to.cpu_limit,
            p50: cpu.map(|e| percentile(e.cpu_p50, e.cpu_peak)),
            p95: cpu.map(|e| percentile(e.cpu_p95, e.cpu_peak)),
            p99: cpu.map(|e| percentile(e.cpu_p99, e.cpu_peak)),
            maximum: cpu.map(|e| cores(e.cpu_peak)),
        },
        memory: Memory {
            request: looked.from.memory_request,
            limit: looked.from.memory_limit,
            proposed_request: to.memory_request,
            proposed_limit: to.memory_limit,
            typical_daily_peak: memory.map(|e| e.memory_typical_peak.ceil() as i64),
            maximum: memory.map(|e| e.memory_peak.ceil() as i64),
        },
        samples: measured.map_or(0, |e| e.cpu_samples),
        days: measured.map_or(0, |e| e.days),
        oom_kills: measured.map_or(0, |e| e.oom_kills),
        restarts: measured.map_or(0, |e| e.restarts),
        is_left_alone: looked.is_init || looked.is_excluded,
    }
}

#[cfg(test)]
mod tests;
