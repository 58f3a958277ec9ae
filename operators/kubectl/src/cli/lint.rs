//! The arguments of `lint`.

use clap::{Args, ValueHint};

/// What follows the flags in the help.
pub(super) const HELP: &str = "Examples:
  kubectl trimtab lint policies/                   all *.yaml and *.yml in a directory and below it
  kubectl trimtab lint policy.yaml prices.yaml
  kubectl trimtab import vpa -n shop | kubectl trimtab lint -

Each fault is a line: FILE:LINE: KIND/NAME: FIELD: MESSAGE. Objects of other groups are skipped.
The schema is checked first. If it holds, its rules are; if these hold, what only the controller
checks, such as time zones. Rules about changes of an object cannot be checked in a file.

Exit codes: 0 no fault, 1 faults, 2 a file cannot be read.";

/// `lint`.
#[derive(Args, Debug)]
pub struct LintArgs {
    /// Files with manifests in YAML or JSON, and directories, which are searched for *.yaml and *.yml. Use `-` for
    /// standard input.
    #[arg(value_name = "FILE", required = true, value_hint = ValueHint::AnyPath)]
    pub files: Vec<String>,
}
