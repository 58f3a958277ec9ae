//! The `trimtab` binary: reads the command line and hands over.

mod cli;
mod controller;
mod crds;
mod gauges;
mod prometheus;
mod replay;
mod replay_live;

use clap::Parser;

fn main() -> std::process::ExitCode {
    trimtab_runtime::client::install_tls_provider();
    let result = match cli::Cli::parse().command {
        cli::Command::Controller(options) => controller::main(*options),
        cli::Command::Crds(options) => crds::main(&options),
        cli::Command::Replay(options) => replay::main(&options),
    };
    match result {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("trimtab: {error:#}");
            std::process::ExitCode::FAILURE
        }
    }
}
