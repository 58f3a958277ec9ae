//! The arguments of each verb.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use trimtab_api::risk::RiskLevel;

use crate::words::risk_level;

/// How the answer is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people.
    #[default]
    Table,
    /// For people, with more columns.
    Wide,
    /// For machines.
    Json,
    /// For machines.
    Yaml,
}

impl Output {
    /// Whether a machine reads it.
    pub fn is_machine(self) -> bool {
        matches!(self, Self::Json | Self::Yaml)
    }
}

/// `status`.
#[derive(Args, Debug)]
pub struct StatusArgs {
    /// How the answer is written.
    #[arg(short, long, value_enum, default_value_t)]
    pub output: Output,
    /// Follow every rollout that is under way, until all have ended. Exit code 0 only when all were applied.
    #[arg(short, long)]
    pub watch: bool,
}

/// `recommendations`.
#[derive(Args, Debug)]
pub struct ListArgs {
    /// Only these.
    #[arg(value_name = "REC")]
    pub names: Vec<String>,
    /// How the answer is written.
    #[arg(short, long, value_enum, default_value_t)]
    pub output: Output,
    /// Go on with what changes.
    #[arg(short, long)]
    pub watch: bool,
    /// No headings.
    #[arg(long)]
    pub no_headers: bool,
    /// Only those that this policy made.
    #[arg(long, value_name = "POLICY", help_heading = "Filters")]
    pub policy: Option<String>,
    /// Only those that save at least so much a month.
    #[arg(long, value_name = "AMOUNT", value_parser = money, allow_negative_numbers = true, help_heading = "Filters")]
    pub min_savings: Option<trimtab_pricing::Money>,
    /// Only those of this risk; several with commas.
    #[arg(long, value_name = "LEVEL", value_parser = risk_level, value_delimiter = ',', help_heading = "Filters")]
    pub risk: Vec<RiskLevel>,
    /// Only those with this status word, such as PendingApproval; several with commas.
    #[arg(long, value_name = "WORD", value_delimiter = ',', help_heading = "Filters")]
    pub status: Vec<String>,
}

/// `explain`.
#[derive(Args, Debug)]
pub struct ExplainArgs {
    /// The workload, such as deploy/web or web, or the Recommendation, such as deploy-web.
    #[arg(value_name = "WORKLOAD")]
    pub name: String,
    /// How the answer is written; json and yaml give the Recommendation itself, where there is one.
    #[arg(short, long, value_enum, default_value_t)]
    pub output: Output,
    /// Follow its rollout until it ends. Exit code 0 only when it was applied.
    #[arg(short, long)]
    pub watch: bool,
    /// Where usage is read.
    #[command(flatten)]
    pub prometheus: PrometheusArgs,
}

/// A Prometheus-compatible server.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Usage")]
pub struct PrometheusArgs {
    /// The server, for example http://localhost:9090.
    #[arg(
        long,
        visible_alias = "prometheus",
        env = "TRIMTAB_PROMETHEUS_URL",
        hide_env_values = true,
        value_name = "URL"
    )]
    pub prometheus_url: Option<String>,
    /// A header sent with each query, as NAME=VALUE; may be repeated.
    #[arg(
        long,
        env = "TRIMTAB_PROMETHEUS_HEADERS",
        hide_env_values = true,
        value_name = "NAME=VALUE",
        value_delimiter = ','
    )]
    pub prometheus_header: Vec<String>,
    /// A file with a bearer token.
    #[arg(long, env = "TRIMTAB_PROMETHEUS_BEARER_FILE", value_name = "FILE")]
    pub prometheus_bearer_file: Option<PathBuf>,
    /// A file with the certificates to trust, in PEM.
    #[arg(long, env = "TRIMTAB_PROMETHEUS_CA_FILE", value_name = "FILE")]
    pub prometheus_ca_file: Option<PathBuf>,
    /// Which cluster's series to read where one server holds several, as LABEL=VALUE.
    #[arg(long, env = "TRIMTAB_PROMETHEUS_CLUSTER", value_name = "LABEL=VALUE")]
    pub prometheus_cluster: Option<String>,
}

/// Whether a change is really written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum DryRun {
    /// It is written.
    #[default]
    None,
    /// The server checks it and writes nothing.
    Server,
}

