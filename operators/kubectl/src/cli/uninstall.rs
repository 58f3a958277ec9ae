//! The arguments of `uninstall`.

use clap::Args;

use super::DryRun;

/// `uninstall`.
#[derive(Args, Debug)]
pub struct UninstallArgs {
    /// Do not ask whether to go on.
    #[arg(short, long)]
    pub yes: bool,
    /// `server`: have it checked, and write nothing.
    #[arg(long, value_enum, default_value_t, value_name = "none|server", hide_possible_values = true)]
    pub dry_run: DryRun,
    /// Undo nothing: the sizes that are in force stay on the pods that have them. This needs no Trimtab that runs.
    #[arg(long)]
    pub leave_sizes: bool,
    /// Delete Trimtab's namespace as well, with all that is in it.
    #[arg(long)]
    pub namespace_too: bool,
}
