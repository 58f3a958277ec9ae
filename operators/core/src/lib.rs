//! Pure vocabulary shared by all controllers. No I/O, no clock, no client: everything here is a function of its arguments.

pub mod conditions;
pub mod digest;
pub mod quantity;
mod custom;
pub mod workload;

pub use custom::CustomKind;
pub use workload::{WorkloadId, WorkloadKind, is_generated};
