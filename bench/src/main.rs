//! Benchmarks: what Trimtab decides, and what it costs, beside the published methods.

mod quality;
mod rollout;
mod speed;

use clap::{Parser, Subcommand};

/// Benchmarks of Trimtab.
#[derive(Parser)]
#[command(name = "trimtab-bench", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measure the quality of right-sizing on recorded series, compared with the methods of VPA and KRR.
    Quality(quality::Arguments),
    /// Measure the speed and memory use of Trimtab with a real API server and Prometheus, compared with the VPA
    /// recommender.
    Speed(speed::Arguments),
    /// Measure how fast approved recommendations are rolled out on a real API server.
    Rollout(rollout::Arguments),
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Quality(arguments) => quality::run(&arguments),
        Command::Speed(arguments) => speed::run(&arguments),
        Command::Rollout(arguments) => rollout::run(&arguments),
    }
}
