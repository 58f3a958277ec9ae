//! The `trimtab` binary: parses the command line and dispatches.

mod admin;
mod caches;
mod cli;
mod controller;
mod controllers;
mod crds;
mod credentials;
mod election;
mod feeds;
mod gauges;
mod guard;
mod installed_crds;
mod interest;
mod process;
mod prometheus;
mod readiness;
mod reload;
mod replay;
mod replay_live;
mod shared;

use clap::Parser;
use jiff::Timestamp;
use trimtab_kubectl::{Surroundings, screen};

/// It returns the memory that a first pass used, and is faster than the C library's: measured by `make bench`. Its
/// settings are in `.cargo/config.toml`.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> std::process::ExitCode {
    trimtab_runtime::client::install_tls_provider();
    let around = Surroundings { now: Timestamp::now };
    let arguments: Vec<_> = std::env::args_os().collect();
    if let Some(code) = trimtab_kubectl::as_plugin(&arguments, around) {
        return code;
    }
    let result = match cli::Cli::parse_from(arguments).command {
        cli::Command::Controller(options) => controller::main(*options),
        cli::Command::Crds(options) => crds::main(&options),
        cli::Command::Replay(options) => replay::main(&options),
        cli::Command::Kubectl(options) => return trimtab_kubectl::run(*options, around),
    };
    match result {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            // As clap says what is wrong with an argument.
            screen::note(&format!("error: {}", trimtab_runtime::one_line::text(&*error)));
            std::process::ExitCode::FAILURE
        }
    }
}
