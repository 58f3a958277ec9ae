//! The pure core of right-sizing: a bounded usage history of a container, the rules, and the decision.
//!
//! ```text
//! samples ─► history::ContainerHistory ─┐
//! policy  ─► rules::SizingRules         ├─► decide::decide ─► decision::ContainerDecision
//! cluster ─► input::ContainerInput ─────┘        ▲
//!                                        confidence, replay (the same code on the container's own past)
//! ```
//!
//! Everything here is a function of its arguments: times are unix seconds (`i64`), CPU is cores (`f64`) where it is
//! measured and millicores (`i64`) where it is decided, memory is bytes. No I/O, no clock, no randomness.

mod bounds;
pub mod ceiling;
pub mod cell;
mod change;
pub mod codec;
pub mod confidence;
pub mod decide;
pub mod decision;
pub mod estimate;
pub mod history;
pub mod input;
pub mod kills;
mod notes;
pub mod replay;
pub mod rounding;
pub mod rules;
pub mod scale;

pub use bounds::MOST_RATIO;
pub use codec::DecodeError;
pub use confidence::Confidence;
pub use decide::decide;
pub use decision::{Bound, ContainerDecision, Evidence, KeepReason, Note, RefuseReason, ResourceDecision, Verdict};
pub use history::{ContainerHistory, Refused};
pub use input::{ContainerInput, LimitRange, NodeRoom, RuntimeHint, Sizes, WorkloadClass};
pub use kills::Kill;
pub use notes::{SHORT_BY_DAYS, is_told_above};
pub use rules::{CpuRules, LimitMode, MemoryRules, Profile, RulesError, SizingRules};
