//! How changes are rolled out: all pods at once or a few at a time, and what happens if a node has no room.
//!
//! In: nothing. Out: the type of `spec.rolloutStrategy` of a policy.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    quantity::IntOrPercent,
    time::{Duration, cel_seconds},
};

/// How a change reaches the pods.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum RolloutType {
    /// A few pods at a time. Each step is verified.
    #[default]
    Canary,
    /// All pods in one step.
    AllAtOnce,
}

/// A step of a canary rollout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new(concat!("!has(self.pause) || ", cel_seconds!("self.pause"), " <= 604800"))
    .message("pause must be at most 168h: a rollout that is idle for longer than a week blocks others"))]
pub struct RolloutStep {
    /// How many pods have the new size after this step: a number such as `1`, or a percentage such as `20%`, rounded
    /// up.
    pub replicas: IntOrPercent,
    /// How long the pods are watched before the next step. At most `168h`. If not set, the next step starts when the
    /// pods are ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pause: Option<Duration>,
}

/// How a change is rolled out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("string(self.steps[size(self.steps) - 1].replicas) == '100%'")
    .message("the last step must have replicas: 100%, otherwise some pods would never get the new size"))]
#[x_kube(validation = Rule::new("self.steps.all(a, self.steps.all(b, self.steps.indexOf(a) >= self.steps.indexOf(b) || string(a.replicas).endsWith('%') != string(b.replicas).endsWith('%') || size(string(a.replicas)) < size(string(b.replicas)) || (size(string(a.replicas)) == size(string(b.replicas)) && string(a.replicas) < string(b.replicas))))")
    .message("steps must ascend: each step must cover more pods than the one before"))]
#[x_kube(validation = Rule::new(concat!(cel_seconds!("self.deferredTimeout"), " <= 86400"))
    .message("deferredTimeout must be at most 24h: a rollout that waits for longer than a day blocks others"))]
#[x_kube(validation = Rule::new("self.steps.all(a, self.steps.exists_one(b, string(b.replicas) == string(a.replicas)))")
    .message("two steps have the same replicas: remove one of them"))]
pub struct RolloutStrategy {
    /// How a change reaches the pods. `Canary`: a few pods at a time, as set in `steps`. Each step is verified.
    /// `AllAtOnce`: all pods in one step. `steps` is ignored.
    #[serde(default, rename = "type")]
    pub kind: RolloutType,
    /// The steps of a canary rollout. Each step must be larger than the one before, and the last must be `100%`.
    #[serde(default = "default_steps")]
    #[schemars(length(min = 1, max = 16), extend("x-kubernetes-list-type" = "atomic"))]
    pub steps: Vec<RolloutStep>,
    /// What happens if a node cannot resize a pod in place. `Undo`: the former values are restored on all pods.
    /// `Evict`: the pod is evicted within its disruption budgets, and its replacement starts with the new size on
    /// another node. `Evict` has an effect only with the delivery modes `Admission` and `Template`.
    #[serde(default)]
    pub if_infeasible: IfInfeasible,
    /// How long to wait for a node that currently has no room for the new size, before the resize counts as
    /// infeasible. At most `24h`.
    #[serde(default = "default_deferred_timeout")]
    pub deferred_timeout: Duration,
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

/// What happens if a node cannot resize a pod in place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum IfInfeasible {
    /// The former values are restored on all pods.
    #[default]
    Undo,
    /// The pod is evicted within its disruption budgets.
    Evict,
}
