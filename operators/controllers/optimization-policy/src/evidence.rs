//! The evidence of a Recommendation, in the form in which people read it.
//!
//! In: decisions on containers with their figures. Out: the `evidence` of a Recommendation's status, and the average
//! number of pods. Pure.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use trimtab_api::{
    evidence::{ContainerEvidence, Evidence},
    quantity::Quantity,
};
use trimtab_core::conditions::whole_seconds;
use trimtab_pricing::Money;
use trimtab_sizing::{Confidence, ContainerDecision, KeepReason, ResourceDecision, SHORT_BY_DAYS, Verdict};

use crate::{
    amount, decided::Decided, observed::Observed, sized::SizedContainer, text::count, validate::ValidatedPolicy,
};

/// The version of the algorithm. It changes whenever the same usage would give another size.
pub const ALGORITHM: &str = "usage-2";

/// Seconds between two samples of one pod.
pub const STEP_SECONDS: i64 = 300;

/// The average number of running pods: pod seconds over seconds, so that minutes a week are not lost in rounding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AveragePods {
    pod_seconds: u64,
    seconds: u64,
    /// Whether they run only at times.
    pub runs_at_times: bool,
}

impl AveragePods {
    /// Rounded up to whole pods.
    pub fn whole(self) -> i32 {
        i32::try_from(self.pod_seconds.div_ceil(self.seconds)).unwrap_or(i32::MAX)
    }

    /// Pod hours per month of 730 hours, rounded up.
    pub fn hours_a_month(self) -> u64 {
        self.pod_seconds.saturating_mul(trimtab_pricing::cost::HOURS_PER_MONTH).div_ceil(self.seconds)
    }

    /// The cost of all of them if one that always runs costs `one`. `None` on overflow.
    pub fn times(self, one: Money) -> Option<Money> {
        one.checked_mul_div(self.pod_seconds, self.seconds)
    }
}

/// The average number of the workload's pods. For a workload that runs on these are the desired ones: during a rollout
/// there are more for a while. For one that runs and ends they are counted by their samples since the first one,
/// because they cost only while they run.
pub fn average_pods(observed: &Observed<'_>, decided: &[Decided], now: Timestamp) -> AveragePods {
    if !observed.workload.id.kind.runs_to_completion() {
        let wanted = observed.workload.desired;
        let pods = if wanted > 0 { wanted } else { observed.pods };
        return AveragePods { pod_seconds: u64::from(pods), seconds: 1, runs_at_times: false };
    }
    let step = observed.step_seconds;
    let ran = decided.iter().filter_map(|d| d.decision.as_ref().ok()).map(|d| &d.evidence);
    let ran = ran.max_by_key(|e| e.cpu_samples);
    let seconds = ran.map_or(0, |e| now.as_second().saturating_sub(e.from_seconds)).max(86_400).unsigned_abs();
    let pod_seconds = ran.map_or(0, |e| e.cpu_samples.saturating_mul(step.unsigned_abs()));
    AveragePods { pod_seconds, seconds, runs_at_times: true }
}

/// The confidence of the least certain container, which determines that of the whole.
pub fn weakest(decided: &[Decided]) -> Confidence {
    decided
        .iter()
        .filter(|d| d.sized.changes())
        .filter_map(|d| d.decision.as_ref().ok())
        .map(|d| d.confidence)
        .min_by_key(|c| c.percent)
        .unwrap_or_default()
}

/// The evidence of all containers with a decision.
pub fn evidence(policy: &ValidatedPolicy, observed: &Observed<'_>, decided: &[Decided], now: Timestamp) -> Evidence {
    let decisions = || decided.iter().filter_map(|d| d.decision.as_ref().ok());
    let time = |seconds: Option<i64>| {
        Time(seconds.and_then(|s| Timestamp::from_second(s).ok()).unwrap_or_else(|| whole_seconds(now)))
    };
    let weakest = weakest(decided);
    Evidence {
        source: observed.source.to_owned(),
        from: time(decisions().map(|d| d.evidence.from_seconds).min()),
        to: time(decisions().map(|d| d.evidence.to_seconds).max()),
        replayed_days: i32::try_from(weakest.days_scored).unwrap_or(i32::MAX),
        held_days: i32::try_from(weakest.days_held).unwrap_or(i32::MAX),
        algorithm: format!("{ALGORITHM}/{:?}", policy.rules.profile),
        containers: decided
            .iter()
            .filter_map(|d| d.decision.as_ref().ok().map(|decision| container(&d.sized, decision)))
            .collect(),
    }
}

