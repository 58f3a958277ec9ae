//! The rules by which a container is sized.
//!
//! In: a profile and overrides (from a policy, by another crate). Out: [`SizingRules`], consistent after
//! [`SizingRules::validated`].

use thiserror::Error;

/// A named set of defaults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Profile {
    /// Least cost: a share of busy moments may exceed the request.
    Savings,
    /// The default.
    #[default]
    Balanced,
    /// Room for days not seen yet.
    Resilient,
}

/// What happens to a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum LimitMode {
    /// The limit is kept, and the request stays at or below it.
    #[default]
    Keep,
    /// The limit is removed.
    Remove,
    /// The ratio of limit to request is kept, up to [`crate::MOST_RATIO`]. A limit that holds the peak with headroom
    /// does not grow.
    KeepRatio,
    /// The limit equals the request.
    EqualsRequest,
    /// The limit is this percentage of the request, at least 100.
    PercentOfRequest(u32),
}

/// How CPU is sized. Amounts are millicores.
#[derive(Debug, Clone, PartialEq)]
pub struct CpuRules {
    /// The percentile (50–100) of recent samples that the request covers at minimum, before headroom.
    pub percentile: f64,
    /// Headroom over what usage asks for, percent.
    pub headroom_percent: f64,
    /// Additional headroom, the same for every container, millicores: small containers are erratic, and it costs
    /// little.
    pub headroom_millicores: f64,
    /// The cost of a sample over the request relative to a requested core (see [`crate::estimate`]).
    pub overrun_price: f64,
    /// The age at which a recent sample weighs half, days. Not for policies: chosen on recorded series, like `scale_exponent`.
    pub half_life_days: f64,
    /// The exponent of the container's own usage in the scale of the price.
    pub scale_exponent: f64,
    /// A request is not lowered below this. It never raises one.
    pub min_millicores: i64,
    /// The greatest request, if any.
    pub max_millicores: Option<i64>,
    /// What happens to the CPU limit.
    pub limit: LimitMode,
    /// Whether the policy itself sets this; if not, a Guaranteed pod stays Guaranteed.
    pub limit_explicit: bool,
    /// The share (percent) of throttled CFS periods from which the limit is raised.
    pub throttled_percent: f64,
}

/// How memory is sized. Amounts are bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct MemoryRules {
    /// Headroom over what usage asks for, percent.
    pub headroom_percent: f64,
    /// The cost of a day over the request relative to requested memory (see [`crate::estimate`]).
    pub overrun_price: f64,
    /// How much of the dispersion of daily peaks is expected for the next day.
    pub spread: f64,
    /// How far above the highest peak the base may go, percent.
    pub reach_percent: f64,
    /// The age at which a day weighs half, days. Not for policies: chosen on recorded series, like `scale_exponent`.
    pub half_life_days: f64,
    /// The exponent of the container's own usage in the scale of the price.
    pub scale_exponent: f64,
    /// Headroom over the level at which the container was OOM-killed, percent.
    pub oom_headroom_percent: f64,
    /// A request is not lowered below this. It never raises one.
    pub min_bytes: i64,
    /// The greatest request, if any.
    pub max_bytes: Option<i64>,
    /// What happens to the memory limit.
    pub limit: LimitMode,
    /// Whether the policy itself sets this; if not, a Guaranteed pod stays Guaranteed.
    pub limit_explicit: bool,
    /// Whether the memory of a runtime that sizes its heap from the limit may be lowered.
    pub lower_runtime_heaps: bool,
}

/// Everything a decision needs from the policy.
#[derive(Debug, Clone, PartialEq)]
pub struct SizingRules {
    /// The profile that the numbers started from.
    pub profile: Profile,
    /// How far back samples count, seconds.
    pub window_seconds: i64,
    /// A shorter history is refused, seconds.
    pub minimum_history_seconds: i64,
    /// A history whose last sample is older than this is refused, seconds. Not for workloads that run to completion.
    pub maximum_age_seconds: i64,
    /// A change of at most this many percent is not worth making.
    pub tolerance_percent: f64,
    /// CPU.
    pub cpu: CpuRules,
    /// Memory.
    pub memory: MemoryRules,
}

