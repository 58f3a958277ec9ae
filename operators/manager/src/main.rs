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
            screen::note(&format!("trimtab: {}", text(&error)));
            std::process::ExitCode::FAILURE
        }
    }
}

/// An error with its causes on one line. Many errors repeat their cause in their own text: it is printed once.
fn text(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |text, cause| match text.as_str() {
        "" => cause,
        said if said.contains(&cause) => text,
        _ => format!("{text}: {cause}"),
    })
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::text;

    #[test]
    fn a_cause_is_said_once() {
        let repeated = anyhow!("disk full").context("cannot write x: disk full").context("replay");
        assert_eq!(text(&repeated), "replay: cannot write x: disk full");
        assert_eq!(text(&anyhow!("disk full").context("cannot write x")), "cannot write x: disk full");
    }
}
