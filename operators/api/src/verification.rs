//! Verification: what is asked of a workload after a change, what it was before, and what was found.
//!
//! In: nothing. Out: the types of `spec.verification` of a policy, and of `baseline` and `checks` of a rollout.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::time::{Duration, cel_seconds};

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

fn default_max_worse() -> i32 {
    10
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

fn default_verification_window() -> Duration {
    Duration("15m".to_owned())
}

/// What one check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Verdict {
    /// No worse than before.
    Pass,
    /// Worse than before: the change is undone.
    Fail,
    /// It cannot be said: the rollout pauses.
    Inconclusive,
}

/// A check of the workload after a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Check {
    /// The check's name: `Readiness`, `Restarts`, `OOMKills`, `Throttling`, `Pending`, `Neighbours`, `Autoscaler`, or
    /// `Query/NAME` for one of the policy.
    #[schemars(length(min = 1, max = 80))]
    pub name: String,
    /// What it found.
    pub verdict: Verdict,
    /// Before and now, with numbers.
    #[schemars(length(max = 512))]
    pub message: String,
}

/// The answer of one query of the policy before the change. A decimal, because Kubernetes has no floats.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct QueryBaseline {
    /// The query's name in the policy.
    #[schemars(length(min = 1, max = 63))]
    pub name: String,
    /// Its answer; absent where there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32))]
    pub value: Option<String>,
}

/// The workload before the change, to compare with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
pub struct Baseline {
    /// Pods that were ready.
    pub ready_pods: i32,
    /// Restarts of all its containers together.
    pub restarts: i64,
    /// OOM kills seen by then.
    pub oom_kills: i64,
    /// Pods of the workload that waited for a node.
    pub pending_pods: i32,
    /// Pods of others on the same nodes that were ready.
    pub ready_neighbours: i32,
    /// Share of CPU periods in which it was throttled, in thousandths; absent where nothing is known of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub throttled_thousandths: Option<i32>,
    /// Replicas that an autoscaler wanted; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autoscaler_replicas: Option<i32>,
    /// What the policy's queries answered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub queries: Vec<QueryBaseline>,
}
