//! The API of Trimtab: the kinds of `trimtab.dev/v1alpha1` as Rust types, and the CRDs generated from them.
//!
//! In: nothing. Out: types whose doc comments are what `kubectl explain` shows. No I/O and no client. Rules that need
//! more than one field are CEL in the schema, and are unit-tested here without a cluster.

// The printer columns of a kind are one attribute with many similar members, which the lint reports as repetition.
#![allow(clippy::duplicated_attributes)]

pub mod applied_sizes;
pub mod approvable;
pub mod approval;
pub mod conditions;
pub mod crds;
pub mod delivery;
pub mod evidence;
pub mod gates;
pub mod limits;
pub mod manifest;
mod metadata;
pub mod mode;
pub mod money;
pub mod names;
pub mod optimization_policy;
pub mod policy_history;
pub mod policy_sizing;
pub mod policy_status;
pub mod price_book;
pub mod quantity;
pub mod recommendation;
pub mod recommendation_status;
pub mod remediation;
pub mod resources;
pub mod risk;
pub mod rollout;
pub mod rollout_strategy;
pub mod runbooks;
pub mod savings;
pub mod selector;
pub mod skew;
pub mod structural;
pub mod target;
pub mod time;
pub mod undo;
pub mod usage_profile;
pub mod verification;
pub mod windows;
pub mod yaml11;

pub use applied_sizes::{AppliedSizes, AppliedSizesSpec};
pub use approvable::Approvable;
pub use optimization_policy::{OptimizationPolicy, OptimizationPolicySpec, OptimizationPolicyStatus};
pub use price_book::{PriceBook, PriceBookSpec, PriceBookStatus};
pub use recommendation::{Recommendation, RecommendationSpec};
pub use recommendation_status::RecommendationStatus;
pub use usage_profile::{UsageProfile, UsageProfileSpec, UsageProfileStatus};

/// The API group of every kind.
pub const GROUP: &str = "trimtab.dev";
/// The only served version.
pub const VERSION: &str = "v1alpha1";
