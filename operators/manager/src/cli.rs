//! The command line and the environment variables that stand in for it.
//!
//! Out: plain values. Nothing is checked here that needs a file or a server.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand};
use trimtab_core::WorkloadKind;
use trimtab_runtime::{access::MetricsAuth, telemetry::LogFormat};

/// Right-sizes Kubernetes workloads by what they really use, and says what that saves and how sure it is.
#[derive(Debug, Parser)]
#[command(name = "trimtab", version, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the binary does.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the controllers: watch policies, read usage, write recommendations.
    Controller(Box<ControllerArgs>),
    /// Write the CustomResourceDefinitions, ready for `kubectl apply --server-side -f`.
    Crds(CrdsArgs),
    /// Say what a policy would have done on recorded history, and how well that would have held.
    Replay(Box<ReplayArgs>),
    /// What `kubectl trimtab` does, without kubectl: see recommendations, decide on them, watch them being carried out.
    Kubectl(Box<trimtab_kubectl::Cli>),
}

/// `trimtab controller`.
#[derive(Args, Debug)]
pub struct ControllerArgs {
    /// Kubeconfig file. Default: KUBECONFIG, then ~/.kube/config, then the pod's service account.
    #[arg(long, value_name = "FILE", help_heading = "Cluster")]
    pub kubeconfig: Option<PathBuf>,
    /// Context of the kubeconfig in place of its current one.
    #[arg(long, env = "TRIMTAB_CONTEXT", help_heading = "Cluster")]
    pub context: Option<String>,
    /// Trimtab's own namespace: its Lease and the Secret for Prometheus are there. Default: that of the context or pod.
    #[arg(long, env = "TRIMTAB_NAMESPACE", help_heading = "Cluster")]
    pub namespace: Option<String>,
    /// Run without leader election: only where a single instance is certain.
    #[arg(long, env = "TRIMTAB_NO_LEADER_ELECTION", help_heading = "Cluster")]
    pub no_leader_election: bool,
    /// Objects per page of the first lists.
    #[arg(long, env = "TRIMTAB_PAGE_SIZE", default_value_t = 500, value_parser = clap::value_parser!(u32).range(10..=5000), help_heading = "Cluster")]
    pub page_size: u32,
    /// Kinds of custom resources to size as well, such as CloneSet.v1alpha1.apps.kruise.io; may be repeated. They need the
    /// subresource scale and a pod template in spec.template, and the controller needs the rights to list and watch them.
    #[arg(
        long,
        env = "TRIMTAB_WORKLOAD_KINDS",
        value_delimiter = ',',
        value_parser = WorkloadKind::named,
        value_name = "KIND.VERSION.GROUP",
        help_heading = "Cluster"
    )]
    pub workload_kinds: Vec<WorkloadKind>,

    /// Where usage is read.
    #[command(flatten)]
    pub prometheus: PrometheusArgs,

    /// Sample metrics-server even where a Prometheus is configured, for policies with `metrics.source: MetricsServer`.
    /// Without a Prometheus it is always sampled.
    #[arg(long, env = "TRIMTAB_METRICS_SERVER", help_heading = "Usage")]
    pub metrics_server: bool,
    /// Time between two samples of metrics-server.
    #[arg(long, env = "TRIMTAB_METRICS_SERVER_INTERVAL", default_value = "1m", value_parser = duration, value_name = "DURATION", help_heading = "Usage")]
    pub metrics_server_interval: Duration,
    /// Time between two writes of a UsageProfile: what a restart may lose of usage sampled from metrics-server.
    #[arg(long, env = "TRIMTAB_PROFILE_INTERVAL", default_value = "1h", value_parser = duration, value_name = "DURATION", help_heading = "Usage")]
    pub profile_interval: Duration,
    /// Time between two passes over all workloads.
    #[arg(long, env = "TRIMTAB_INTERVAL", default_value = "5m", value_parser = duration, value_name = "DURATION", help_heading = "Usage")]
    pub interval: Duration,

    /// Where /healthz, /readyz and /metrics are served.
    #[arg(
        long,
        env = "TRIMTAB_ADMIN_ADDRESS",
        default_value = "127.0.0.1:8080",
        value_name = "ADDRESS",
        help_heading = "Observability"
    )]
    pub admin_address: SocketAddr,
    /// Who may read /metrics, which tells names and costs of workloads: whoever reaches the address, with 0.0.0.0 every pod of
    /// the cluster (None); or whoever sends a bearer token whose owner may get the path /metrics, which the API server is asked
    /// (TokenReview; the rights for it are in deploy/monitoring/metrics-auth.yaml). /healthz and /readyz are open.
    #[arg(long, env = "TRIMTAB_METRICS_AUTH", default_value_t = MetricsAuth::None, value_name = "None|TokenReview", help_heading = "Observability")]
    pub metrics_auth: MetricsAuth,
    /// How logs look: text on a terminal and JSON elsewhere (auto), text, or json.
    #[arg(long, env = "TRIMTAB_LOG_FORMAT", default_value_t = LogFormat::Auto, help_heading = "Observability")]
    pub log_format: LogFormat,
    /// What is logged: a level such as info, or directives such as info,trimtab_rollout=debug.
    #[arg(long, env = "TRIMTAB_LOG", default_value = "info", value_name = "FILTER", help_heading = "Observability")]
    pub log: String,
    /// Send OpenTelemetry traces to this OTLP/HTTP endpoint.
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT", value_name = "URL", help_heading = "Observability")]
    pub otlp_endpoint: Option<String>,
}

