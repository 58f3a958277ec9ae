//! What an OptimizationPolicy lets happen without a person, and how a change is rolled out, verified and made to last.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    money::Amount,
    quantity::IntOrPercent,
    time::{Duration, cel_seconds},
};

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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("self.maxRiskLevel != 'Critical'")
    .message("maxRiskLevel cannot be Critical: a person decides on what is likely to hurt; write Low, Medium or High"))]
pub struct AutoApprove {
    /// Least measured confidence, in percent: the lower bound of the share of past days on which the size would have held.
    #[schemars(range(min = 50, max = 100))]
    pub min_confidence_percent: i32,
    /// Highest risk that is approved: `Low`, `Medium` or `High`. `Critical` is refused: what is `Critical` always waits for a
    /// person.
    pub max_risk_level: RiskLevel,
    /// Least savings a month, in the price book's currency. Absent: any, also changes that cost more because they add what
    /// is missing.
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new(concat!("!has(self.pause) || ", cel_seconds!("self.pause"), " <= 604800"))
    .message("pause is longer than 168h: a rollout that rests for more than a week blocks the others; shorten it"))]
pub struct RolloutStep {
    /// How many pods have the new size after this step: a count such as `1`, or a share such as `20%`, rounded up.
    pub replicas: IntOrPercent,
    /// How long the step is watched before the next, at most `168h`. Absent: the next step starts once its pods are ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pause: Option<Duration>,
}

/// How changes are rolled out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("string(self.steps[size(self.steps) - 1].replicas) == '100%'")
    .message("the last step must be replicas: 100%, or some pods would never get the new size"))]
#[x_kube(validation = Rule::new("self.steps.all(a, self.steps.all(b, self.steps.indexOf(a) >= self.steps.indexOf(b) || string(a.replicas).endsWith('%') != string(b.replicas).endsWith('%') || size(string(a.replicas)) < size(string(b.replicas)) || (size(string(a.replicas)) == size(string(b.replicas)) && string(a.replicas) < string(b.replicas))))")
    .message("steps must ascend: each step covers more pods than the one before"))]
#[x_kube(validation = Rule::new(concat!(cel_seconds!("self.deferredTimeout"), " <= 86400"))
    .message("deferredTimeout is longer than 24h: a rollout that waits for more than a day blocks the others; shorten it"))]
#[x_kube(validation = Rule::new("self.steps.all(a, self.steps.exists_one(b, string(b.replicas) == string(a.replicas)))")
    .message("two steps have the same replicas: remove one of them"))]
pub struct RolloutStrategy {
    /// How a change reaches the pods. `Canary`: a few at a time by `steps`, each verified. `AllAtOnce`: all in one step,
    /// and `steps` is not looked at.
    #[serde(default, rename = "type")]
    pub kind: RolloutType,
    /// The steps of a canary, each larger than the one before; the last is `100%`.
    #[serde(default = "default_steps")]
    #[schemars(length(min = 1, max = 16), extend("x-kubernetes-list-type" = "atomic"))]
    pub steps: Vec<RolloutStep>,
    /// What is done about a pod whose node cannot give it the new size in place. `Undo`: the former values are restored
    /// everywhere. `Evict`: the pod is evicted within its disruption budgets and comes back with the new size elsewhere;
    /// only where the size is delivered by `Admission` or `Template`.
    #[serde(default)]
    pub if_infeasible: IfInfeasible,
    /// How long a pod whose node has no room at the moment is waited for before that counts as infeasible, at most `24h`.
    #[serde(default = "default_deferred_timeout")]
    pub deferred_timeout: Duration,
}

/// What is done about a pod whose node cannot give it the new size in place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum IfInfeasible {
    /// The former values are restored everywhere.
    #[default]
    Undo,
    /// The pod is evicted within its disruption budgets.
    Evict,
}

impl Default for RolloutStrategy {
    fn default() -> Self {
        Self {
            kind: RolloutType::Canary,
            steps: default_steps(),
            if_infeasible: IfInfeasible::default(),
            deferred_timeout: default_deferred_timeout(),
        }
    }
}

fn default_deferred_timeout() -> Duration {
    Duration("10m".to_owned())
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
    /// Admission where the server has it, else Manual where GitOps owns the workload, else Template.
    #[default]
    Auto,
    /// New pods get the size from an admission policy; the template is not touched.
    Admission,
    /// The workload's template is patched.
    Template,
    /// A pull request, which cannot be made yet.
    Git,
    /// A person applies the patch in the status.
    Manual,
}

