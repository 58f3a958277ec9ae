//! How an OptimizationPolicy sizes: the profile, and every number that can override it.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use crate::policy_history::{History, Metrics, MetricsSource};
use crate::{money::Amount, quantity::Quantity};

/// How cautious sizing is. Each number of a profile can be overridden beside it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum SizingProfile {
    /// The least that works most of the time; for what may be slow or restart now and then.
    Savings,
    /// As safe as what people run today, at less cost.
    #[default]
    Balanced,
    /// Room for the unusual; for what must not be slow or restart.
    Resilient,
}

/// What becomes of a container's limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum LimitMode {
    /// The limit stays as it is, and is raised only where it would be below the request or is seen to hurt.
    Keep,
    /// The limit keeps its ratio to the request.
    KeepRatio,
    /// The limit equals the request.
    EqualRequest,
    /// There shall be no limit.
    Remove,
}

/// How CPU is sized.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("!has(self.min) || !has(self.max) || quantity(string(self.min)).compareTo(quantity(string(self.max))) <= 0")
    .message("cpu.min is above cpu.max: lower min or raise max"))]
#[x_kube(validation = Rule::new("!has(self.max) || quantity(string(self.max)).compareTo(quantity('1m')) >= 0")
    .message("cpu.max leaves no CPU at all: give at least 1m, or leave max out for no bound"))]
pub struct CpuSizing {
    /// Which percentile of usage the request covers, from 50 to 100; 100 is the highest usage seen. Default: the
    /// profile's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 50, max = 100))]
    pub percentile: Option<i32>,
    /// Room above that percentile, in percent of it: with 15, usage of 200m becomes a request of 230m. Default: the
    /// profile's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 150))]
    pub headroom_percent: Option<i32>,
    /// What becomes of CPU limits. `Keep`: stays, and is raised only where it would be below the request or is seen to
    /// hurt. `KeepRatio`: keeps its ratio to the request. `EqualRequest`: equals the request. `Remove`: no limit.
    /// Default: `Keep`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<LimitMode>,
    /// No request is proposed below this, such as `50m` or `2`. Not above `max`. Default: `10m`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<Quantity>,
    /// No request is proposed above this. Default: no bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<Quantity>,
}

/// How memory is sized.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("!has(self.min) || !has(self.max) || quantity(string(self.min)).compareTo(quantity(string(self.max))) <= 0")
    .message("memory.min is above memory.max: lower min or raise max"))]
#[x_kube(validation = Rule::new("!has(self.max) || quantity(string(self.max)).compareTo(quantity('1Mi')) >= 0")
    .message("memory.max is below 1Mi, which no container can live on: memory is in bytes, so write 512Mi"))]
#[x_kube(validation = Rule::new("!has(self.min) || quantity(string(self.min)).compareTo(quantity('1Mi')) >= 0 || quantity(string(self.min)).compareTo(quantity('0')) == 0")
    .message("memory.min is below 1Mi, which protects nothing: memory is in bytes, so write 512Mi"))]
#[x_kube(validation = Rule::new("!has(self.runtimeMemory) || quantity(string(self.runtimeMemory)).compareTo(quantity('1Mi')) >= 0")
    .message("memory.runtimeMemory is below 1Mi, which no runtime can live on: it is in bytes, so write 512Mi"))]
pub struct MemorySizing {
    /// Room above the peak that the profile looks at, in percent of it. Default: the profile's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 150))]
    pub headroom_percent: Option<i32>,
    /// Room above the level at which a container was OOM-killed, in percent of it. Default: 20.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 150))]
    pub oom_headroom_percent: Option<i32>,
    /// What becomes of memory limits. `Keep`: stays, and is raised only where it would be below the request or is seen to
    /// hurt. `KeepRatio`: keeps its ratio to the request. `EqualRequest`: equals the request. `Remove`: no limit.
    /// Default: `KeepRatio`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<LimitMode>,
    /// No request is proposed below this, such as `64Mi`. Not above `max`. Default: `32Mi`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<Quantity>,
    /// No request is proposed above this. Default: no bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<Quantity>,
    /// Under `containers` only: how much memory the process was told that it may use, such as `4Gi`, where the pod template
    /// does not show it because it stands in a ConfigMap or a file. No memory limit is proposed below it. What the template
    /// shows, such as `-Xmx` or `GOMEMLIMIT`, counts by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime_memory: Option<Quantity>,
}

/// Whether a container is sized at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ContainerMode {
    /// The container is sized.
    #[default]
    Auto,
    /// The container is left as it is.
    Off,
}

/// An exception for containers of one name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("self.mode != 'Off' || (!has(self.cpu) && !has(self.memory))")
    .message("mode Off leaves the container as it is: remove its cpu and memory, or set mode to Auto"))]
