//! The arguments of `export`.

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};
use trimtab_api::risk::RiskLevel;

use crate::words::risk_level;

/// The format of an export.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// A line for each container, in millicores and bytes.
    #[default]
    Csv,
    /// The same for programs.
    Json,
    /// A strategic merge patch for each workload, as YAML documents.
    Patches,
    /// A kustomize component for each namespace.
    Kustomize,
    /// The resources of each container, by namespace and workload, to copy into Helm values.
    HelmValues,
}

/// What follows the flags in the help.
pub(super) const HELP: &str = "Examples:
  kubectl trimtab export -A > recommendations.csv
  kubectl trimtab export -n shop --format json --output shop.json
  kubectl trimtab export -n shop --format patches --min-confidence 90 --max-risk Low
  kubectl trimtab export -A --format kustomize --output components/trimtab
  kubectl trimtab export -n shop --format helm-values

CSV and JSON have every recommendation and the columns of kubectl trimtab scan. The other formats
have what is proposed now, and leave out, with a note, what was rejected or undone. kustomize writes
a component for each namespace: name it under components of a kustomization. Files of an earlier
export that this one does not write are named, and removed with --prune. Nothing is written to the
cluster.";

/// `export`.
#[derive(Args, Debug)]
pub struct ExportArgs {
    /// The format.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: ExportFormat,
    /// The file to write instead of standard output; with kustomize, the directory.
    #[arg(long, value_name = "FILE|DIR", required_if_eq("format", "kustomize"), value_hint = ValueHint::AnyPath)]
    pub output: Option<PathBuf>,
    /// With kustomize: remove the files of an earlier export that this one does not write, unless something could not be read.
    #[arg(long)]
    pub prune: bool,
    /// Export only recommendations of this policy.
    #[arg(long, value_name = "POLICY", help_heading = "Filters")]
    pub policy: Option<String>,
    /// Export only recommendations with at least this confidence, in percent.
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(i32).range(0..=100), help_heading = "Filters")]
    pub min_confidence: Option<i32>,
    /// Export only recommendations with at most this risk.
    #[arg(long, value_name = "LEVEL", value_parser = risk_level, help_heading = "Filters")]
    pub max_risk: Option<RiskLevel>,
}
