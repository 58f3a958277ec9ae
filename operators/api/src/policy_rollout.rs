//! What an OptimizationPolicy lets happen without a person, and how a change is rolled out, verified and made to last.
//!
//! These fields are part of the kind from the start, so that a policy written today says what it will allow; until
//! recommendations carry themselves out, Trimtab only proposes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{money::Amount, quantity::IntOrPercent, time::Duration};

/// How risky a change is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum RiskLevel {
    /// Nothing speaks against it.
    Low,
    /// One thing to look at.
    Medium,
    /// Somebody should decide.
    High,
    /// Likely to hurt.
    Critical,
}

impl RiskLevel {
    /// The level as it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "Low",
            Self::Medium => "Medium",
            Self::High => "High",
            Self::Critical => "Critical",
        }
    }
}

/// What may be approved without a person. All three must hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AutoApprove {
    /// Least measured confidence.
    #[schemars(range(min = 50, max = 100))]
    pub min_confidence_percent: i32,
    /// Highest risk.
    pub max_risk_level: RiskLevel,
    /// Least savings a month, in the price book's currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_monthly_savings: Option<Amount>,
}

/// How a change reaches the pods.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum RolloutType {
    /// A few pods at a time, each step verified.
    #[default]
    Canary,
    /// All pods in one step.
    AllAtOnce,
}

/// One step of a canary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RolloutStep {
    /// How many pods have the new size after this step: a count or a share such as `20%`.
    pub replicas: IntOrPercent,
    /// How long the step is watched before the next. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pause: Option<Duration>,
}

/// How changes are rolled out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RolloutStrategy {
    /// How a change reaches the pods.
    #[serde(default, rename = "type")]
    pub kind: RolloutType,
    /// The steps of a canary, each larger than the one before.
    #[serde(default = "default_steps")]
    #[schemars(length(min = 1, max = 16))]
    pub steps: Vec<RolloutStep>,
}

impl Default for RolloutStrategy {
    fn default() -> Self {
        Self { kind: RolloutType::Canary, steps: default_steps() }
    }
}

fn default_steps() -> Vec<RolloutStep> {
    let step = |share: &str, pause: Option<&str>| RolloutStep {
        replicas: IntOrPercent::Percent(share.to_owned()),
        pause: pause.map(|p| Duration(p.to_owned())),
    };
    vec![step("20%", Some("5m")), step("50%", Some("10m")), step("100%", None)]
}

/// How a new size is made to last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum DeliveryMode {
    /// Admission where GitOps owns the workload or the server has it, else Template.
    #[default]
    Auto,
    /// New pods get the size from an admission policy; the template is not touched.
    Admission,
    /// The workload's template is patched.
    Template,
    /// A pull request.
    Git,
    /// A person applies the patch in the status.
    Manual,
}

/// How a new size is made to last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Delivery {
    /// The way that is taken.
    #[serde(default)]
    pub mode: DeliveryMode,
}

/// A question to Prometheus that must not get a worse answer after a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VerificationQuery {
    /// A name for it in messages.
    #[schemars(length(min = 1, max = 63))]
    pub name: String,
    /// The PromQL expression; one number, where more is worse.
    #[schemars(length(min = 1, max = 2048))]
    pub promql: String,
    /// How much greater than before it may be, in percent.
    #[serde(default = "default_max_worse")]
    #[schemars(range(min = 0, max = 1000))]
    pub max_worse_percent: i32,
}

/// How a change is judged once it is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Verification {
    /// How long the workload is watched after the last step.
    #[serde(default = "default_verification_window")]
    pub window: Duration,
    /// Questions of your own, beside readiness, restarts, OOM kills and throttling.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub queries: Vec<VerificationQuery>,
}

impl Default for Verification {
    fn default() -> Self {
        Self { window: default_verification_window(), queries: Vec::new() }
    }
}

/// Whether a window lets changes happen or forbids them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum WindowKind {
    /// Changes may start inside. With any such window, none start outside.
    Allow,
    /// No change starts inside; wins over `Allow`.
    Deny,
}

/// When changes may start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Window {
    /// Whether it allows or forbids.
    pub kind: WindowKind,
    /// When it opens: a cron expression with five fields.
    #[schemars(length(min = 9, max = 100))]
    pub schedule: String,
    /// How long it stays open.
    pub duration: Duration,
    /// The IANA time zone of the schedule.
    #[serde(default = "default_time_zone")]
    #[schemars(length(min = 1, max = 64))]
    pub time_zone: String,
}

/// How much may change at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    /// How many workloads of this policy are rolled out at the same time.
    #[serde(default = "default_concurrent")]
    #[schemars(range(min = 1, max = 1000))]
    pub max_concurrent_rollouts: i32,
    /// How long a workload is left alone after a change.
    #[serde(default = "default_cooldown")]
    pub cooldown: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_concurrent_rollouts: default_concurrent(), cooldown: default_cooldown() }
    }
}

fn default_max_worse() -> i32 {
    10
}

fn default_verification_window() -> Duration {
    Duration("15m".to_owned())
}

fn default_time_zone() -> String {
    "UTC".to_owned()
}

fn default_concurrent() -> i32 {
    5
}

fn default_cooldown() -> Duration {
    Duration("24h".to_owned())
}
