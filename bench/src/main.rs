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
    /// How good right-sizing is on recorded series, beside VPA's and KRR's methods.
    Quality(quality::Arguments),
    /// How fast and how small Trimtab is on a real API server and Prometheus, beside the VPA recommender.
    Speed(speed::Arguments),
    /// How fast approved recommendations are carried out on a real API server.
    Rollout(rollout::Arguments),
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Quality(arguments) => quality::run(&arguments),
        Command::Speed(arguments) => speed::run(&arguments),
        Command::Rollout(arguments) => rollout::run(&arguments),
    }
}
