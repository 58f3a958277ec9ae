//! The arguments of each verb.

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};
use trimtab_api::{
    risk::RiskLevel,
    runbooks::{RUNBOOKS, Runbooks},
};

use crate::words::risk_level;

/// The output format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// A table.
    #[default]
    Table,
    /// A table with more columns.
    Wide,
    /// JSON.
    Json,
    /// YAML.
    Yaml,
}

impl Output {
    /// Whether it is read by a program.
    pub fn is_machine(self) -> bool {
        matches!(self, Self::Json | Self::Yaml)
    }
}

/// `status`.
#[derive(Args, Debug)]
pub struct StatusArgs {
    /// The output format.
    #[arg(short, long, value_enum, default_value_t)]
    pub output: Output,
    /// Follow all rollouts in progress until they end. The exit code is 0 only if all were applied.
    #[arg(short, long)]
    pub watch: bool,
}

/// `recommendations`.
#[derive(Args, Debug)]
pub struct ListArgs {
    /// List only these recommendations.
    #[arg(value_name = "REC")]
    pub names: Vec<String>,
    /// The output format.
    #[arg(short, long, value_enum, default_value_t)]
    pub output: Output,
    /// Keep watching and show changes.
    #[arg(short, long)]
    pub watch: bool,
    /// Do not print headers.
    #[arg(long)]
    pub no_headers: bool,
    /// List only recommendations of this policy.
    #[arg(long, value_name = "POLICY", help_heading = "Filters")]
    pub policy: Option<String>,
    /// List only recommendations that save at least this amount per month.
    #[arg(long, value_name = "AMOUNT", value_parser = money, allow_negative_numbers = true, help_heading = "Filters")]
    pub min_savings: Option<trimtab_pricing::Money>,
    /// List only recommendations with these risk levels, comma-separated.
    #[arg(long, value_name = "LEVEL", value_parser = risk_level, value_delimiter = ',', help_heading = "Filters")]
    pub risk: Vec<RiskLevel>,
    /// List only recommendations with these statuses, such as PendingApproval, comma-separated.
    #[arg(long, value_name = "WORD", value_delimiter = ',', help_heading = "Filters")]
    pub status: Vec<String>,
}

/// `explain`.
#[derive(Args, Debug)]
pub struct ExplainArgs {
    /// The workload, such as deploy/web or web, or the Recommendation, such as deploy-web.
    #[arg(value_name = "WORKLOAD")]
    pub name: String,
    /// The output format. With json and yaml, the Recommendation itself is printed if there is one.
    #[arg(short, long, value_enum, default_value_t)]
    pub output: Output,
    /// Follow its rollout until it ends. The exit code is 0 only if it was applied.
    #[arg(short, long)]
    pub watch: bool,
    /// The address at which the runbooks are hosted, as set on the controller.
    #[arg(long, env = "TRIMTAB_RUNBOOK_URL", default_value = RUNBOOKS, value_parser = Runbooks::at, value_name = "URL")]
    pub runbook_url: Runbooks,
    /// The source of usage data.
    #[command(flatten)]
    pub prometheus: PrometheusArgs,
}

/// A Prometheus-compatible server.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Usage")]
pub struct PrometheusArgs {
    /// The URL of the server, such as http://localhost:9090.
    #[arg(
        long,
        visible_alias = "prometheus",
        env = "TRIMTAB_PROMETHEUS_URL",
        hide_env_values = true,
        value_name = "URL"
    )]
    pub prometheus_url: Option<String>,
    /// A header to send with each query, as NAME=VALUE. May be repeated.
    #[arg(
        long,
        env = "TRIMTAB_PROMETHEUS_HEADERS",
        hide_env_values = true,
        value_name = "NAME=VALUE",
        value_delimiter = ','
    )]
    pub prometheus_header: Vec<String>,
    /// A file that contains a bearer token.
    #[arg(long, env = "TRIMTAB_PROMETHEUS_BEARER_FILE", value_name = "FILE")]
    pub prometheus_bearer_file: Option<PathBuf>,
    /// A file with trusted CA certificates, in PEM format.
    #[arg(long, env = "TRIMTAB_PROMETHEUS_CA_FILE", value_name = "FILE")]
    pub prometheus_ca_file: Option<PathBuf>,
    /// The series to read if one server contains several clusters, as LABEL=VALUE.
    #[arg(long, env = "TRIMTAB_PROMETHEUS_CLUSTER", value_name = "LABEL=VALUE")]
    pub prometheus_cluster: Option<String>,
}

