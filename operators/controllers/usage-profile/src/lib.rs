//! Samples metrics-server and keeps usage histories in UsageProfiles, for clusters without Prometheus.
//!
//! In: the metrics API once a minute, while this instance leads and the world is synced. Out: histories in a
//! [`trimtab_usage_history::UsageStore`] on which policies decide, and one UsageProfile per workload, written once an
//! hour and at shutdown, so that a restart loses little. When this instance begins to lead it first reads the profiles
//! back.
//!
//! | module | what it does |
//! |---|---|
//! | [`controller`] | the loop: restore, sample, write |
//! | [`schedule`] | when each profile is written; pure |
//! | [`recall`] | what happens to a stored profile; pure |
//! | [`object`] | profiles as objects; pure |

pub mod controller;
mod events;
#[cfg(test)]
mod fakes;
mod health;
mod keeper;
pub mod object;
mod read;
pub mod recall;
mod restore;
pub mod schedule;
mod settings;

pub use controller::{CONTROLLER, NamespacesOfInterest, Sampler, run};
pub use settings::Settings;
