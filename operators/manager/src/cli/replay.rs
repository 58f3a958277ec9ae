//! The command line of `trimtab replay`. Out: plain values.

use std::{path::PathBuf, time::Duration};

use clap::Args;

use super::{PrometheusArgs, duration};

/// `trimtab replay`.
#[derive(Args, Debug)]
pub struct ReplayArgs {
    /// A directory with recorded series: index.csv with a column `series`, and NAME.csv.gz with the header
    /// timestamp_seconds,cpu_cores,memory_bytes.
    #[arg(long, value_name = "DIR", required_unless_present = "prometheus_url")]
    pub series: Option<PathBuf>,
    /// A file with the OptimizationPolicy to replay. Default: a policy with default values, so with the profile
    /// Balanced.
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// The time of the first decision, in days after the first sample.
    #[arg(long, value_name = "DAYS", default_value_t = 9)]
    pub from_day: u32,
    /// The time between two decisions.
    #[arg(long, default_value = "24h", value_parser = duration, value_name = "DURATION")]
    pub every: Duration,
    /// A file to which decisions are written, as one JSON object per line: series, time_seconds, cpu_cores,
    /// memory_bytes, confidence_percent.
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// A workload whose pods are replayed from a live server, as NAMESPACE/NAME or NAMESPACE/KIND/NAME. May be
    /// repeated.
    #[arg(long, value_name = "NAMESPACE/NAME", requires = "prometheus_url")]
    pub workload: Vec<String>,
    /// How far back usage is read from the live server.
    #[arg(long, default_value = "336h", value_parser = duration, value_name = "DURATION")]
    pub history: Duration,
    /// The source of usage data.
    #[command(flatten)]
    pub prometheus: PrometheusArgs,
}