/// Whether a change is persisted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum DryRun {
    /// The change is persisted.
    #[default]
    None,
    /// The server validates the change without persisting it.
    Server,
}

/// `approve`.
#[derive(Args, Debug)]
pub struct ApproveArgs {
    /// The workloads or Recommendations, such as deploy/web or deploy-web.
    #[arg(value_name = "REC", required_unless_present = "all", conflicts_with = "all")]
    pub names: Vec<String>,
    /// The reason for the decision, which is recorded.
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    pub reason: Option<String>,
    /// With `server`, validate the change on the server without persisting it.
    #[arg(long, value_enum, default_value_t, value_name = "none|server", hide_possible_values = true)]
    pub dry_run: DryRun,
    /// Follow the rollout until it ends. The exit code is 0 only if it was applied.
    #[arg(short, long, conflicts_with_all = ["all", "dry_run"])]
    pub watch: bool,
    /// Approve all undecided recommendations that match the filters below.
    #[arg(long, help_heading = "Many at once")]
    pub all: bool,
    /// Approve only recommendations of this policy.
    #[arg(long, value_name = "POLICY", requires = "all", conflicts_with = "names", help_heading = "Many at once")]
    pub policy: Option<String>,
    /// Approve only recommendations with at least this confidence, in percent.
    #[arg(long, value_name = "PERCENT", requires = "all", conflicts_with = "names", value_parser = clap::value_parser!(i32).range(0..=100), help_heading = "Many at once")]
    pub min_confidence: Option<i32>,
    /// Approve only recommendations with at most this risk.
    #[arg(long, value_name = "LEVEL", requires = "all", conflicts_with = "names", value_parser = risk_level, help_heading = "Many at once")]
    pub max_risk: Option<RiskLevel>,
    /// Do not ask for confirmation of bulk approvals, of High or Critical risk, and of changes that cannot be undone.
    #[arg(short, long)]
    pub yes: bool,
}

/// `reject`.
#[derive(Args, Debug)]
pub struct RejectArgs {
    /// The workloads or Recommendations, such as deploy/web or deploy-web.
    #[arg(value_name = "REC", required = true)]
    pub names: Vec<String>,
    /// The reason for the decision, which is recorded.
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    pub reason: Option<String>,
    /// With `server`, validate the change on the server without persisting it.
    #[arg(long, value_enum, default_value_t, value_name = "none|server", hide_possible_values = true)]
    pub dry_run: DryRun,
}

/// `diff`.
#[derive(Args, Debug)]
pub struct DiffArgs {
    /// The workload or Recommendation, such as deploy/web or deploy-web.
    #[arg(value_name = "REC")]
    pub name: String,
}

/// `undo`.
#[derive(Args, Debug)]
pub struct UndoArgs {
    /// The workload or Recommendation, such as deploy/web or deploy-web.
    #[arg(value_name = "REC")]
    pub name: String,
    /// The reason for the undo, which is recorded.
    #[arg(long, value_name = "TEXT", default_value = "undone with kubectl trimtab undo", value_parser = reason)]
    pub reason: String,
    /// With `server`, validate the change on the server without persisting it.
    #[arg(long, value_enum, default_value_t, value_name = "none|server", hide_possible_values = true)]
    pub dry_run: DryRun,
    /// Follow the undo until all pods have their former values. The exit code is 0 only in that case.
    #[arg(short, long, conflicts_with = "dry_run")]
    pub watch: bool,
}

