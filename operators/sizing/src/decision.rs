//! What a decision contains, as data: verdicts with machine-readable reasons and the figures behind them.

use serde::{Deserialize, Serialize};

use crate::confidence::Confidence;

/// Why a value is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum KeepReason {
    /// It is within the tolerance of the proposed value.
    WithinTolerance,
    /// The rules say to keep it.
    ByRule,
    /// There is none, and none is proposed.
    NotSet,
    /// The runtime sizes its heap from the limit, and the rules do not allow lowering it.
    RuntimeHeapFromLimit,
    /// Too few samples or runs to lower anything.
    FewSamples,
}

/// Why nothing is proposed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RefuseReason {
    /// No samples of this resource in the window.
    NoSamples,
    /// The history is shorter than the rules require.
    InsufficientHistory,
    /// The last sample is too old.
    StaleHistory,
    /// An HPA scales on the utilisation of this resource: changing the request would move its set point.
    HpaOnThisResource,
    /// The bounds of the policy and of the namespace leave no valid value.
    ContradictingBounds,
    /// The rules lead to more than a fixed multiple of the greatest use ever seen.
    FarAboveUse,
    /// The pod as a whole would request more than the largest node it can run on has.
    AboveNode,
}

/// What happens to one request or limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// It is set. Millicores or bytes.
    Resize {
        /// What it was, if it was set.
        from: Option<i64>,
        /// Its new value.
        to: i64,
    },
    /// It is removed (limits only).
    Remove {
        /// What it was.
        from: i64,
    },
    /// It is kept.
    Keep {
        /// What it is.
        value: Option<i64>,
        /// Why.
        reason: KeepReason,
    },
    /// No decision about it.
    Refuse {
        /// Why.
        reason: RefuseReason,
    },
}

impl Verdict {
    /// The value once the verdict is applied, given the `current` one.
    #[must_use]
    pub fn value(&self, current: Option<i64>) -> Option<i64> {
        match *self {
            Self::Resize { to, .. } => Some(to),
            Self::Remove { .. } => None,
            Self::Keep { value, .. } => value,
            Self::Refuse { .. } => current,
        }
    }

    /// Whether something changes.
    #[must_use]
    pub fn is_change(&self) -> bool {
        matches!(self, Self::Resize { .. } | Self::Remove { .. })
    }
}

/// What moved a value away from what usage alone asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Bound {
    /// Not lowered below the minimum of the rules.
    RuleMinimum,
    /// Lowered to the maximum of the rules.
    RuleMaximum,
    /// Raised to the minimum of a LimitRange.
    LimitRangeMinimum,
    /// Lowered to the maximum of a LimitRange.
    LimitRangeMaximum,
    /// Moved to keep the ratio of limit to request within a LimitRange's.
    LimitRangeRatio,
    /// Lowered to the limit, which is kept.
    CurrentLimit,
    /// Raised above the level at which the container was OOM-killed.
    OomKill,
    /// Not lowered, because the container was OOM-killed with this value or with an unknown one.
    AfterOomKill,
    /// Raised because CPU was throttled: measured use understates demand.
    Throttling,
    /// Not lowered while CPU is throttled, however little was used.
    WhileThrottled,
    /// Not lowered below a memory peak that recurs every week.
    WeeklyPeak,
    /// Not lowered because the runtime sizes its heap from the limit, or was configured to use as much.
    RuntimeHeap,
    /// Held at the capacity of the largest node the workload can run on.
    NodeMaximum,
    /// Not lowered, because of too few samples or runs.
    FewSamples,
    /// Raised to whole cores, which a Guaranteed pod can have exclusively.
    WholeCores,
}

/// Something a reader should know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Note {
    /// A CPU limit throttles this container more than the rules allow.
    Throttled,
    /// The container was OOM-killed inside the window.
    OomKilled,
    /// Memory grows from day to day, which may be a leak.
    MemoryGrows,
    /// The level of usage changed within the last days.
    RecentChange,
    /// Some samples were refused as invalid amounts.
    SamplesRefused,
    /// The heap of the runtime follows the memory limit.
    RuntimeHeapFromLimit,
    /// Fewer days of history than the window asks for.
    ShortHistory,
    /// An OOM kill far below the limit in force then, above the request: most likely the node ran out of memory.
    KilledByNode,
    /// An OOM kill far below the limit and the request in force then: no reading shows what used the memory.
    KilledUnseen,
    /// Too few samples or runs to lower anything.
    FewSamples,
    /// The memory limit exceeds every node the workload can run on, so it limits nothing.
    LimitAboveNode,
    /// The ratio of limit to request is too high to be kept.
    RatioNotKept,
    /// The process was configured to use more memory than the limit allows: it is killed as that fills.
    ToldAboveLimit,
    /// The memory request or limit looks like a wrong unit, such as `400m` for `400Mi`.
    WrongUnit,
    /// Memory reached its highest level within the last day.
    NewMemoryPeak,
    /// Most hours between the first and the last sample have no samples.
    Gaps,
    /// A maximum holds the memory request below the room an OOM kill calls for.
    OomHeld,
}

