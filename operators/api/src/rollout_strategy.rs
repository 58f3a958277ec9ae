//! How changes are rolled out: all pods at once or a few at a time, and what is done where a node has no room.
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

/// What is done about a pod whose node cannot give it the new size in place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum IfInfeasible {
    /// The former values are restored everywhere.
    #[default]
    Undo,
    /// The pod is evicted within its disruption budgets.
    Evict,
}