/// Rules that contradict themselves.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum RulesError {
    /// A number outside its range.
    #[error("{field} is {value}: it must lie between {least} and {most}")]
    OutOfRange {
        /// Which field, as in the policy.
        field: &'static str,
        /// What it is.
        value: f64,
        /// The least value allowed.
        least: f64,
        /// The greatest value allowed.
        most: f64,
    },
    /// A minimum above its maximum.
    #[error("{field}: the minimum {min} is above the maximum {max}")]
    MinimumAboveMaximum {
        /// `cpu` (millicores) or `memory` (bytes).
        field: &'static str,
        /// The minimum.
        min: i64,
        /// The maximum.
        max: i64,
    },
    /// The window is shorter than the history it must hold.
    #[error("history.window of {window} s is shorter than history.minimum of {minimum} s")]
    WindowBelowMinimum {
        /// Window, seconds.
        window: i64,
        /// Minimum history, seconds.
        minimum: i64,
    },
}

const MIB: i64 = 1 << 20;
/// The most headroom over use: more would always exceed [`crate::ceiling`].
pub const MOST_HEADROOM_PERCENT: f64 = 150.0;

impl Default for SizingRules {
    /// The rules of the default profile.
    fn default() -> Self {
        Self::of(Profile::default())
    }
}

impl SizingRules {
    /// The defaults of a profile.
    ///
    /// | | Savings | Balanced | Resilient |
    /// |---|---|---|---|
    /// | CPU: least percentile / headroom / price | 83 / 1 % / 4.3 | 92 / 2 % / 13 | 95 / 8 % / 75 |
    /// | memory: headroom / spread / price | 4.5 % / 1.2 / 5.5 | 4.5 % / 1.5 / 22 | 6 % / 2 / 42 |
    /// | memory: reach / exponent of the scale | 5 % / 0.65 | 6 % / 0.42 | 20 % / 0.3 |
    /// | memory: headroom after an OOM kill | 20 % | 20 % | 30 % |
    ///
    /// A price of 22 means: for a container that uses 1 GiB, a day over the request is as bad as 22 GiB reserved for a
    /// day, so another GiB is reserved where it avoids more than one such day in 22. The numbers were chosen on two
    /// sets of recorded series and judged by cross-validation (`trimtab-bench quality --cross-validate`;
    /// docs/how-sizing-works.md).
    #[must_use]
    pub fn of(profile: Profile) -> Self {
        let (percentile, cpu_price, memory_price, oom_headroom) = match profile {
            Profile::Savings => (83.0, 4.3, 5.5, 20.0),
            Profile::Balanced => (92.0, 13.0, 22.0, 20.0),
            Profile::Resilient => (95.0, 75.0, 42.0, 30.0),
        };
        let (cpu_headroom, memory_headroom, spread, reach, exponent) = match profile {
            Profile::Savings => (1.0, 4.5, 1.2, 5.0, 0.65),
            Profile::Balanced => (2.0, 4.5, 1.5, 6.0, 0.42),
            Profile::Resilient => (8.0, 6.0, 2.0, 20.0, 0.3),
        };
        Self {
            profile,
            window_seconds: 14 * 86_400,
            minimum_history_seconds: 86_400,
            maximum_age_seconds: 86_400,
            tolerance_percent: 5.0,
            cpu: CpuRules {
                percentile,
                headroom_percent: cpu_headroom,
                headroom_millicores: 10.0,
                overrun_price: cpu_price,
                half_life_days: 1.6,
                scale_exponent: 0.17,
                min_millicores: 10,
                max_millicores: None,
                limit: LimitMode::Keep,
                limit_explicit: false,
                throttled_percent: 5.0,
            },
            memory: MemoryRules {
                headroom_percent: memory_headroom,
                overrun_price: memory_price,
                spread,
                reach_percent: reach,
                half_life_days: 3.3,
                scale_exponent: exponent,
                oom_headroom_percent: oom_headroom,
                min_bytes: 32 * MIB,
                max_bytes: None,
                limit: LimitMode::KeepRatio,
                limit_explicit: false,
                lower_runtime_heaps: false,
            },
        }
    }

