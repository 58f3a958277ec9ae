//! The settings of a policy that rollouts need, from its spec.
//!
//! In: an OptimizationPolicySpec. Out: [`Rules`], or the first invalid field. The schema already refuses most of
//! these, but objects stored before a validation rule existed still get here.

use trimtab_api::{
    OptimizationPolicySpec,
    approval::AutoApprove,
    delivery::{Delivery, DeliveryMode},
    policy_sizing::Metrics,
    quantity::IntOrPercent,
    rollout_strategy::{IfInfeasible, RolloutStrategy, RolloutType},
    verification::{Verification, VerificationQuery},
};
use trimtab_engine::{
    invalid_field::InvalidField,
    limits::{StartLimits, seconds},
};
use trimtab_rollout::view::{Settings, Share, StepSetting};

/// A policy's settings for rollouts.
#[derive(Clone, Debug)]
pub struct Rules {
    /// When and how often rollouts may start.
    pub limits: StartLimits,
    /// What is approved without a person; `None`: nothing.
    pub auto_approve: Option<AutoApprove>,
    /// The delivery in the policy: may be `Auto`.
    pub delivery: DeliveryMode,
    /// What to do with a pod that cannot be resized in place.
    pub if_infeasible: IfInfeasible,
    /// The steps of a rollout; the last covers all pods.
    pub steps: Vec<StepSetting>,
    /// How long to wait for a deferred pod, in seconds.
    pub deferred_timeout_s: i64,
    /// How long all pods are watched at the end, in seconds.
    pub verification_window_s: i64,
    /// The policy's own Prometheus queries.
    pub queries: Vec<VerificationQuery>,
    /// How old the newest sample of usage may be, in seconds.
    pub max_data_age_s: i64,
}

impl Default for Rules {
    /// The rules for a recommendation without a policy: the default of every field, no auto-approval, no windows.
    fn default() -> Self {
        // A test checks that the defaults of the API are valid; the fallbacks here are the same and are never used.
        read(&Parts::default()).unwrap_or_else(|_| Self {
            limits: StartLimits::default(),
            auto_approve: None,
            delivery: DeliveryMode::Manual,
            if_infeasible: IfInfeasible::Undo,
            steps: vec![StepSetting { share: Share::Percent(100), pause_s: 0 }],
            deferred_timeout_s: 600,
            verification_window_s: 900,
            queries: Vec::new(),
            max_data_age_s: 1800,
        })
    }
}

/// The fields of a spec that are read.
#[derive(Default)]
struct Parts {
    limits: StartLimits,
    auto_approve: Option<AutoApprove>,
    delivery: Delivery,
    strategy: RolloutStrategy,
    verification: Verification,
    metrics: Metrics,
}

/// The rules of a policy.
///
/// # Errors
/// The first invalid field.
pub fn rules(spec: &OptimizationPolicySpec) -> Result<Rules, InvalidField> {
    read(&Parts {
        limits: StartLimits::read(spec.suspend, &spec.windows, &spec.limits)?,
        auto_approve: spec.auto_approve.clone(),
        delivery: spec.delivery.clone(),
        strategy: spec.rollout_strategy.clone(),
        verification: spec.verification.clone(),
        metrics: spec.metrics.clone(),
    })
}

fn read(parts: &Parts) -> Result<Rules, InvalidField> {
    let strategy = &parts.strategy;
    Ok(Rules {
        limits: parts.limits.clone(),
        auto_approve: parts.auto_approve.clone(),
        delivery: parts.delivery.mode,
        if_infeasible: strategy.if_infeasible,
        steps: steps(strategy)?,
        deferred_timeout_s: seconds("rolloutStrategy.deferredTimeout", &strategy.deferred_timeout)?,
        verification_window_s: seconds("verification.window", &parts.verification.window)?,
        queries: parts.verification.queries.clone(),
        max_data_age_s: seconds("metrics.maxAge", &parts.metrics.max_age)?,
    })
}

fn steps(strategy: &RolloutStrategy) -> Result<Vec<StepSetting>, InvalidField> {
    if strategy.kind == RolloutType::AllAtOnce {
        return Ok(vec![StepSetting { share: Share::Percent(100), pause_s: 0 }]);
    }
    let mut steps = Vec::with_capacity(strategy.steps.len());
    for (index, step) in strategy.steps.iter().enumerate() {
        let at = |part: &str| format!("rolloutStrategy.steps[{index}].{part}");
        let share = share(&step.replicas).ok_or_else(|| {
            let value = match &step.replicas {
                IntOrPercent::Int(n) => n.to_string(),
                IntOrPercent::Percent(text) => text.clone(),
            };
            InvalidField::new(at("replicas"), value, "a count such as 1, or a share such as 20%")
        })?;
        let pause_s = step.pause.as_ref().map_or(Ok(0), |pause| seconds(&at("pause"), pause))?;
        steps.push(StepSetting { share, pause_s });
    }
    match steps.last() {
        Some(StepSetting { share: Share::Percent(100), .. }) => Ok(steps),
        last => {
            let value = last.map_or_else(|| "nothing".to_owned(), |s| format!("{:?}", s.share));
            Err(InvalidField::new(
                "the last of rolloutStrategy.steps",
                value,
                "100%, so that all pods get the new size",
            ))
        }
    }
}

fn share(replicas: &IntOrPercent) -> Option<Share> {
    match replicas {
        IntOrPercent::Int(count) => u32::try_from(*count).ok().filter(|c| *c > 0).map(Share::Count),
        IntOrPercent::Percent(text) => {
            let percent = text.strip_suffix('%')?.parse::<u32>().ok()?;
            (1..=100).contains(&percent).then_some(Share::Percent(percent))
        }
    }
}

impl Rules {
    /// The settings that the rollout machine needs. `delivery` is the result of [`crate::delivery::resolve`], or the
    /// mode that the rollout under way was started with; `in_place`: whether the API server has `pods/resize`.
    pub fn rollout_settings(&self, delivery: DeliveryMode, in_place: bool) -> Settings {
        Settings {
            steps: self.steps.clone(),
            if_infeasible: self.if_infeasible,
            deferred_timeout_s: self.deferred_timeout_s,
            verification_window_s: self.verification_window_s,
            delivery,
            in_place,
        }
    }
}

#[cfg(test)]
mod tests;