pub struct ContainerSizing {
    /// The container's name, for example `istio-proxy`. It counts in every workload of the policy; init containers too.
    #[schemars(length(min = 1, max = 63), regex(pattern = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))]
    pub name: String,
    /// Whether such containers are sized: `Auto` sizes them; `"Off"`, in quotes since YAML takes a bare Off for a boolean,
    /// leaves them as they are and goes without `cpu` and `memory` here.
    #[serde(default)]
    pub mode: ContainerMode,
    /// Numbers for its CPU; those that are absent are the policy's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<CpuSizing>,
    /// Numbers for its memory; those that are absent are the policy's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<MemorySizing>,
}

/// How containers are sized.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("!has(self.memory.runtimeMemory)")
    .message("memory.runtimeMemory is about one program: set it on that program's container, under sizing.containers"))]
#[x_kube(validation = Rule::new("!has(self.cpu.max) || has(self.cpu.min) || quantity(string(self.cpu.max)).compareTo(quantity('10m')) >= 0")
    .message("cpu.max is below the default of cpu.min, 10m: set cpu.min too"))]
#[x_kube(validation = Rule::new("!has(self.memory.max) || has(self.memory.min) || quantity(string(self.memory.max)).compareTo(quantity('32Mi')) >= 0")
    .message("memory.max is below the default of memory.min, 32Mi: set memory.min too"))]
#[x_kube(validation = Rule::new("!has(self.containers) || self.containers.all(c, !has(c.cpu) || !(has(c.cpu.max) || has(self.cpu.max)) || quantity(string(has(c.cpu.min) ? c.cpu.min : (has(self.cpu.min) ? self.cpu.min : '10m'))).compareTo(quantity(string(has(c.cpu.max) ? c.cpu.max : self.cpu.max))) <= 0)")
    .message("a container's cpu.min is above its cpu.max; where one of the two is absent, the policy's counts, then the default of 10m: set both on the container"))]
#[x_kube(validation = Rule::new("!has(self.containers) || self.containers.all(c, !has(c.memory) || !(has(c.memory.max) || has(self.memory.max)) || quantity(string(has(c.memory.min) ? c.memory.min : (has(self.memory.min) ? self.memory.min : '32Mi'))).compareTo(quantity(string(has(c.memory.max) ? c.memory.max : self.memory.max))) <= 0)")
    .message("a container's memory.min is above its memory.max; where one of the two is absent, the policy's counts, then the default of 32Mi: set both on the container"))]
pub struct Sizing {
    /// How cautious sizing is. `Savings`: the least that works most of the time, for what may be slow or restart now and
    /// then. `Balanced`: as safe as what people run today, at less cost. `Resilient`: room for the unusual, for what must
    /// not be slow or restart. Every number below overrides the profile's.
    #[serde(default)]
    pub profile: SizingProfile,
    /// How CPU is sized; what is absent is the profile's.
    #[serde(default)]
    pub cpu: CpuSizing,
    /// How memory is sized; what is absent is the profile's.
    #[serde(default)]
    pub memory: MemorySizing,
    /// Exceptions by container name, each name once: sidecars that nobody should touch, a JVM that needs more room.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub containers: Vec<ContainerSizing>,
}

/// When a difference is worth a recommendation. One of the two changes must reach its threshold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("!string(self.minMemory).matches('[num]$')")
    .message("minMemory is in parts of a byte: write 16Mi, not 16m"))]
pub struct Thresholds {
    /// Least change of a container's request, in percent of what it has today. 0: every change counts.
    #[serde(default = "default_min_change")]
    #[schemars(range(min = 0, max = 100))]
    pub min_change_percent: i32,
    /// A CPU change below this, such as `10m`, is never worth a recommendation.
    #[serde(default = "default_min_cpu")]
    pub min_cpu: Quantity,
    /// A memory change below this, such as `16Mi`, is never worth a recommendation.
    #[serde(default = "default_min_memory")]
    pub min_memory: Quantity,
    /// Savings below this amount a month, in the price book's currency, are not worth a recommendation. Proposals that add
    /// resources are not held back by it: what is too small is always shown.
    #[serde(default = "default_min_savings")]
    pub min_monthly_savings: Amount,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            min_change_percent: default_min_change(),
            min_cpu: default_min_cpu(),
            min_memory: default_min_memory(),
            min_monthly_savings: default_min_savings(),
        }
    }
}

fn default_min_change() -> i32 {
    10
}

fn default_min_cpu() -> Quantity {
    Quantity("10m".to_owned())
}

fn default_min_memory() -> Quantity {
    Quantity("16Mi".to_owned())
}

fn default_min_savings() -> Amount {
    Amount("0".to_owned())
}