/// `approve`.
#[derive(Args, Debug)]
pub struct ApproveArgs {
    /// The workloads or Recommendations, such as deploy/web or deploy-web.
    #[arg(value_name = "REC", required_unless_present = "all", conflicts_with = "all")]
    pub names: Vec<String>,
    /// Why, for whoever asks later.
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    pub reason: Option<String>,
    /// `server`: have it checked, and write nothing.
    #[arg(long, value_enum, default_value_t, value_name = "none|server", hide_possible_values = true)]
    pub dry_run: DryRun,
    /// Follow the rollout until it ends. Exit code 0 only when it was applied.
    #[arg(short, long, conflicts_with_all = ["all", "dry_run"])]
    pub watch: bool,
    /// Every recommendation that nobody has decided on, within the bounds below.
    #[arg(long, help_heading = "Many at once")]
    pub all: bool,
    /// Only those that this policy made.
    #[arg(long, value_name = "POLICY", requires = "all", conflicts_with = "names", help_heading = "Many at once")]
    pub policy: Option<String>,
    /// Only those that are at least so sure, in percent.
    #[arg(long, value_name = "PERCENT", requires = "all", conflicts_with = "names", value_parser = clap::value_parser!(i32).range(0..=100), help_heading = "Many at once")]
    pub min_confidence: Option<i32>,
    /// Only those that are at most so risky.
    #[arg(long, value_name = "LEVEL", requires = "all", conflicts_with = "names", value_parser = risk_level, help_heading = "Many at once")]
    pub max_risk: Option<RiskLevel>,
    /// Do not ask whether to go on: with many at once, and with what cannot be undone.
    #[arg(short, long)]
    pub yes: bool,
}

/// `reject`.
#[derive(Args, Debug)]
pub struct RejectArgs {
    /// The workloads or Recommendations, such as deploy/web or deploy-web.
    #[arg(value_name = "REC", required = true)]
    pub names: Vec<String>,
    /// Why, for whoever asks later.
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    pub reason: Option<String>,
    /// `server`: have it checked, and write nothing.
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
    /// Why, for whoever asks later.
    #[arg(long, value_name = "TEXT", default_value = "undone with kubectl trimtab undo", value_parser = reason)]
    pub reason: String,
    /// `server`: have it checked, and write nothing.
    #[arg(long, value_enum, default_value_t, value_name = "none|server", hide_possible_values = true)]
    pub dry_run: DryRun,
    /// Follow it until every pod has its former values. Exit code 0 only then.
    #[arg(short, long, conflicts_with = "dry_run")]
    pub watch: bool,
}

/// `halt`.
#[derive(Args, Debug)]
pub struct HaltArgs {
    /// Why, for whoever asks later.
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    pub reason: Option<String>,
}

/// `completion`.
#[derive(Args, Debug)]
pub struct CompletionArgs {
    /// For which shell.
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

/// How a report is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ReportOutput {
    /// For people.
    #[default]
    Table,
    /// For spreadsheets: a line for each container, in millicores and bytes.
    Csv,
    /// For programs.
    Json,
    /// For browsers: one page that needs nothing from elsewhere.
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
    /// How the answer is written.
    #[arg(short, long, value_enum, default_value_t)]
    pub output: ReportOutput,
    /// No headings.
    #[arg(long)]
    pub no_headers: bool,
    /// How cautious sizing is, as sizing.profile of a policy.
    #[arg(long, value_enum, default_value_t, ignore_case = true)]
    pub profile: Profile,
    /// How far back usage counts, between 24h and 2160h, such as 336h or 14d.
    #[arg(long = "history", default_value = "336h", value_parser = hours, value_name = "DURATION")]
    pub history_hours: i64,
    /// Where usage is read.
    #[command(flatten)]
    pub prometheus: PrometheusArgs,
}

/// `try`.
#[derive(Args, Debug)]
pub struct TryArgs {
    /// Files with OptimizationPolicies, in YAML or JSON; `-` is standard input.
    #[arg(short = 'f', long = "filename", value_name = "FILE", required = true)]
    pub files: Vec<String>,
    /// How the answer is written.
    #[arg(short, long, value_enum, default_value_t)]
    pub output: ReportOutput,
    /// No headings.
    #[arg(long)]
    pub no_headers: bool,
    /// Where usage is read.
    #[command(flatten)]
    pub prometheus: PrometheusArgs,
}

/// What is imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ImportFrom {
    /// VerticalPodAutoscalers.
    Vpa,
}

/// `import`.
#[derive(Args, Debug)]
pub struct ImportArgs {
    /// From what.
    #[arg(value_enum, value_name = "vpa")]
    pub from: ImportFrom,
    /// Only those of these names.
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
}

/// Hours of a duration such as `336h` or `14d`, within what a policy takes.
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

/// What the schema takes as a reason.
fn reason(text: &str) -> Result<String, String> {
    match text.chars().count() {
        0 => Err("the reason is empty: say why, or leave it out".to_owned()),
        n if n > 1024 => Err(format!("the reason has {n} characters: at most 1024 are kept")),
        _ => Ok(text.to_owned()),
    }
}
