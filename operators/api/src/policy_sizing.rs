//! How an OptimizationPolicy sizes containers: the profile, and the values that override it.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use crate::policy_history::{History, Metrics, MetricsSource};
use crate::{money::Amount, quantity::Quantity};

/// How conservative sizing is. Each value of a profile can be overridden.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum SizingProfile {
    /// The smallest size that works most of the time, for workloads that may be slow or restart occasionally.
    Savings,
    /// As safe as typical manual sizing, at a lower cost.
    #[default]
    Balanced,
    /// Extra room for unusual load, for workloads that must not be slow or restart.
    Resilient,
}

/// How a container's limit is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum LimitMode {
    /// The limit is kept. It is raised only if it would be below the request or the observed demand.
    Keep,
    /// The limit is lowered in proportion to the request, if it is at most 4 times the request.
    KeepRatio,
    /// The limit equals the request.
    EqualRequest,
    /// The limit is removed.
    Remove,
}

/// How CPU is sized.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("!has(self.min) || !has(self.max) || quantity(string(self.min)).compareTo(quantity(string(self.max))) <= 0")
    .message("cpu.min is above cpu.max: lower min or raise max"))]
#[x_kube(validation = Rule::new("!has(self.max) || quantity(string(self.max)).compareTo(quantity('1m')) >= 0")
    .message("cpu.max must be at least 1m: raise it, or remove it for no maximum"))]
pub struct CpuSizing {
    /// The percentile of CPU usage that the request covers, from 50 to 100. 100 is the highest usage seen. If not
    /// set, the profile's value is used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 50, max = 100))]
    pub percentile: Option<i32>,
    /// Headroom above that percentile, in percent: with 15, a usage of 200m becomes a request of 230m. If not set,
    /// the profile's value is used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 150))]
    pub headroom_percent: Option<i32>,
    /// How CPU limits are set. `Keep`: the limit is kept. It is raised only if it would be below the request or if
    /// the container is throttled. `KeepRatio`: like `Keep`, but a limit of at most 4 times the request is lowered in
    /// proportion. `EqualRequest`: the limit equals the request. `Remove`: the limit is removed. Default: `Keep`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<LimitMode>,
    /// The minimum CPU request to propose, such as `50m` or `2`. Must not be above `max`. Default: `10m`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<Quantity>,
    /// The maximum CPU request to propose. If not set, there is no maximum.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<Quantity>,
}

/// How memory is sized.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("!has(self.min) || !has(self.max) || quantity(string(self.min)).compareTo(quantity(string(self.max))) <= 0")
    .message("memory.min is above memory.max: lower min or raise max"))]
#[x_kube(validation = Rule::new("!has(self.max) || quantity(string(self.max)).compareTo(quantity('1Mi')) >= 0")
    .message("memory.max is below 1Mi, which is too little for any container: the unit is bytes, so write for example 512Mi"))]
#[x_kube(validation = Rule::new("!has(self.min) || quantity(string(self.min)).compareTo(quantity('1Mi')) >= 0 || quantity(string(self.min)).compareTo(quantity('0')) == 0")
    .message("memory.min is below 1Mi, which has no effect: the unit is bytes, so write for example 512Mi"))]
#[x_kube(validation = Rule::new("!has(self.runtimeMemory) || quantity(string(self.runtimeMemory)).compareTo(quantity('1Mi')) >= 0")
    .message("memory.runtimeMemory is below 1Mi, which is too little for any runtime: the unit is bytes, so write for example 512Mi"))]
pub struct MemorySizing {
    /// Headroom above the peak that the profile uses, in percent. If not set, the profile's value is used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 150))]
    pub headroom_percent: Option<i32>,
    /// Headroom above the memory at which a container was OOM-killed, in percent. Default: 20.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 150))]
    pub oom_headroom_percent: Option<i32>,
    /// How memory limits are set. `Keep`: the limit is kept. It is raised only if it would be below the request or
    /// the observed peak. `KeepRatio`: like `Keep`, but a limit of at most 4 times the request is lowered in
    /// proportion. `EqualRequest`: the limit equals the request. `Remove`: the limit is removed. Default:
    /// `KeepRatio`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<LimitMode>,
    /// The minimum memory request to propose, such as `64Mi`. Must not be above `max`. Default: `32Mi`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<Quantity>,
    /// The maximum memory request to propose. If not set, there is no maximum.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<Quantity>,
    /// The memory that the process is configured to use, such as `4Gi`. Allowed only under `containers`. Set it if
    /// the setting is in a ConfigMap or a file, where Trimtab cannot read it. No memory limit is proposed below it.
    /// Settings in the pod template, such as `-Xmx` or `GOMEMLIMIT`, are read automatically.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime_memory: Option<Quantity>,
}