/// What happens to one resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceDecision {
    /// The request.
    pub request: Verdict,
    /// The limit.
    pub limit: Verdict,
    /// The ideal request, rounded and bounded, even where the verdict keeps or refuses; `None` without data.
    pub target: Option<i64>,
    /// What moved the target.
    pub bounds: Vec<Bound>,
}

/// The figures behind a decision. CPU in cores, memory in bytes.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Evidence {
    /// Start of the samples used, unix seconds.
    pub from_seconds: i64,
    /// Time of the last sample used, unix seconds.
    pub to_seconds: i64,
    /// Days with samples, at most those between the first and the last of them.
    pub days: u32,
    /// Hours with samples.
    pub hours: u32,
    /// Length of the history, seconds: for a long-running workload, time with samples; for one that ends, time
    /// observed.
    #[serde(default)]
    pub known_seconds: i64,
    /// Hours with samples required before anything is lowered: half of the history the rules ask for, at most half a
    /// day.
    pub least_hours: u32,
    /// CPU samples used.
    pub cpu_samples: u64,
    /// Memory samples used.
    pub memory_samples: u64,
    /// Median of the CPU samples.
    pub cpu_p50: f64,
    /// 95th percentile of the CPU samples.
    pub cpu_p95: f64,
    /// 99th percentile of the CPU samples.
    pub cpu_p99: f64,
    /// Highest CPU sample.
    pub cpu_peak: f64,
    /// CPU that the request covers, before headroom.
    pub cpu_base: f64,
    /// Headroom added to it, growth included, percent.
    pub cpu_headroom_percent: f64,
    /// Share of the CPU samples at or below the base, percent.
    pub cpu_covered_percent: f64,
    /// Growth of the daily mean of CPU, percent a day; 0 without an upward trend.
    pub cpu_trend_percent_per_day: f64,
    /// Median of the daily memory peaks.
    pub memory_typical_peak: f64,
    /// Highest memory peak of the window.
    pub memory_peak: f64,
    /// The highest memory level reached on the same weekday of two consecutive weeks; 0 before two weeks are known.
    #[serde(default)]
    pub memory_weekly_peak: f64,
    /// How far the highest memory of the last day exceeds everything before it, percent; 0 where it does not.
    #[serde(default)]
    pub memory_new_peak_percent: f64,
    /// Highest memory peak of the last day with samples.
    pub memory_recent_peak: f64,
    /// Memory before headroom.
    pub memory_base: f64,
    /// Headroom added to it, percent.
    pub memory_headroom_percent: f64,
    /// Predicted share of days with memory below the base, percent.
    pub memory_covered_percent: f64,
    /// Variation of daily memory peaks, percent: robust standard deviation of their logarithm.
    pub memory_dispersion_percent: f64,
    /// Growth of daily memory peaks, percent a day; 0 without an upward trend.
    pub memory_trend_percent_per_day: f64,
    /// Share of CFS periods throttled, percent.
    pub throttled_percent: f64,
    /// CFS periods in the window; 0 where throttling is not known.
    #[serde(default)]
    pub cpu_periods: u64,
    /// OOM kills in the window.
    pub oom_kills: u32,
    /// Of these, far below the limit and above the request in force then: most likely the node ran out of memory.
    pub oom_by_node: u32,
    /// Of these, far below both the limit and the request in force then: no reading shows what used the memory.
    #[serde(default)]
    pub oom_unseen: u32,
    /// The highest request in force at a kill, bytes; 0 where none is known.
    #[serde(default)]
    pub oom_request: f64,
    /// Whether the request in force is unknown for some kill.
    #[serde(default)]
    pub oom_sizeless: bool,
    /// The level its own kills prove, bytes; 0 where none does: use near the kill, at least the request and at most the
    /// limit in force then.
    pub oom_bytes: f64,
    /// Memory use near a kill, bytes; 0 where nothing was measured.
    pub oom_used: f64,
    /// The highest limit in force at a kill, bytes; 0 where it is not known.
    pub oom_limit: f64,
    /// The amount its process was configured to use, bytes; 0 where none is known.
    #[serde(default)]
    pub told_bytes: f64,
    /// The median of CPU on the last complete day, where it is unusual.
    #[serde(default)]
    pub cpu_changed: Option<f64>,
    /// The memory peak of the last day, where it is unusual.
    #[serde(default)]
    pub memory_changed: Option<f64>,
    /// The same share of one pod, if all of what is above is of that one pod, percent.
    #[serde(default)]
    pub cpu_over_of_one_percent: f64,
    /// Share of the CPU samples above the proposed request, percent; 0 until the caller that proposes one fills it in.
    #[serde(default)]
    pub cpu_over_percent: f64,
    /// Days with memory above the proposed request; 0 until the caller that proposes one fills it in.
    #[serde(default)]
    pub memory_days_over: u32,
    /// Runs seen in the window, for a workload that runs to completion.
    pub runs: u64,
    /// Restarts in the window.
    pub restarts: u32,
}

/// The decision on one container.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ContainerDecision {
    /// CPU, millicores.
    pub cpu: ResourceDecision,
    /// Memory, bytes.
    pub memory: ResourceDecision,
    /// Its confidence, measured on the container's own past.
    pub confidence: Confidence,
    /// The figures behind it.
    pub evidence: Evidence,
    /// What a reader should know.
    pub notes: Vec<Note>,
}
