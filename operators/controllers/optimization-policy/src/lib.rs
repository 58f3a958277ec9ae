//! The OptimizationPolicy controller: from usage to Recommendations.
//!
//! ```text
//! gather   world, usage, prices ─► Gathered, Observed     reads memory; usage is read in batches beside it
//! validate OptimizationPolicy   ─► ValidatedPolicy         pure
//! plan     policies × workloads ─► one policy a workload   pure
//! decide   (policy, observed, former proposal, now) ─► Outcome   pure
//! life     (outcome, row)       ─► Change                  pure
//! write    Change               ─► Recommendation          client
//! status   findings             ─► OptimizationPolicyStatus  pure, then client
//! ```
//!
//! A pass covers all workloads, or those that changed. It decides on a namespace as soon as its usage is known, while
//! the next one is still being read.

mod ambiguity;
pub mod amount;
pub mod analyzer;
pub mod annotations;
pub mod attempt;
pub mod bounds;
pub mod ceiling;
pub mod confidence;
pub mod controller;
pub mod decide;
pub mod decided;
pub mod draft;
pub mod eligible;
pub mod events;
pub mod evidence;
pub mod explain;
pub mod feed;
pub mod findings;
pub mod gather;
pub mod held;
pub mod injected;
pub mod injectors;
pub mod latecomers;
pub mod life;
pub mod limits;
pub mod memory;
pub mod namespace;
pub mod nearest;
pub mod object;
pub mod observed;
pub mod oom;
pub mod outcome;
pub mod pass;
mod pass_log;
pub mod peaks;
pub mod people;
pub mod plan;
pub mod pods;
pub mod policy_error;
pub mod precedence;
pub mod preview;
pub mod prices;
pub mod proposed;
pub mod quota;
pub mod realisable;
pub mod risk;
pub mod rollout_progress;
pub mod round;
pub mod runtime;
pub mod sized;
pub mod status;
pub mod status_write;
mod strangers;
pub mod text;
pub mod uneven;
pub mod unmatched;
pub mod unowned;
pub mod validate;
pub mod worth;
pub mod write;
pub mod writes;

#[cfg(test)]
mod testkit;
