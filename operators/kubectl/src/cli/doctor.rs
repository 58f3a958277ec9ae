//! The arguments of `doctor`.

use clap::Args;

use super::Output;

/// What follows the flags in the help.
pub(super) const HELP: &str = "Examples:
  kubectl trimtab doctor
  kubectl trimtab doctor --trimtab-namespace tools
  kubectl trimtab doctor -o json                     for a pipeline

Exit codes: 0 all is well, 1 warnings, 2 something failed. What may not be read is not checked, and
does not count. Checking the permissions of Trimtab requires the verb create on
subjectaccessreviews.authorization.k8s.io. Nothing is written to the cluster.";

/// `doctor`.
#[derive(Args, Debug)]
pub struct DoctorArgs {
    /// The output format.
    #[arg(short, long, value_enum, default_value_t)]
    pub output: Output,
}
