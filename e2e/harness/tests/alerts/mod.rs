//! Alerts and the dashboard: their files agree with each other, with `promtool` and with the runbooks, they are about
//! Trimtab alone, and every one of their queries is run on a real Prometheus that scrapes a live Trimtab.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod beside;
mod files;
mod live;
mod names;

use crate::support;
