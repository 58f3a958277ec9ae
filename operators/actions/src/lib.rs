//! What Trimtab can do to a cluster, one entry per action, and what follows from it.
//!
//! In: nothing but the choices of whoever installs it. Out: the registry of all actions, the table of the documentation, and
//! the ClusterRole of each action. Pure.

pub mod action;
pub mod choices;
mod families;
pub mod kinds;
pub mod registry;
pub mod request;
pub mod right;
pub mod role;
pub mod table;
