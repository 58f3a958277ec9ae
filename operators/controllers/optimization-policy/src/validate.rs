//! From an OptimizationPolicy to a [`ValidatedPolicy`], the only form that later steps accept.
//!
//! In: the object as the API server stores it. Out: numbers instead of strings, consistent with each other, or the
//! first invalid field with its remedy: of sizing, else of rollouts. Pure. The schema rejects most of this already; but
//! it does not know time zones and schedules, and objects that were stored before a rule existed come here too.

use jiff::Timestamp;
use kube::ResourceExt;
use trimtab_api::{
    OptimizationPolicy,
    optimization_policy::SelectedKind,
    policy_sizing::{ContainerMode, CpuSizing, LimitMode, MemorySizing, MetricsSource, SizingProfile},
    quantity::Quantity,
    selector::LabelSelector,
    time::Duration,
};
use trimtab_core::{CustomKind, WorkloadKind, selector::Selector};
use trimtab_pricing::Money;
use trimtab_sizing::{self as sizing, Profile, RulesError, SizingRules};

pub use crate::policy_error::PolicyError;
use crate::{amount, runtime};

/// A policy in which every field is valid.
#[derive(Clone, Debug)]
pub struct ValidatedPolicy {
    /// Its name.
    pub name: String,
    /// Its creation time; of two policies with the same priority the older one counts.
    pub created: Option<Timestamp>,
    /// Its priority over other policies.
    pub priority: i32,
    /// Which namespaces it selects.
    pub scope: Scope,
    /// The workloads that it selects there; `None` for all.
    pub workload_selector: Option<Selector>,
    /// The kinds that it selects.
    pub kinds: Vec<WorkloadKind>,
    /// Its usage source.
    pub source: MetricsSource,
    /// Maximum age of the newest sample, in seconds.
    pub max_age_s: i64,
    /// The rules for containers without an exception.
    pub rules: SizingRules,
    /// Exceptions by container name; `None` for excluded containers.
    pub exceptions: Vec<(String, Option<SizingRules>)>,
    /// By container name: how much memory its process was told that it may use, in bytes.
    pub runtime_memory: Vec<(String, i64)>,
    /// When a difference is worth a Recommendation.
    pub thresholds: Thresholds,
    /// Whether it is suspended.
    pub suspended: bool,
}

/// Which namespaces a policy selects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// These, by name.
    Names(Vec<String>),
    /// Those with these labels.
    Selector(Selector),
}

/// When a difference is worth a Recommendation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thresholds {
    /// Minimum change in percent of the present request.
    pub min_change_percent: i64,
    /// Minimum CPU change in millicores.
    pub min_cpu: i64,
    /// Minimum memory change in bytes.
    pub min_memory: i64,
    /// Minimum monthly savings.
    pub min_savings: Money,
}

impl ValidatedPolicy {
    /// The rules for containers of this name; `None` if they are excluded.
    pub fn rules_for(&self, container: &str) -> Option<&SizingRules> {
        match self.exceptions.iter().find(|(name, _)| name == container) {
            Some((_, rules)) => rules.as_ref(),
            None => Some(&self.rules),
        }
    }
}

/// A non-empty selector.
fn some(field: &'static str, selector: &LabelSelector) -> Result<Selector, PolicyError> {
    let selector = Selector::from(selector);
    if selector.is_empty() { Err(PolicyError::EmptySelector { field }) } else { Ok(selector) }
}