/// `halt`.
#[derive(Args, Debug)]
pub struct HaltArgs {
    /// The reason for the emergency stop, which is recorded.
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    pub reason: Option<String>,
}

/// `completion`.
#[derive(Args, Debug)]
pub struct CompletionArgs {
    /// The shell.
    #[arg(value_enum)]
    pub shell: Shell,
}

/// A shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs)] // each is its own name
pub enum Shell {
    Bash,
    Zsh,
    Fish,
}

/// The format of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ReportOutput {
    /// A table.
    #[default]
    Table,
    /// CSV with one line per container, in millicores and bytes.
    Csv,
    /// JSON.
    Json,
    /// A single HTML page without external resources.
    Html,
}

/// A sizing profile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "PascalCase")]
#[allow(missing_docs)] // each is what the policy's field says
pub enum Profile {
    Savings,
    #[default]
    Balanced,
    Resilient,
}

impl Profile {
    /// As a policy writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Savings => "Savings",
            Self::Balanced => "Balanced",
            Self::Resilient => "Resilient",
        }
    }
}

/// `scan`.
#[derive(Args, Debug)]
pub struct ScanArgs {
    /// The output format.
    #[arg(short, long, value_enum, default_value_t)]
    pub output: ReportOutput,
    /// Do not print headers.
    #[arg(long)]
    pub no_headers: bool,
    /// How conservative sizing is, like sizing.profile of a policy.
    #[arg(long, value_enum, default_value_t, ignore_case = true)]
    pub profile: Profile,
    /// How far back usage is read, between 24h and 2160h, such as 336h or 14d.
    #[arg(long = "history", default_value = "336h", value_parser = hours, value_name = "DURATION")]
    pub history_hours: i64,
    /// The source of usage data.
    #[command(flatten)]
    pub prometheus: PrometheusArgs,
}

/// `try`.
#[derive(Args, Debug)]
pub struct TryArgs {
    /// Files with OptimizationPolicies in YAML or JSON. Use `-` for standard input.
    #[arg(short = 'f', long = "filename", value_name = "FILE", required = true, value_hint = ValueHint::FilePath)]
    pub files: Vec<String>,
    /// The output format.
    #[arg(short, long, value_enum, default_value_t)]
    pub output: ReportOutput,
    /// Do not print headers.
    #[arg(long)]
    pub no_headers: bool,
    /// The source of usage data.
    #[command(flatten)]
    pub prometheus: PrometheusArgs,
}

/// What to import.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ImportFrom {
    /// VerticalPodAutoscalers.
    Vpa,
}

/// `import`.
#[derive(Args, Debug)]
pub struct ImportArgs {
    /// What to import.
    #[arg(value_enum, value_name = "vpa")]
    pub from: ImportFrom,
    /// Import only objects with these names.
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
}

/// Hours of a duration such as `336h` or `14d`, within the range that a policy allows.
fn hours(text: &str) -> Result<i64, String> {
    let days = text.strip_suffix('d').and_then(|d| d.parse::<i64>().ok()).and_then(|d| d.checked_mul(24));
    let seconds = trimtab_api::time::Duration(text.to_owned()).seconds();
    match days.or_else(|| seconds.map(|s| s / 3600)) {
        Some(hours @ 24..=2160) => Ok(hours),
        Some(_) => Err("expected between 24h and 2160h (90 days)".to_owned()),
        None => Err("expected a duration such as 336h or 14d".to_owned()),
    }
}

fn money(text: &str) -> Result<trimtab_pricing::Money, String> {
    trimtab_pricing::Money::parse_signed(text).map_err(|e| e.to_string())
}

/// Checks a reason against the schema.
fn reason(text: &str) -> Result<String, String> {
    match text.chars().count() {
        0 => Err("the reason is empty: say why, or leave it out".to_owned()),
        n if n > 1024 => Err(format!("the reason has {n} characters: at most 1024 are kept")),
        _ => Ok(text.to_owned()),
    }
}
