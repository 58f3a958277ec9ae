//! How much may change at once, and how often.
//!
//! In: nothing. Out: the type of `spec.limits` of a policy.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use crate::time::{Duration, cel_seconds};

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

fn default_concurrent() -> i32 {
    5
}

fn default_per_hour() -> i32 {
    60
}

fn default_cooldown() -> Duration {
    Duration("24h".to_owned())
}
