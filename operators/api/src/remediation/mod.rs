//! RemediationAction: what somebody wants to have done to the cluster, as steps of typed actions, and what became of it.
//!
//! In: nothing. Out: the types of the kind. No controller serves it yet, so its CRD is generated and checked as the others
//! are, and not installed. What an action does, needs and risks stands in the registry of `trimtab-actions`; here stands
//! only what is written in objects. A test of that crate holds both to the same names and types.

pub mod approved;
pub mod identity;
pub mod outcome;
pub mod params;
pub mod plan;
pub mod spec;
pub mod status;
pub mod step;
pub mod target;
pub mod undo;
mod wording;