    /// The rules themselves, if consistent.
    ///
    /// # Errors
    /// The first field that is out of range or contradicts another.
    pub fn validated(self) -> Result<Self, RulesError> {
        let day = 86_400.0;
        for (field, value, least, most) in [
            ("history.window", self.window_seconds as f64, 3_600.0, 90.0 * day),
            ("history.minimum", self.minimum_history_seconds as f64, 0.0, 90.0 * day),
            ("maximum age", self.maximum_age_seconds as f64, 60.0, 90.0 * day),
            ("tolerance", self.tolerance_percent, 0.0, 100.0),
            ("sizing.cpu.percentile", self.cpu.percentile, 50.0, 100.0),
            ("sizing.cpu.headroomPercent", self.cpu.headroom_percent, 0.0, MOST_HEADROOM_PERCENT),
            ("CPU headroom, millicores", self.cpu.headroom_millicores, 0.0, 1e6),
            ("CPU overrun price", self.cpu.overrun_price, 0.0, 1e6),
            ("CPU half-life", self.cpu.half_life_days, 0.01, 1_000.0),
            ("CPU scale exponent", self.cpu.scale_exponent, 0.0, 1.0),
            ("memory reach, percent", self.memory.reach_percent, 0.0, 1_000.0),
            ("memory half-life", self.memory.half_life_days, 0.01, 1_000.0),
            ("memory scale exponent", self.memory.scale_exponent, 0.0, 1.0),
            ("memory overrun price", self.memory.overrun_price, 0.0, 1e6),
            ("memory spread", self.memory.spread, 0.01, 10.0),
            ("sizing.cpu.throttledPercent", self.cpu.throttled_percent, 0.0, 100.0),
            ("sizing.cpu.min", self.cpu.min_millicores as f64, 0.0, 1e6),
            ("sizing.memory.headroomPercent", self.memory.headroom_percent, 0.0, MOST_HEADROOM_PERCENT),
            ("sizing.memory.oomHeadroomPercent", self.memory.oom_headroom_percent, 0.0, MOST_HEADROOM_PERCENT),
            ("sizing.memory.min", self.memory.min_bytes as f64, 0.0, 1e15),
        ] {
            // Written so that NaN is out of range too.
            if !(value >= least && value <= most) {
                return Err(RulesError::OutOfRange { field, value, least, most });
            }
        }
        for (field, mode) in [("sizing.cpu.limit", self.cpu.limit), ("sizing.memory.limit", self.memory.limit)] {
            if let LimitMode::PercentOfRequest(percent) = mode
                && !(100..=10_000).contains(&percent)
            {
                let value = f64::from(percent);
                return Err(RulesError::OutOfRange { field, value, least: 100.0, most: 10_000.0 });
            }
        }
        for (field, min, max) in [
            ("cpu", self.cpu.min_millicores, self.cpu.max_millicores),
            ("memory", self.memory.min_bytes, self.memory.max_bytes),
        ] {
            if let Some(max) = max
                && min > max
            {
                return Err(RulesError::MinimumAboveMaximum { field, min, max });
            }
        }
        if self.window_seconds < self.minimum_history_seconds {
            return Err(RulesError::WindowBelowMinimum {
                window: self.window_seconds,
                minimum: self.minimum_history_seconds,
            });
        }
        Ok(self)
    }
}
