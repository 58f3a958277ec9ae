//! What should come of a workload.
//!
//! In: nothing. Out: [`Expect`], which the demo shows and its check compares with what is there.

/// Which way a request of one pod goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// More.
    Up,
    /// Less.
    Down,
    /// It stays.
    Keep,
    /// Whichever way.
    Any,
}

/// What the evidence of a recommendation must show of the first container.
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

/// What should come of a workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// A recommendation whose first container changes so.
    Recommended {
        /// Its CPU request.
        cpu: Change,
        /// Its memory request.
        memory: Change,
    },
    /// No recommendation: it is sized well enough.
    RightSized,
    /// No recommendation, for this reason.
    Skipped(&'static str),
    /// Anything but an error: recorded usage is what it is.
    Anything,
}
