//! The arguments of `uninstall`.

use clap::Args;

use super::DryRun;

/// `uninstall`.
#[derive(Args, Debug)]
pub struct UninstallArgs {
    /// Show what is under way, what would stay, and what is in the way, and change nothing. The exit code is 0 if nothing is
    /// in the way.
    #[arg(long, conflicts_with_all = ["yes", "dry_run", "leave_sizes", "namespace_too"])]
    pub check: bool,
    /// Do not ask for confirmation.
    #[arg(short, long)]
    pub yes: bool,
    /// With `server`, validate the requests on the server without persisting anything.
    #[arg(long, value_enum, default_value_t, value_name = "none|server", hide_possible_values = true)]
    pub dry_run: DryRun,
    /// Undo nothing: pods keep the sizes in force. This does not require a running Trimtab.
    #[arg(long)]
    pub leave_sizes: bool,
    /// Delete the namespace of Trimtab too, with everything in it.
    #[arg(long)]
    pub namespace_too: bool,
}
