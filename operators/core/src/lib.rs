//! Pure vocabulary shared by all controllers. No I/O, no clock, no client: everything here is a function of its arguments.

pub mod conditions;
mod custom;
pub mod digest;
pub mod quantity;
pub mod resource_version;
pub mod selector;
pub mod server;
pub mod text;
pub mod varint;
pub mod workload;

pub use custom::CustomKind;
pub use workload::{WorkloadId, WorkloadKind, is_generated};