/// Validates a policy.
///
/// # Errors
/// The first invalid field.
pub fn validate(policy: &OptimizationPolicy) -> Result<ValidatedPolicy, PolicyError> {
    let spec = &policy.spec;
    let scope = match (&spec.target_namespaces, &spec.namespace_selector) {
        (Some(names), None) if names.is_empty() => {
            return Err(PolicyError::EmptySelector { field: "targetNamespaces" });
        }
        (Some(names), None) => match names.iter().find(|n| n.contains(['*', '?'])) {
            Some(pattern) => return Err(PolicyError::Pattern { name: pattern.clone() }),
            None => Scope::Names(names.clone()),
        },
        (None, Some(selector)) => Scope::Selector(some("namespaceSelector", selector)?),
        _ => return Err(PolicyError::Scope),
    };
    let workload_selector = spec.workload_selector.as_ref().map(|s| some("workloadSelector", s)).transpose()?;
    if spec.kinds.is_empty() {
        return Err(PolicyError::EmptySelector { field: "kinds" });
    }
    let max_age_s = seconds("metrics.maxAge", &spec.metrics.max_age)?;
    if !(60..=86_400).contains(&max_age_s) {
        return Err(out_of_range("metrics.maxAge", &spec.metrics.max_age.0, "between 1m and 24h"));
    }
    let mut rules = SizingRules::of(profile(spec.sizing.profile));
    rules.window_seconds = seconds("history.window", &spec.history.window)?;
    rules.minimum_history_seconds = seconds("history.minimum", &spec.history.minimum)?;
    rules.maximum_age_seconds = max_age_s;
    // Whether a change is worth it is decided by the thresholds, for all containers together.
    rules.tolerance_percent = 0.0;
    if !(86_400..=90 * 86_400).contains(&rules.window_seconds) {
        return Err(out_of_range("history.window", &spec.history.window.0, "between 24h and 2160h"));
    }
    if rules.minimum_history_seconds < 3600 {
        return Err(out_of_range("history.minimum", &spec.history.minimum.0, "at least 1h"));
    }
    let rules = overridden(rules, "sizing", &spec.sizing.cpu, &spec.sizing.memory)?;
    let exceptions = spec
        .sizing
        .containers
        .iter()
        .map(|c| {
            let path = format!("sizing.containers[{}]", c.name);
            let own = match c.mode {
                ContainerMode::Off => None,
                ContainerMode::Auto => Some(overridden(
                    rules.clone(),
                    &path,
                    &c.cpu.clone().unwrap_or_default(),
                    &c.memory.clone().unwrap_or_default(),
                )?),
            };
            Ok((c.name.clone(), own))
        })
        .collect::<Result<Vec<_>, PolicyError>>()?;
    let runtime_memory = runtime::said_by(&spec.sizing)?;
    let t = &spec.thresholds;
    if !(0..=100).contains(&t.min_change_percent) {
        let value = t.min_change_percent.to_string();
        return Err(out_of_range("thresholds.minChangePercent", &value, "between 0 and 100"));
    }
    let min_savings = Money::parse(&t.min_monthly_savings.0).map_err(|_| {
        unreadable("thresholds.minMonthlySavings", &t.min_monthly_savings.0, "an amount such as 5 or 2.50")
    })?;
    let valid = ValidatedPolicy {
        name: policy.name_any(),
        created: policy.metadata.creation_timestamp.as_ref().map(|t| t.0),
        priority: spec.priority,
        scope,
        workload_selector,
        kinds: spec.kinds.iter().copied().flat_map(kinds_of).collect(),
        source: spec.metrics.source,
        max_age_s,
        rules,
        exceptions,
        runtime_memory,
        thresholds: Thresholds {
            min_change_percent: i64::from(t.min_change_percent),
            min_cpu: cpu("thresholds.minCpu", &t.min_cpu)?,
            min_memory: memory("thresholds.minMemory", &t.min_memory)?,
            min_savings,
        },
        suspended: spec.suspend,
    };
    // Rollouts read these themselves; here they only have to be readable.
    trimtab_gates::rules::rules(spec)?;
    Ok(valid)
}