/// How a Prometheus-compatible server is reached. Credentials never stand on the command line: they are in files or in a
/// Secret.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Prometheus (also Thanos, VictoriaMetrics, Mimir)")]
pub struct PrometheusArgs {
    /// The server, for example http://prometheus.monitoring:9090. The path before /api/v1 belongs to it:
    /// https://mimir.example.com/prometheus.
    #[arg(long, env = "TRIMTAB_PROMETHEUS_URL", hide_env_values = true, value_name = "URL")]
    pub prometheus_url: Option<String>,
    /// More path, appended to that of the URL.
    #[arg(long, env = "TRIMTAB_PROMETHEUS_PATH_PREFIX", value_name = "PATH")]
    pub prometheus_path_prefix: Option<String>,
    /// A header sent with each query, as NAME=VALUE; may be repeated. Mimir: X-Scope-OrgID=TENANT.
    #[arg(
        long,
        env = "TRIMTAB_PROMETHEUS_HEADERS",
        hide_env_values = true,
        value_name = "NAME=VALUE",
        value_delimiter = ','
    )]
    pub prometheus_header: Vec<String>,
    /// A parameter added to each query, as NAME=VALUE; may be repeated. Thanos: dedup=true and partial_response=false.
    #[arg(
        long,
        env = "TRIMTAB_PROMETHEUS_PARAMETERS",
        hide_env_values = true,
        value_name = "NAME=VALUE",
        value_delimiter = ','
    )]
    pub prometheus_parameter: Vec<String>,
    /// A file with a bearer token, read anew for each query.
    #[arg(long, env = "TRIMTAB_PROMETHEUS_BEARER_FILE", value_name = "FILE")]
    pub prometheus_bearer_file: Option<PathBuf>,
    /// A file with the password of --prometheus-user.
    #[arg(long, env = "TRIMTAB_PROMETHEUS_PASSWORD_FILE", value_name = "FILE", requires = "prometheus_user")]
    pub prometheus_password_file: Option<PathBuf>,
    /// The user for basic authentication.
    #[arg(long, env = "TRIMTAB_PROMETHEUS_USER", value_name = "NAME", requires = "prometheus_password_file")]
    pub prometheus_user: Option<String>,
    /// A Secret in Trimtab's namespace that holds credentials: bearerToken, username and password, ca.crt, and
    /// header.NAME for each header.
    #[arg(long, env = "TRIMTAB_PROMETHEUS_SECRET", value_name = "NAME")]
    pub prometheus_secret: Option<String>,
    /// A file with the certificates to trust, in PEM.
    #[arg(long, env = "TRIMTAB_PROMETHEUS_CA_FILE", value_name = "FILE")]
    pub prometheus_ca_file: Option<PathBuf>,
    /// Which cluster's series to read where one server holds several, as LABEL=VALUE; LABEL= means those without the label.
    #[arg(long, env = "TRIMTAB_PROMETHEUS_CLUSTER", value_name = "LABEL=VALUE")]
    pub prometheus_cluster: Option<String>,
    /// The label that names the namespace of a pod. Default: namespace.
    #[arg(long, env = "TRIMTAB_PROMETHEUS_NAMESPACE_LABEL", value_name = "LABEL")]
    pub prometheus_namespace_label: Option<String>,
    /// The label that names a pod. Default: pod.
    #[arg(long, env = "TRIMTAB_PROMETHEUS_POD_LABEL", value_name = "LABEL")]
    pub prometheus_pod_label: Option<String>,
    /// The label that names a container. Default: container.
    #[arg(long, env = "TRIMTAB_PROMETHEUS_CONTAINER_LABEL", value_name = "LABEL")]
    pub prometheus_container_label: Option<String>,
    /// A label in which replicas of one server differ, in addition to the usual ones (prometheus_replica, replica and the
    /// like); may be repeated.
    #[arg(long, env = "TRIMTAB_PROMETHEUS_REPLICA_LABELS", value_name = "LABEL", value_delimiter = ',')]
    pub prometheus_replica_label: Vec<String>,
    /// Time for one query.
    #[arg(long, env = "TRIMTAB_PROMETHEUS_TIMEOUT", default_value = "30s", value_parser = duration, value_name = "DURATION")]
    pub prometheus_timeout: Duration,
    /// Most points that one query is planned to return: bounds the memory of both sides.
    #[arg(long, env = "TRIMTAB_PROMETHEUS_MAX_POINTS", value_name = "N")]
    pub prometheus_max_points: Option<u64>,
}

