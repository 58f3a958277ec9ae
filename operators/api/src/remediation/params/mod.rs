//! The parameters of actions: one type per action that has any, one file per family.
//!
//! In: nothing. Out: the types of the members of a step, and the patterns that they share. Actions that are not here have
//! no parameters.

pub mod configuration;
pub mod evidence;
pub mod network;
pub mod nodes;
pub mod scaling;
pub mod storage;
pub mod template;
pub mod workloads;

/// The pattern of the name of a container, a step, or another name without dots.
pub(crate) const LABEL_PATTERN: &str = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$";
/// The pattern of the name of an object.
pub(crate) const NAME_PATTERN: &str = "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$";
/// The pattern of the key of a label or a taint, and of a finalizer: a name, with an optional domain as prefix.
pub(crate) const KEY_PATTERN: &str = "^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$";
/// The pattern of the value of a label or a taint, which may be empty.
pub(crate) const VALUE_PATTERN: &str = "^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$";
