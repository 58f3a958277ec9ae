//! Flags.

use std::path::PathBuf;

use clap::Parser;

/// Starts a real Kubernetes API server with simulated nodes and workloads, a real Prometheus with two weeks of simulated
/// usage, and Trimtab running against both. Shows what Trimtab recommends, and runs on until Ctrl-C.
#[derive(Clone, Debug, Parser)]
#[command(name = "trimtab-demo")]
pub struct Args {
    /// Check what is shown against what must come of each workload, stop everything, and exit with 1 if it differs.
    #[arg(long)]
    pub check: bool,
    /// Play recorded series in place of simulated usage: a directory with index.csv and NAME.csv.gz (header
    /// `timestamp_seconds,cpu_cores,memory_bytes`), of which the first 20 become one workload each. The last sample is
    /// moved to now.
    #[arg(long, value_name = "DIR")]
    pub series: Option<PathBuf>,
    /// Use the cluster that the environment variable KUBECONFIG points at, which must be set, in place of one of the
    /// demo's own. Namespaces and policies of the demo are removed from it at the end; CRDs stay.
    #[arg(long)]
    pub existing_cluster: bool,
    /// Start everything but Trimtab: to run a `trimtab controller` of your own against it.
    #[arg(long, conflicts_with = "check")]
    pub without_operator: bool,
    /// The trimtab binary; default: the one built beside this one.
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