/// `trimtab crds`.
#[derive(Args, Debug)]
pub struct CrdsArgs {
    /// Write one file per kind into this directory. Default: all of them to standard output.
    #[arg(long, value_name = "DIR")]
    pub output: Option<PathBuf>,
}

/// `trimtab replay`.
#[derive(Args, Debug)]
pub struct ReplayArgs {
    /// A directory of recorded series: index.csv with a column `series`, and NAME.csv.gz with the header
    /// timestamp_seconds,cpu_cores,memory_bytes.
    #[arg(long, value_name = "DIR", required_unless_present = "prometheus_url")]
    pub series: Option<PathBuf>,
    /// An OptimizationPolicy whose sizing is replayed. Default: a policy that says nothing, so the profile Balanced.
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// The first decision, in days after the first sample.
    #[arg(long, value_name = "DAYS", default_value_t = 9)]
    pub from_day: u32,
    /// Time between two decisions.
    #[arg(long, default_value = "24h", value_parser = duration, value_name = "DURATION")]
    pub every: Duration,
    /// Write one JSON object a line for each decision: series, time_seconds, cpu_cores, memory_bytes, confidence_percent.
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Replay the pods of one workload from a live server, as NAMESPACE/NAME or NAMESPACE/KIND/NAME; may be repeated.
    #[arg(long, value_name = "NAMESPACE/NAME", requires = "prometheus_url")]
    pub workload: Vec<String>,
    /// How far back the live server is read.
    #[arg(long, default_value = "336h", value_parser = duration, value_name = "DURATION")]
    pub history: Duration,
    /// Where usage is read.
    #[command(flatten)]
    pub prometheus: PrometheusArgs,
}

/// A GEP-2257 duration such as `5m`, as in the API.
fn duration(text: &str) -> Result<Duration, String> {
    let seconds = trimtab_api::time::Duration(text.to_owned()).seconds();
    match seconds.and_then(|s| u64::try_from(s).ok()) {
        Some(s) if s > 0 => Ok(Duration::from_secs(s)),
        _ => Err("expected a duration such as 30s, 5m or 1h30m".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Cli;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
