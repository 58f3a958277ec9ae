//! Flags.

use std::path::PathBuf;

use clap::Parser;

/// Starts a real Kubernetes API server with simulated nodes and workloads, a real Prometheus with two weeks of
/// simulated usage, and Trimtab, which uses both. Shows what Trimtab recommends, and runs until Ctrl-C.
#[derive(Clone, Debug, Parser)]
#[command(name = "trimtab-demo")]
pub struct Args {
    /// Compare the results with those expected for each workload, stop everything, and exit with 1 if they differ.
    #[arg(long)]
    pub check: bool,
    /// Use recorded series instead of simulated usage: a directory with index.csv and NAME.csv.gz (header
    /// `timestamp_seconds,cpu_cores,memory_bytes`). The first 20 series become one workload each. Times are shifted
    /// so that the last sample is now.
    #[arg(long, value_name = "DIR")]
    pub series: Option<PathBuf>,
    /// Use the cluster in the environment variable KUBECONFIG, which must be set, instead of starting one. It must have
    /// no Trimtab of its own: the demo's is installed with the chart and may only recommend. At the end, the demo's
    /// namespaces, policies and release are removed from it. CRDs are kept.
    #[arg(long)]
    pub existing_cluster: bool,
    /// Start everything except Trimtab, to run your own `trimtab controller` with it.
    #[arg(long, conflicts_with = "check")]
    pub without_operator: bool,
    /// The trimtab binary. Default: the one in the directory of this program.
    #[arg(long, value_name = "FILE", env = "TRIMTAB_BIN")]
    pub trimtab: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn flags_do_not_contradict_each_other() {
        super::Args::command().debug_assert();
    }
}
