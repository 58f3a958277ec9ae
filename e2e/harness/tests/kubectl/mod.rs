//! `kubectl trimtab` as people use it: against a real API server with the approval guard, as users with and without
//! permissions.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod bed;
mod decisions;
mod doctor;
mod documented;
mod export;
mod followed;
mod lint;
mod looked;
mod orders;
mod shown;
mod undone;
mod uninstalled;
mod usage;

use crate::{commands, pages, support};