/// Whether a container is sized.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ContainerMode {
    /// The container is sized.
    #[default]
    Auto,
    /// The container is not changed.
    Off,
}

/// Overrides sizing for containers with a given name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("self.mode != 'Off' || (!has(self.cpu) && !has(self.memory))")
    .message("cpu and memory have no effect with mode Off: remove them, or set mode to Auto"))]
pub struct ContainerSizing {
    /// The name of the container, such as `istio-proxy`. It applies to all workloads of the policy, also to sidecars
    /// that run as init containers.
    #[schemars(length(min = 1, max = 63), regex(pattern = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))]
    pub name: String,
    /// Whether these containers are sized. `Auto`: they are sized. `"Off"`: they are not changed, and `cpu` and
    /// `memory` must not be set. Quote `"Off"`, because YAML reads a bare Off as a boolean.
    #[serde(default)]
    pub mode: ContainerMode,
    /// CPU values for these containers. The policy's values apply where a value is not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<CpuSizing>,
    /// Memory values for these containers. The policy's values apply where a value is not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<MemorySizing>,
}

/// How containers are sized.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("!has(self.memory.runtimeMemory)")
    .message("memory.runtimeMemory applies to a single container: set it under sizing.containers"))]
#[x_kube(validation = Rule::new("!has(self.cpu.max) || has(self.cpu.min) || quantity(string(self.cpu.max)).compareTo(quantity('10m')) >= 0")
    .message("cpu.max is below the default of cpu.min (10m): set cpu.min too"))]
#[x_kube(validation = Rule::new("!has(self.memory.max) || has(self.memory.min) || quantity(string(self.memory.max)).compareTo(quantity('32Mi')) >= 0")
    .message("memory.max is below the default of memory.min (32Mi): set memory.min too"))]
#[x_kube(validation = Rule::new("!has(self.containers) || self.containers.all(c, !has(c.cpu) || !(has(c.cpu.max) || has(self.cpu.max)) || quantity(string(has(c.cpu.min) ? c.cpu.min : (has(self.cpu.min) ? self.cpu.min : '10m'))).compareTo(quantity(string(has(c.cpu.max) ? c.cpu.max : self.cpu.max))) <= 0)")
    .message("a container's cpu.min is above its cpu.max: set both on the container; one that is not set is that of the policy, or the default (10m)"))]
#[x_kube(validation = Rule::new("!has(self.containers) || self.containers.all(c, !has(c.memory) || !(has(c.memory.max) || has(self.memory.max)) || quantity(string(has(c.memory.min) ? c.memory.min : (has(self.memory.min) ? self.memory.min : '32Mi'))).compareTo(quantity(string(has(c.memory.max) ? c.memory.max : self.memory.max))) <= 0)")
    .message("a container's memory.min is above its memory.max: set both on the container; one that is not set is that of the policy, or the default (32Mi)"))]
pub struct Sizing {
    /// How conservative sizing is. `Savings`: the smallest size that works most of the time, for workloads that may
    /// be slow or restart occasionally. `Balanced`: as safe as typical manual sizing, at a lower cost. `Resilient`:
    /// extra room for unusual load, for workloads that must not be slow or restart. The values below override those
    /// of the profile.
    #[serde(default)]
    pub profile: SizingProfile,
    /// How CPU is sized. The profile's values apply where a value is not set.
    #[serde(default)]
    pub cpu: CpuSizing,
    /// How memory is sized. The profile's values apply where a value is not set.
    #[serde(default)]
    pub memory: MemorySizing,
    /// Overrides by container name, for example to exclude a sidecar or to give a JVM more headroom. Each name may
    /// appear only once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub containers: Vec<ContainerSizing>,
}

/// The minimum difference for which a recommendation is made. At least one of CPU and memory must reach its
/// threshold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("!string(self.minMemory).matches('[num]$')")
    .message("minMemory is a fraction of a byte: write for example 16Mi, not 16m"))]
pub struct Thresholds {
    /// The minimum change of a container's request, in percent of its current value. With 0, every change counts.
    #[serde(default = "default_min_change")]
    #[schemars(range(min = 0, max = 100))]
    pub min_change_percent: i32,
    /// The minimum CPU change, such as `10m`. Smaller CPU changes do not count.
    #[serde(default = "default_min_cpu")]
    pub min_cpu: Quantity,
    /// The minimum memory change, such as `16Mi`. Smaller memory changes do not count.
    #[serde(default = "default_min_memory")]
    pub min_memory: Quantity,
    /// The minimum savings per month, in the price book's currency. It does not apply to proposals that add
    /// resources.
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
