//! All end-to-end tests in one program: they are linked once, and while one of them waits, another one runs. In: a built
//! `trimtab`, see the harness. Out: what a user of a real cluster would notice. Each file or folder beside this one is a module;
//! `cargo test -p trimtab-e2e --test e2e NAME::` runs one of them.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod access;
mod admission;
mod advice;
mod alerts;
mod bad_input;
mod carrying;
mod chart;
#[path = "../../../operators/api/tests/support/commands.rs"]
mod commands;
mod connections;
mod crd_outdated;
mod custom_resources;
mod drift;
mod examples;
mod faults;
mod image;
mod injected;
mod kinds;
mod kubectl;
mod main_job;
mod metrics_auth;
mod observability;
#[path = "../../../operators/api/tests/support/pages.rs"]
mod pages;
mod quiet;
mod rbac;
mod real_node;
mod replay_cli;
mod settled;
mod support;
mod testbed;
mod torture;
mod upgraded;
mod versions;
