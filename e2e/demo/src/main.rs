//! `trimtab-demo`: a Kubernetes API server with nodes and workloads, a Prometheus with two weeks of their usage, and
//! Trimtab running against both. Usage is simulated, or replayed from recorded series.
//!
//! In: flags (see `--help`). Out: tables on stdout, and a world to explore until Ctrl-C; with `--check` an exit code.

mod args;
mod check;
mod drive;
mod fleet;
mod manifests;
mod model;
mod run;
mod show;
mod story;
mod usage;

use std::process::ExitCode;

use clap::Parser;

#[tokio::main]
async fn main() -> ExitCode {
    match run::run(args::Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("demo: {error:#}");
            ExitCode::FAILURE
        }
    }
}
