//! The rows of the world: what decisions need of each object, and nothing else.
//!
//! In: the rows of each kind, from its own file, and here the types they share. Out: one module with all of them.
//! Strings are interned, rows are shared by `Arc`: cloning one is a reference count.

mod admission;
mod container;
mod controller;
mod labels;
mod resources;
mod target;
mod uid;

pub use admission::{QosClass, pod_total};
pub use container::ContainerKind;
pub use controller::{Controller, ControllerKind};
pub use labels::Labels;
pub use resources::{ResourceAmounts, Resources};
pub use target::HpaTarget;
pub use uid::Uid;

pub use crate::kinds::rows::*;
