//! `kubectl trimtab` as people use it: against a real API server with the approval guard, as users with and without
//! permissions.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../support/mod.rs"]
mod support;

mod bed;
mod decisions;
mod doctor;
mod export;
mod followed;
mod lint;
mod looked;
mod orders;
mod shown;
mod undone;
mod uninstalled;
mod usage;