/// How a new size is made to last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Delivery {
    /// The way that is taken. `Admission`: new pods get the size from an admission policy, the template is not touched.
    /// `Template`: the workload's template is patched, which restarts its pods. `Git`: a pull request, which cannot be
    /// made yet: with it nothing is carried out. `Manual`: a person applies the patch that stands in the recommendation's
    /// status. `Auto`: Admission where the server has it, else Manual where GitOps owns the workload, else Template.
    #[serde(default)]
    pub mode: DeliveryMode,
}

/// A question to Prometheus that must not get a worse answer after a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VerificationQuery {
    /// A name for it in messages, each name once, such as `error-rate`.
    #[schemars(length(min = 1, max = 63))]
    pub name: String,
    /// The PromQL expression. It must return one number, where more is worse. It is asked before the change and after it.
    #[schemars(length(min = 1, max = 2048))]
    pub promql: String,
    /// How much greater than before it may be, in percent. Above that the change is undone.
    #[serde(default = "default_max_worse")]
    #[schemars(range(min = 0, max = 1000))]
    pub max_worse_percent: i32,
}

/// How a change is judged once it is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new(concat!(cel_seconds!("self.window"), " >= 1 && ", cel_seconds!("self.window"), " <= 604800"))
    .message("window must be between 1s and 168h: no window shows nothing, a longer one blocks the next rollout"))]
pub struct Verification {
    /// How long the workload is watched after the last step. Between `1s` and `168h`; below some minutes it is for trials,
    /// since most of what goes wrong takes longer to show.
    #[serde(default = "default_verification_window")]
    pub window: Duration,
    /// Questions of your own, beside readiness, restarts, OOM kills and throttling, which are always looked at. They need
    /// Prometheus.
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("self.schedule.matches('^[-0-9A-Za-z*/,?#]+( +[-0-9A-Za-z*/,?#]+){4}$')")
    .message("schedule must have five fields, as in '0 22 * * MON-FRI': minute, hour, day of month, month, day of week"))]
#[x_kube(validation = Rule::new(concat!(cel_seconds!("self.duration"), " >= 60 && ", cel_seconds!("self.duration"), " <= 604800"))
    .message("duration must be between 1m and 168h: for a window that is always open, leave windows out"))]
pub struct Window {
    /// `Allow`: changes may start inside, and with any such window none start outside. `Deny`: no change starts inside;
    /// it wins over `Allow`.
    pub kind: WindowKind,
    /// When it opens: a cron expression with five fields (minute, hour, day of month, month, day of week), such as
    /// `0 22 * * MON-FRI`.
    #[schemars(length(min = 9, max = 100))]
    pub schedule: String,
    /// How long it stays open. Between `1m` and `168h`. A change that is under way when it closes is finished.
    pub duration: Duration,
    /// The IANA time zone of the schedule, such as `Europe/Berlin`.
    #[serde(default = "default_time_zone")]
    #[schemars(length(min = 1, max = 64), regex(pattern = "^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*$"))]
    pub time_zone: String,
}

/// How much may change at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new(concat!(cel_seconds!("self.cooldown"), " <= 7776000"))
    .message("cooldown is longer than 2160h (90 days): shorten it, or set suspend to true"))]
pub struct Limits {
    /// How many workloads of this policy are rolled out at the same time; the others wait.
    #[serde(default = "default_concurrent")]
    #[schemars(range(min = 1, max = 1000))]
    pub max_concurrent_rollouts: i32,
    /// How many rollouts of this policy begin within an hour; the others wait.
    #[serde(default = "default_per_hour")]
    #[schemars(range(min = 1, max = 10000))]
    pub max_rollouts_per_hour: i32,
    /// How long a workload is left alone after a change, at most `2160h` (90 days).
    #[serde(default = "default_cooldown")]
    pub cooldown: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_concurrent_rollouts: default_concurrent(),
            max_rollouts_per_hour: default_per_hour(),
            cooldown: default_cooldown(),
        }
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

fn default_per_hour() -> i32 {
    60
}

fn default_cooldown() -> Duration {
    Duration("24h".to_owned())
}
