//! The results of `scan` and `try`, for people and programs, and what `export` writes as CSV and JSON.
//!
//! In: a preview, or rows. Out: rows of plain values ([`Report`]), and from them a table, CSV, JSON or HTML. Pure.

mod csv;
mod html;
mod rows;
mod table;
mod tried;

use serde::Serialize;
use trimtab_api::conditions::types::NAMES_UNMATCHED;
use trimtab_core::{WorkloadId, WorkloadKind, text::count};
use trimtab_optimization_policy::preview::Preview;
use trimtab_pricing::Money;

pub use csv::csv;
pub use html::html;
pub use rows::row;
use rows::saved;
pub use table::{cpu_text, memory_text, table};
pub use tried::{auto_approved, select_nothing};

use crate::words::{self, Sums};

/// How many names that match nothing are listed for each policy.
const NAMES_SHOWN: usize = 10;

/// Everything that was found.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Its kind, for a heading.
    pub title: String,
    /// Where usage came from.
    pub source: String,
    /// When it was made.
    pub time: String,
    /// Total monthly savings of all recommendations, by currency.
    pub monthly_savings: std::collections::BTreeMap<String, String>,
    /// One row per workload, the greatest savings first.
    pub workloads: Vec<Row>,
    /// Further remarks: what could not be read, what is not selected.
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
    /// The policy that takes it today.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy_today: Option<String>,
    /// `Recommended`, `RightSized`, or why nothing is proposed; of a Recommendation, its status.
    pub outcome: String,
    /// What that means.
    pub message: String,
    /// CPU requested by a pod, now and proposed.
    pub cpu: String,
    /// Memory requested by a pod, now and proposed.
    pub memory: String,
    /// CPU limits of a pod that would change, now and proposed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_limit: Option<String>,
    /// Memory limits of a pod that would change, now and proposed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_limit: Option<String>,
    /// Savings a month; negative where it costs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub monthly_savings: Option<String>,
    /// Their currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// Confidence in percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confidence_percent: Option<i32>,
    /// Its risk level.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub risk: Option<String>,
    /// Its risk factors.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub risk_factors: Vec<String>,
    /// Its containers.
    pub containers: Vec<Container>,
}

/// One container: its present sizes, its proposed ones, its usage.
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
    /// Whether it is not sized: an init container, an injected one, or one that the policy excludes.
    pub is_left_alone: bool,
    /// What a person can do about an injected container.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
}

/// CPU of a container, in millicores.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cpu {
    /// Its request.
    pub request: Option<i64>,
    /// Its limit.
    pub limit: Option<i64>,
    /// The proposed request.
    pub proposed_request: Option<i64>,
    /// The proposed limit.
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
    /// The proposed request.
    pub proposed_request: Option<i64>,
    /// The proposed limit.
    pub proposed_limit: Option<i64>,
    /// Median of its daily peaks.
    pub typical_daily_peak: Option<i64>,
    /// Highest sample.
    pub maximum: Option<i64>,
}

impl Cpu {
    /// Its usage, for people: median, 95th and 99th percentile, highest.
    pub fn used(&self) -> [String; 4] {
        [self.p50, self.p95, self.p99, self.maximum].map(cpu_text)
    }
}

impl Memory {
    /// Its usage, for people: the peak of a typical day, and the highest sample.
    pub fn used(&self) -> [String; 2] {
        [self.typical_daily_peak, self.maximum].map(memory_text)
    }
}

impl Report {
    /// The rows of a preview.
    pub fn new(title: &str, source: &str, time: String, preview: &Preview) -> Self {
        let mut rows: Vec<(Option<Money>, Row)> = preview.workloads.iter().map(|w| (saved(w), row(w))).collect();
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
        Self { notes, ..Self::of_rows(title, source, time, rows.into_iter().map(|(_, row)| row).collect()) }
    }

    /// These rows, in this order.
    pub fn of_rows(title: &str, source: &str, time: String, workloads: Vec<Row>) -> Self {
        let mut sums = Sums::default();
        for row in &workloads {
            if let (Some(amount), Some(currency)) = (&row.monthly_savings, &row.currency) {
                sums.add(amount, currency);
            }
        }
        Self {
            title: title.to_owned(),
            source: source.to_owned(),
            time,
            monthly_savings: sums.by_currency(),
            workloads,
            notes: Vec::new(),
        }
    }

    /// The total savings, for people.
    pub fn savings_text(&self) -> String {
        let mut sums = Sums::default();
        self.monthly_savings.iter().for_each(|(currency, amount)| sums.add(amount, currency));
        sums.text()
    }

    /// The number of rows with this outcome.
    pub fn count(&self, outcome: impl Fn(&str) -> bool) -> usize {
        self.workloads.iter().filter(|w| outcome(&w.outcome)).count()
    }

    /// One line with the count of each outcome.
    pub fn summary(&self) -> String {
        let (recommended, sized) = (self.count(|o| o == RECOMMENDED), self.count(|o| o == RIGHT_SIZED));
        format!(
            "{}: {recommended} with a recommendation, {sized} right-sized, {} skipped; savings {} a month",
            count(self.workloads.len(), "workload"),
            self.workloads.len() - recommended - sized,
            self.savings_text()
        )
    }
}

/// The outcome of a workload with a proposal.
pub const RECOMMENDED: &str = "Recommended";
/// The outcome of a workload that is sized correctly.
pub const RIGHT_SIZED: &str = "RightSized";

/// What matches nothing for these policies, in the words of the condition `NamesUnmatched`.
pub fn unmatched(preview: &Preview, policies: &[&str]) -> Vec<String> {
    let mut notes = Vec::new();
    for (policy, names) in preview.plan.policies.iter().zip(&preview.names) {
        if !policies.contains(&policy.name.as_str()) {
            continue;
        }
        let of = if policies.len() > 1 { format!("{}: ", policy.name) } else { String::new() };
        let (shown, more) = names.shown(NAMES_SHOWN);
        notes.extend(shown.iter().map(|message| format!("{of}{NAMES_UNMATCHED}: {message}")));
        if more > 0 {
            notes.push(format!("{of}{NAMES_UNMATCHED}: and {more} more"));
        }
    }
    notes
}

impl Row {
    /// A row for a workload known only by name, with why it is not taken.
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

    /// A line for each container, and one without a container where none is known.
    fn lines(&self) -> Vec<Container> {
        if self.containers.is_empty() { vec![Container::default()] } else { self.containers.clone() }
    }

    /// `12.30 USD`.
    fn savings_text(&self) -> Option<String> {
        let (amount, currency) = (self.monthly_savings.as_deref()?, self.currency.as_deref()?);
        Some(format!("{} {currency}", words::amount(amount)))
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

#[cfg(test)]
mod tests;