fn container(sized: &SizedContainer, d: &ContainerDecision) -> ContainerEvidence {
    let e = &d.evidence;
    // Usage is stored in buckets, whose upper edge may lie slightly above the peak itself.
    // What was not measured has no figure: 0 would say that nothing was used.
    let (has_cpu, has_memory) = (e.cpu_samples > 0, e.memory_samples > 0);
    let cpu = |cores: f64| has_cpu.then(|| Quantity(amount::measured_cpu(cores.min(e.cpu_peak))));
    let memory = |bytes: f64| has_memory.then(|| Quantity(amount::measured_memory(bytes.min(e.memory_peak))));
    ContainerEvidence {
        name: sized.name.to_string(),
        cpu_samples: i64::try_from(e.cpu_samples).unwrap_or(i64::MAX),
        memory_samples: i64::try_from(e.memory_samples).unwrap_or(i64::MAX),
        // Not the policy's minimum percentile, but the one to which the amount really corresponds.
        cpu_percentile: has_cpu.then(|| whole_percent(e.cpu_covered_percent)),
        cpu_usage: cpu(e.cpu_base),
        cpu_p50: cpu(e.cpu_p50),
        cpu_p95: cpu(e.cpu_p95),
        cpu_p99: cpu(e.cpu_p99),
        cpu_peak: cpu(e.cpu_peak),
        memory_typical_peak: memory(e.memory_typical_peak),
        memory_peak: memory(e.memory_peak),
        throttled_percent: (e.cpu_periods > 0).then(|| throttled(e.throttled_percent)),
        oom_kills: i32::try_from(e.oom_kills).unwrap_or(i32::MAX),
        restarts: i32::try_from(e.restarts).unwrap_or(i32::MAX),
        cpu_reason: why(&d.cpu, sized.cpu_changes()),
        memory_reason: why(&d.memory, sized.memory_changes()),
    }
}

/// From this length on, in hours, a history is shown in days, and the advice to wait is no longer a matter of days.
const HOURS_OF_DAYS: i64 = 72;

/// Whole hours of history, to the nearest.
fn hours(e: &trimtab_sizing::Evidence) -> i64 {
    (e.known_seconds + 1800) / 3600
}

/// Whether less than three days are known.
pub fn is_short(e: &trimtab_sizing::Evidence) -> bool {
    hours(e) < HOURS_OF_DAYS
}

/// The length of the known history, as a number and its unit: `2 days` would be said of 26 hours.
pub fn known(e: &trimtab_sizing::Evidence) -> (u32, &'static str) {
    let whole = |n: i64| u32::try_from(n).unwrap_or(0).max(1);
    if is_short(e) { (whole(hours(e)), "hour") } else { (e.days.min(whole((hours(e) + 12) / 24)), "day") }
}

/// A share in whole percent, rounded down so that 99.7 % is not shown as 100, except for floating-point error.
pub fn whole_percent(percent: f64) -> i32 {
    (percent + 1e-6).floor().clamp(0.0, 100.0) as i32
}

/// A share of throttled periods in whole percent; 1 for less, since 0 would say that there were none.
fn throttled(percent: f64) -> i32 {
    let whole = percent.round().clamp(0.0, 100.0) as i32;
    if percent > 0.0 { whole.max(1) } else { 0 }
}

/// What determined a request, in one word: a refusal, a bound that moved it, too small a change, or usage itself.
fn why(decision: &ResourceDecision, changes: bool) -> String {
    match (&decision.request, decision.bounds.first()) {
        (Verdict::Refuse { reason }, _) => format!("{reason:?}"),
        (Verdict::Keep { reason, .. }, None) => format!("{reason:?}"),
        (Verdict::Resize { from, to }, _) if !changes && *from != Some(*to) => {
            format!("{:?}", KeepReason::WithinTolerance)
        }
        (_, Some(bound)) => format!("{bound:?}"),
        (_, None) => "Usage".to_owned(),
    }
}

/// How far a short history falls behind the window.
pub fn behind_window() -> String {
    format!("at least {} less than the history window", count(SHORT_BY_DAYS.unsigned_abs(), "day"))
}

#[cfg(test)]
mod tests;
