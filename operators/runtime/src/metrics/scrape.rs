//! Gauges read from caches at scrape time. In: a closure that returns samples. Out: text.

use std::fmt::{self, Write};

/// Name and help of a gauge family.
pub type GaugeFamily = (&'static str, &'static str);

/// Name and help of the gauge families that are read from caches, with the labels of each sample. The namespace of an
/// object is `resource_namespace`: `namespace` is that of the process, a label that Prometheus adds.
pub mod gauges {
    use super::GaugeFamily;

    /// Labels `kind`: objects in the world.
    pub const WORLD_OBJECTS: GaugeFamily = ("trimtab_world_objects", "Objects known to the world, by kind.");
    /// No labels: seconds since the world last heard from the API server.
    pub const WORLD_AGE: GaugeFamily =
        ("trimtab_world_age_seconds", "Seconds since the world last heard from the API server.");
    /// Labels `resource_namespace`, `type`, `state`: recommendations that exist now.
    pub const RECOMMENDATIONS: GaugeFamily =
        ("trimtab_recommendations", "Recommendations that exist now, by namespace, type and state.");
    /// Labels `resource_namespace`, `state` (`proposed`, `applied`, `realised`), `currency`: per month of 730 hours.
    pub const SAVINGS_MONTHLY: GaugeFamily = (
        "trimtab_savings_monthly",
        "Savings per month of 730 hours in the currency of the label, by namespace and state.",
    );
    /// Labels `kind`, `resource_namespace`, `name`, `type`, `status` (`True`, `False`, `Unknown`), and `reason` on the
    /// present status, which is 1.
    pub const CONDITION: GaugeFamily =
        ("trimtab_resource_condition", "1 for the status that a condition of an object has, 0 for the others.");
    /// Labels `policy`, `stage`: rollouts under way.
    pub const ROLLOUTS: GaugeFamily = ("trimtab_rollouts", "Rollouts in progress, by policy and stage.");
    /// Labels `resource_namespace`, `name`, `policy`, `stage`: only for rollouts under way.
    pub const STAGE_AGE: GaugeFamily =
        ("trimtab_rollout_stage_seconds", "Seconds that a rollout in progress has been in its current stage.");
    /// Labels `gate`, `reason`: approved recommendations that are blocked.
    pub const GATES_CLOSED: GaugeFamily =
        ("trimtab_gates_closed", "Approved recommendations that a gate keeps from starting, by gate and reason.");
    /// Labels `resource_namespace`: only if something is waiting.
    pub const OLDEST_PENDING: GaugeFamily = (
        "trimtab_approval_oldest_seconds",
        "Seconds that the oldest pending recommendation of a namespace has waited for an approval.",
    );
    /// Labels `resource_namespace`, `policy` (empty for proposals by a person), `currency`: of changes in force.
    pub const REALISED_MONTHLY: GaugeFamily = (
        "trimtab_realised_savings_monthly",
        "What changes in force really save per month of 730 hours, in the currency of the label.",
    );
    /// The same labels: of all changes, including those that were undone since.
    pub const REALISED: GaugeFamily =
        ("trimtab_realised_savings", "What changes have really saved until now, in the currency of the label.");
    /// No labels: whether approvals can be honoured.
    pub const GUARD: GaugeFamily = (
        "trimtab_approval_guard_in_force",
        "1 while the admission policy that guards approvals is in force as it was shipped.",
    );
    /// No labels: whether the guard is that of an earlier release.
    pub const GUARD_OUTDATED: GaugeFamily = (
        "trimtab_approval_guard_outdated",
        "1 while the admission policy that guards approvals is that of an earlier release.",
    );
    /// No labels: whether new pods get their sizes by admission.
    pub const ADMISSION: GaugeFamily = (
        "trimtab_admission_in_force",
        "1 while the admission policy that gives new pods their sizes is in force as it was shipped.",
    );
    /// Labels `resource_namespace`: only if there are any.
    pub const APPLIED_SIZES: GaugeFamily =
        ("trimtab_applied_sizes", "Workloads whose new pods get their sizes by admission.");
    /// Labels `crd`: CRDs that could be read.
    pub const CRD_OUTDATED: GaugeFamily = (
        "trimtab_crd_outdated",
        "1 while an installed CustomResourceDefinition is missing or lacks what this version needs.",
    );
    /// No labels: whether the emergency stop is on, or cannot be read.
    pub const HALTED: GaugeFamily =
        ("trimtab_halted", "1 while the emergency stop is on or cannot be read, so nothing is changed.");
}

/// One sample of a gauge family.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    labels: Vec<(&'static str, String)>,
    value: f64,
}

impl Sample {
    /// A sample with these labels, in this order.
    pub fn new(labels: &[(&'static str, &str)], value: f64) -> Self {
        Self { labels: labels.iter().map(|(k, v)| (*k, (*v).to_owned())).collect(), value }
    }
}

type Read = Box<dyn Fn() -> Vec<Sample> + Send + Sync>;

/// A registered family: each source returns some of its samples.
pub(super) struct Scraped {
    help: &'static str,
    sources: Vec<Read>,
}

impl fmt::Debug for Scraped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scraped").field("help", &self.help).finish_non_exhaustive()
    }
}

impl Scraped {
    pub(super) fn new(help: &'static str) -> Self {
        Self { help, sources: Vec::new() }
    }

    pub(super) fn add(&mut self, read: impl Fn() -> Vec<Sample> + Send + Sync + 'static) {
        self.sources.push(Box::new(read));
    }

    /// A family without samples is left out.
    pub(super) fn write(&self, name: &str, out: &mut String) {
        let samples: Vec<Sample> = self.sources.iter().flat_map(|read| read()).collect();
        if !samples.is_empty() {
            describe(name, self.help, "gauge", out);
        }
        for sample in samples {
            out.push_str(name);
            for (i, (label, value)) in sample.labels.iter().enumerate() {
                out.push(if i == 0 { '{' } else { ',' });
                out.push_str(label);
                out.push_str("=\"");
                escape(value, out);
                out.push('"');
            }
            if !sample.labels.is_empty() {
                out.push('}');
            }
            let _ = writeln!(out, " {}", sample.value);
        }
    }
}

/// The two lines before the samples of a family.
pub(super) fn describe(name: &str, help: &str, kind: &str, out: &mut String) {
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

fn escape(value: &str, out: &mut String) {
    for c in value.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            '\n' => out.push_str("\\n"),
            other => out.push(other),
        }
    }
}