/// `rules` with a policy's overrides.
fn overridden(mut rules: SizingRules, path: &str, c: &CpuSizing, m: &MemorySizing) -> Result<SizingRules, PolicyError> {
    if let Some(percentile) = c.percentile {
        rules.cpu.percentile = f64::from(percentile);
    }
    if let Some(headroom) = c.headroom_percent {
        rules.cpu.headroom_percent = f64::from(headroom);
    }
    if let Some(limit) = c.limit {
        rules.cpu.limit = limit_mode(limit);
        rules.cpu.limit_explicit = true;
    }
    if let Some(min) = &c.min {
        rules.cpu.min_millicores = cpu(&format!("{path}.cpu.min"), min)?;
    }
    if let Some(max) = &c.max {
        rules.cpu.max_millicores = Some(cpu(&format!("{path}.cpu.max"), max)?);
    }
    if let Some(headroom) = m.headroom_percent {
        rules.memory.headroom_percent = f64::from(headroom);
    }
    if let Some(headroom) = m.oom_headroom_percent {
        rules.memory.oom_headroom_percent = f64::from(headroom);
    }
    if let Some(limit) = m.limit {
        rules.memory.limit = limit_mode(limit);
        rules.memory.limit_explicit = true;
    }
    if let Some(min) = &m.min {
        rules.memory.min_bytes = memory(&format!("{path}.memory.min"), min)?;
    }
    if let Some(max) = &m.max {
        rules.memory.max_bytes = Some(memory(&format!("{path}.memory.max"), max)?);
    }
    let prefix = if path == "sizing" { String::new() } else { format!("{path}: ") };
    rules.validated().map_err(|source| match source {
        RulesError::MinimumAboveMaximum { field, min, max } => {
            let written = if field == "cpu" { amount::cpu } else { amount::memory };
            PolicyError::MinimumAboveMaximum { path: format!("{path}.{field}"), min: written(min), max: written(max) }
        }
        source => PolicyError::Rules { prefix, source },
    })
}

fn profile(profile: SizingProfile) -> Profile {
    match profile {
        SizingProfile::Savings => Profile::Savings,
        SizingProfile::Balanced => Profile::Balanced,
        SizingProfile::Resilient => Profile::Resilient,
    }
}

fn limit_mode(mode: LimitMode) -> sizing::LimitMode {
    match mode {
        LimitMode::Keep => sizing::LimitMode::Keep,
        LimitMode::KeepRatio => sizing::LimitMode::KeepRatio,
        LimitMode::EqualRequest => sizing::LimitMode::EqualsRequest,
        LimitMode::Remove => sizing::LimitMode::Remove,
    }
}

fn kinds_of(kind: SelectedKind) -> Vec<WorkloadKind> {
    vec![match kind {
        SelectedKind::Deployment => WorkloadKind::Deployment,
        SelectedKind::StatefulSet => WorkloadKind::StatefulSet,
        SelectedKind::DaemonSet => WorkloadKind::DaemonSet,
        SelectedKind::CronJob => WorkloadKind::CronJob,
        SelectedKind::Job => WorkloadKind::Job,
        SelectedKind::Rollout => WorkloadKind::Rollout,
        SelectedKind::Custom => return CustomKind::all().map(WorkloadKind::Custom).collect(),
    }]
}

fn seconds(field: &str, duration: &Duration) -> Result<i64, PolicyError> {
    duration.seconds().ok_or_else(|| unreadable(field, &duration.0, "a duration such as 30m or 336h"))
}

fn cpu(field: &str, q: &Quantity) -> Result<i64, PolicyError> {
    amount::sane_cpu(&q.0).ok_or_else(|| unreadable(field, &q.0, "an amount of CPU such as 250m or 2"))
}

fn memory(field: &str, q: &Quantity) -> Result<i64, PolicyError> {
    amount::sane_memory(&q.0).ok_or_else(|| unreadable(field, &q.0, "an amount of memory such as 512Mi"))
}

fn unreadable(field: &str, value: &str, expected: &'static str) -> PolicyError {
    PolicyError::Unreadable { field: field.to_owned(), value: value.to_owned(), expected }
}

fn out_of_range(field: &str, value: &str, expected: &'static str) -> PolicyError {
    PolicyError::OutOfRange { field: field.to_owned(), value: value.to_owned(), expected }
}

#[cfg(test)]
mod tests;
