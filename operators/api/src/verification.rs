//! Verification: the checks of a workload after a change, its state before, and the results.
//!
//! In: nothing. Out: the types of `spec.verification` of a policy, and of `baseline` and `checks` of a rollout.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::time::{Duration, cel_seconds};

/// A Prometheus query whose result must not get worse after a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VerificationQuery {
    /// A name for this query in messages, such as `error-rate`. Each name may appear only once.
    #[schemars(length(min = 1, max = 63))]
    pub name: String,
    /// The PromQL expression. It must return one number, and a higher number must be worse. It is evaluated before
    /// and after the change.
    #[schemars(length(min = 1, max = 2048))]
    pub promql: String,
    /// The maximum increase of the result, in percent. With a larger increase, the change is undone.
    #[serde(default = "default_max_worse")]
    #[schemars(range(min = 0, max = 1000))]
    pub max_worse_percent: i32,
}

fn default_max_worse() -> i32 {
    10
}

/// How a workload is checked after a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new(concat!(cel_seconds!("self.window"), " >= 1 && ", cel_seconds!("self.window"), " <= 604800"))
    .message("window must be between 1s and 168h: without a window nothing is checked, and a longer one blocks the next rollout"))]
pub struct Verification {
    /// How long the workload is watched after the last step. Between `1s` and `168h`. Use less than a few minutes
    /// only for tests: most problems take longer to appear.
    #[serde(default = "default_verification_window")]
    pub window: Duration,
    /// Additional queries. Readiness, restarts, OOM kills and throttling are always checked. Queries require
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

/// The result of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Verdict {
    /// Not worse than before.
    Pass,
    /// Worse than before. The change is undone.
    Fail,
    /// Unknown. The rollout pauses.
    Inconclusive,
    /// There was no run with the new size yet. The rollout does not wait for one.
    NotRun,
}

/// A check of the workload after a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Check {
    /// The name of the check: `Readiness`, `Restarts`, `OOMKills`, `Throttling`, `Pending`, `Neighbours`,
    /// `Autoscaler`, or `Query/NAME` for a query of the policy.
    #[schemars(length(min = 1, max = 80))]
    pub name: String,
    /// The result of the check.
    pub verdict: Verdict,
    /// The values before the change and now.
    #[schemars(length(max = 512))]
    pub message: String,
}

/// The result of a policy's query before the change. It is a decimal string, because Kubernetes APIs avoid floats.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct QueryBaseline {
    /// The name of the query in the policy.
    #[schemars(length(min = 1, max = 63))]
    pub name: String,
    /// The result. Not set if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32))]
    pub value: Option<String>,
}

/// The state of the workload before the change, for comparison.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
pub struct Baseline {
    /// The number of ready pods.
    pub ready_pods: i32,
    /// The total number of restarts of all its containers.
    pub restarts: i64,
    /// The number of OOM kills seen until then.
    pub oom_kills: i64,
    /// The number of pending pods of the workload.
    pub pending_pods: i32,
    /// The number of ready pods of other workloads on the same nodes.
    pub ready_neighbours: i32,
    /// The share of CPU periods in which the workload was throttled, in thousandths. Not set if unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub throttled_thousandths: Option<i32>,
    /// The number of replicas that an autoscaler requested. Not set if there is no autoscaler.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autoscaler_replicas: Option<i32>,
    /// The results of the policy's queries.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub queries: Vec<QueryBaseline>,
}
