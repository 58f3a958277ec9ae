//! The expected outcome of a workload.
//!
//! In: nothing. Out: [`Expect`], which the demo shows and its check compares with the actual outcome.

/// The direction of a pod's request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// More.
    Up,
    /// Less.
    Down,
    /// Unchanged.
    Keep,
    /// Any direction.
    Any,
}

/// What the evidence of a recommendation must show for the first container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shows {
    /// That it was OOM-killed.
    OomKills,
    /// That it was throttled.
    Throttling,
    /// That its memory is kept because of its runtime.
    RuntimeHeap,
    /// That an autoscaler holds its CPU.
    Autoscaler,
}

/// The expected outcome of a workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// A recommendation whose first container changes like this.
    Recommended {
        /// Its CPU request.
        cpu: Change,
        /// Its memory request.
        memory: Change,
    },
    /// No recommendation: it is sized correctly.
    RightSized,
    /// No recommendation, for this reason.
    Skipped(&'static str),
    /// Anything but an error: recorded usage is not predictable.
    Anything,
}
