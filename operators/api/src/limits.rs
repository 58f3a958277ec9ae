//! How many changes may run at the same time, and how often.
//!
//! In: nothing. Out: the type of `spec.limits` of a policy.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use crate::time::{Duration, cel_seconds};

/// How many changes may run at the same time, and how often.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new(concat!(cel_seconds!("self.cooldown"), " <= 7776000"))
    .message("cooldown must be at most 2160h (90 days): shorten it, or set suspend to true"))]
pub struct Limits {
    /// The maximum number of rollouts of this policy that run at the same time. Others wait.
    #[serde(default = "default_concurrent")]
    #[schemars(range(min = 1, max = 1000))]
    pub max_concurrent_rollouts: i32,
    /// The maximum number of rollouts of this policy that start within an hour. Others wait.
    #[serde(default = "default_per_hour")]
    #[schemars(range(min = 1, max = 10000))]
    pub max_rollouts_per_hour: i32,
    /// The minimum time between the end of a rollout and the next rollout of the same workload. At most `2160h` (90
    /// days).
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
