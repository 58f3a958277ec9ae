//! `kubectl trimtab` as people use it: against a real API server with the approval guard, as users with and without
//! permissions.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../support/mod.rs"]
mod support;

mod bed;
#[path = "../../../../operators/api/tests/support/commands.rs"]
mod commands;
mod decisions;
mod doctor;
mod documented;
mod export;
mod followed;
mod lint;
mod looked;
mod orders;
#[path = "../../../../operators/api/tests/support/pages.rs"]
mod pages;
mod shown;
mod undone;
mod uninstalled;
mod usage;
