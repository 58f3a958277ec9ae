//! What a recommendation stands on, in the form in which people read it.
//!
//! In: decisions on containers with their figures. Out: the `evidence` of a Recommendation's status, and how many pods
//! run on average. Pure.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use trimtab_api::{
    quantity::Quantity,
    recommendation_status::{ContainerEvidence, Evidence},
};
use trimtab_core::conditions::whole_seconds;
use trimtab_sizing::{ContainerDecision, ResourceDecision, Verdict};

use crate::{amount, decide::Decided, observed::Observed, validate::ValidatedPolicy};

/// The version of the decision. It changes whenever the same usage would give another size.
pub const ALGORITHM: &str = "usage-1";

/// Seconds between two samples of one pod.
pub const STEP_SECONDS: i64 = 300;

/// How many pods run on average, in hundredths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AveragePods {
    /// A hundred of these are one pod.
    pub hundredths: u64,
}

impl AveragePods {
    /// Rounded up to whole pods.
    pub fn whole(self) -> i32 {
        i32::try_from(self.hundredths.div_ceil(100)).unwrap_or(i32::MAX)
    }
}

/// How many pods of the workload run on average. Those of a workload that runs on are counted now; those of one that runs
/// and ends are counted by their samples, because they cost only while they run.
pub fn average_pods(observed: &Observed<'_>, decided: &[Decided]) -> AveragePods {
    if !observed.workload.id.kind.runs_to_completion() {
        return AveragePods { hundredths: u64::from(observed.pods.max(observed.workload.desired)) * 100 };
    }
    let ran = decided.iter().filter_map(|d| d.decision.as_ref()).map(|d| &d.evidence).max_by_key(|e| e.cpu_samples);
    let hundredths = ran.map_or(0, |e| {
        let span = u64::try_from(e.to_seconds - e.from_seconds).unwrap_or(0).max(86_400);
        (e.cpu_samples * STEP_SECONDS.unsigned_abs() * 100).div_ceil(span)
    });
    AveragePods { hundredths }
}

/// The evidence of all containers that were decided on.
pub fn evidence(policy: &ValidatedPolicy, observed: &Observed<'_>, decided: &[Decided], now: Timestamp) -> Evidence {
    let decisions = || decided.iter().filter_map(|d| d.decision.as_ref());
    let time = |seconds: Option<i64>| {
        Time(seconds.and_then(|s| Timestamp::from_second(s).ok()).unwrap_or_else(|| whole_seconds(now)))
    };
    // The container that is least sure decides how sure the whole is.
    let weakest = decided
        .iter()
        .filter(|d| d.sized.changes())
        .filter_map(|d| d.decision.as_ref())
        .map(|d| d.confidence)
        .min_by_key(|c| c.percent)
        .unwrap_or_default();
    Evidence {
        source: observed.source.to_owned(),
        from: time(decisions().map(|d| d.evidence.from_seconds).min()),
        to: time(decisions().map(|d| d.evidence.to_seconds).max()),
        replayed_days: i32::try_from(weakest.days_scored).unwrap_or(i32::MAX),
        held_days: i32::try_from(weakest.days_held).unwrap_or(i32::MAX),
        algorithm: format!("{ALGORITHM}/{:?}", policy.rules.profile),
        containers: decided
            .iter()
            .filter_map(|d| d.decision.as_ref().map(|decision| container(policy, &d.sized.name, decision)))
            .collect(),
    }
}

fn container(policy: &ValidatedPolicy, name: &str, d: &ContainerDecision) -> ContainerEvidence {
    let e = &d.evidence;
    let cpu = |cores: f64| Quantity(amount::measured_cpu(cores));
    let percentile = policy.rules_for(name).map_or(policy.rules.cpu.percentile, |r| r.cpu.percentile);
    ContainerEvidence {
        name: name.to_owned(),
        cpu_samples: i64::try_from(e.cpu_samples).unwrap_or(i64::MAX),
        memory_samples: i64::try_from(e.memory_samples).unwrap_or(i64::MAX),
        cpu_percentile: percentile.round() as i32,
        cpu_usage: cpu(e.cpu_base),
        cpu_peak: cpu(e.cpu_peak),
        memory_peak: Quantity(amount::measured_memory(e.memory_peak)),
        throttled_percent: (e.throttled_percent > 0.0).then(|| e.throttled_percent.round() as i32),
        oom_kills: i32::try_from(e.oom_kills).unwrap_or(i32::MAX),
        restarts: i32::try_from(e.restarts).unwrap_or(i32::MAX),
        cpu_reason: why(&d.cpu),
        memory_reason: why(&d.memory),
    }
}

/// What decided a request, in one word: a bound that moved it, a refusal, or usage itself.
fn why(decision: &ResourceDecision) -> String {
    match (&decision.request, decision.bounds.first()) {
        (Verdict::Refuse { reason }, _) => format!("{reason:?}"),
        (_, Some(bound)) => format!("{bound:?}"),
        (Verdict::Keep { reason, .. }, None) => format!("{reason:?}"),
        (_, None) => "Usage".to_owned(),
    }
}
