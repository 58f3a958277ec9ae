//! The command line and the environment variables that replace it.
//!
//! Out: plain values. Checks that need a file or a server are not made here.

mod replay;

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand};
use trimtab_api::runbooks::{RUNBOOKS, Runbooks};
use trimtab_core::WorkloadKind;
use trimtab_runtime::{access::MetricsAuth, telemetry::LogFormat};

pub use replay::ReplayArgs;

/// Right-sizes Kubernetes workloads based on their actual usage, and shows the savings and the confidence of each
/// recommendation.
#[derive(Debug, Parser)]
#[command(name = "trimtab", version, max_term_width = 100)]
pub struct Cli {
    /// The command to run.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands of the binary.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the controllers: watch policies, read usage, and write and apply recommendations.
    Controller(Box<ControllerArgs>),
    /// Print the CustomResourceDefinitions, ready for `kubectl apply --server-side -f`.
    Crds(CrdsArgs),
    /// Replay a policy on recorded history, and show how well its sizes would have worked.
    Replay(Box<ReplayArgs>),
    /// Run `kubectl trimtab` without kubectl: view recommendations, decide on them, and watch rollouts.
    Kubectl(Box<trimtab_kubectl::Cli>),
}

/// `trimtab controller`.
#[derive(Args, Debug)]
pub struct ControllerArgs {
    /// Path to the kubeconfig file. Default: KUBECONFIG, then ~/.kube/config, then the service account of the pod.
    #[arg(long, value_name = "FILE", help_heading = "Cluster")]
    pub kubeconfig: Option<PathBuf>,
    /// The kubeconfig context to use instead of the current one.
    #[arg(long, env = "TRIMTAB_CONTEXT", help_heading = "Cluster")]
    pub context: Option<String>,
    /// The namespace of Trimtab, which contains its Lease and the Secret for Prometheus. Default: the namespace of
    /// the context or pod.
    #[arg(long, env = "TRIMTAB_NAMESPACE", help_heading = "Cluster")]
    pub namespace: Option<String>,
    /// Disable leader election. Use this only if there is never more than one instance.
    #[arg(long, env = "TRIMTAB_NO_LEADER_ELECTION", help_heading = "Cluster")]
    pub no_leader_election: bool,
    /// The number of objects per page in initial lists.
    #[arg(long, env = "TRIMTAB_PAGE_SIZE", default_value_t = 500, value_parser = clap::value_parser!(u32).range(10..=5000), help_heading = "Cluster")]
    pub page_size: u32,
    /// Kinds of custom resources to size, such as CloneSet.v1alpha1.apps.kruise.io. May be repeated. They need the
    /// scale subresource and a pod template in spec.template, and the controller needs permission to list and watch
    /// them.
    #[arg(
        long,
        env = "TRIMTAB_WORKLOAD_KINDS",
        value_delimiter = ',',
        value_parser = WorkloadKind::named,
        value_name = "KIND.VERSION.GROUP",
        help_heading = "Cluster"
    )]
    pub workload_kinds: Vec<WorkloadKind>,

    /// The source of usage data.
    #[command(flatten)]
    pub prometheus: PrometheusArgs,

    /// Sample metrics-server even if Prometheus is configured, for policies with `metrics.source: MetricsServer`.
    /// Without Prometheus, metrics-server is always sampled.
    #[arg(long, env = "TRIMTAB_METRICS_SERVER", help_heading = "Usage")]
    pub metrics_server: bool,
    /// The time between two samples of metrics-server.
    #[arg(long, env = "TRIMTAB_METRICS_SERVER_INTERVAL", default_value = "1m", value_parser = duration, value_name = "DURATION", help_heading = "Usage")]
    pub metrics_server_interval: Duration,
    /// The time between two writes of a UsageProfile. A restart loses at most this much usage from metrics-server.
    #[arg(long, env = "TRIMTAB_PROFILE_INTERVAL", default_value = "1h", value_parser = duration, value_name = "DURATION", help_heading = "Usage")]
    pub profile_interval: Duration,
    /// The time between two analyses of all workloads.
    #[arg(long, env = "TRIMTAB_INTERVAL", default_value = "5m", value_parser = duration, value_name = "DURATION", help_heading = "Usage")]
    pub interval: Duration,

    /// The address that serves /healthz, /readyz and /metrics.
    #[arg(
        long,
        env = "TRIMTAB_ADMIN_ADDRESS",
        default_value = "127.0.0.1:8080",
        value_name = "ADDRESS",
        help_heading = "Observability"
    )]
    pub admin_address: SocketAddr,
    /// Who may read /metrics, which contains names and costs of workloads. None: everyone who can reach the address;
    /// with `[::]`, every pod in the cluster. TokenReview: clients that send a bearer token whose user may get the
    /// path /metrics, as checked with the API server; this needs deploy/monitoring/metrics-auth.yaml. /healthz and
    /// /readyz are always open.
    #[arg(long, env = "TRIMTAB_METRICS_AUTH", default_value_t = MetricsAuth::None, value_name = "None|TokenReview", help_heading = "Observability")]
    pub metrics_auth: MetricsAuth,
    /// The address at which the pages of docs/runbooks are hosted: messages of conditions end with the address of a
    /// page.
    #[arg(long, env = "TRIMTAB_RUNBOOK_URL", default_value = RUNBOOKS, value_parser = Runbooks::at, value_name = "URL", help_heading = "Observability")]
    pub runbook_url: Runbooks,
    /// The log format: auto (text on a terminal, otherwise JSON), text or json.
    #[arg(long, env = "TRIMTAB_LOG_FORMAT", default_value_t = LogFormat::Auto, help_heading = "Observability")]
    pub log_format: LogFormat,
    /// The log filter: a level such as info, or directives such as info,trimtab_rollout=debug.
    #[arg(long, env = "TRIMTAB_LOG", default_value = "info", value_name = "FILTER", help_heading = "Observability")]
    pub log: String,
    /// The OTLP/HTTP endpoint to which OpenTelemetry traces are sent. Default: no traces are sent.
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT", value_name = "URL", help_heading = "Observability")]
    pub otlp_endpoint: Option<String>,
}

/// How a Prometheus-compatible server is reached. Credentials are never on the command line: they are in files or in
/// a Secret.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Prometheus (also Thanos, VictoriaMetrics, Mimir)")]
pub struct PrometheusArgs {
    /// The URL of the server, such as http://prometheus.monitoring:9090. Include the path that precedes /api/v1, as
    /// in https://mimir.example.com/prometheus.
    #[arg(long, env = "TRIMTAB_PROMETHEUS_URL", hide_env_values = true, value_name = "URL")]
    pub prometheus_url: Option<String>,
    /// A path to append to the URL.
    #[arg(long, env = "TRIMTAB_PROMETHEUS_PATH_PREFIX", value_name = "PATH")]
    pub prometheus_path_prefix: Option<String>,
    /// A header to send with each query, as NAME=VALUE. May be repeated. For Mimir: X-Scope-OrgID=TENANT.
    #[arg(
        long,
        env = "TRIMTAB_PROMETHEUS_HEADERS",
        hide_env_values = true,
        value_name = "NAME=VALUE",
        value_delimiter = ','
    )]
    pub prometheus_header: Vec<String>,
    /// A parameter to add to each query, as NAME=VALUE. May be repeated. For Thanos: dedup=true and
    /// partial_response=false.
    #[arg(
        long,
        env = "TRIMTAB_PROMETHEUS_PARAMETERS",
        hide_env_values = true,
        value_name = "NAME=VALUE",
        value_delimiter = ','
    )]
    pub prometheus_parameter: Vec<String>,
    /// A file that contains a bearer token. It is read again for each query.
    #[arg(long, env = "TRIMTAB_PROMETHEUS_BEARER_FILE", value_name = "FILE")]
    pub prometheus_bearer_file: Option<PathBuf>,
    /// A file that contains the password for --prometheus-user.
    #[arg(long, env = "TRIMTAB_PROMETHEUS_PASSWORD_FILE", value_name = "FILE", requires = "prometheus_user")]
    pub prometheus_password_file: Option<PathBuf>,
    /// The user name for basic authentication.
    #[arg(long, env = "TRIMTAB_PROMETHEUS_USER", value_name = "NAME", requires = "prometheus_password_file")]
    pub prometheus_user: Option<String>,
    /// A Secret in the namespace of Trimtab with credentials. Its keys: bearerToken, username and password, ca.crt,
    /// and header.NAME for each header.
    #[arg(long, env = "TRIMTAB_PROMETHEUS_SECRET", value_name = "NAME")]
    pub prometheus_secret: Option<String>,
    /// A file with trusted CA certificates, in PEM format.
    #[arg(long, env = "TRIMTAB_PROMETHEUS_CA_FILE", value_name = "FILE")]
    pub prometheus_ca_file: Option<PathBuf>,
    /// The series to read if one server contains several clusters, as LABEL=VALUE. LABEL= selects series without the
    /// label.
    #[arg(long, env = "TRIMTAB_PROMETHEUS_CLUSTER", value_name = "LABEL=VALUE")]
    pub prometheus_cluster: Option<String>,
    /// The label that contains the namespace of a pod. Default: namespace.
    #[arg(long, env = "TRIMTAB_PROMETHEUS_NAMESPACE_LABEL", value_name = "LABEL")]
    pub prometheus_namespace_label: Option<String>,
    /// The label that contains the name of a pod. Default: pod.
    #[arg(long, env = "TRIMTAB_PROMETHEUS_POD_LABEL", value_name = "LABEL")]
    pub prometheus_pod_label: Option<String>,
    /// The label that contains the name of a container. Default: container.
    #[arg(long, env = "TRIMTAB_PROMETHEUS_CONTAINER_LABEL", value_name = "LABEL")]
    pub prometheus_container_label: Option<String>,
    /// A label that distinguishes replicas of a server, in addition to the usual ones such as prometheus_replica and
    /// replica. May be repeated.
    #[arg(long, env = "TRIMTAB_PROMETHEUS_REPLICA_LABELS", value_name = "LABEL", value_delimiter = ',')]
    pub prometheus_replica_label: Vec<String>,
    /// The timeout of one query.
    #[arg(long, env = "TRIMTAB_PROMETHEUS_TIMEOUT", default_value = "30s", value_parser = duration, value_name = "DURATION")]
    pub prometheus_timeout: Duration,
    /// The planned maximum number of points per query. It limits the memory that both sides use.
    #[arg(long, env = "TRIMTAB_PROMETHEUS_MAX_POINTS", value_name = "N")]
    pub prometheus_max_points: Option<u64>,
}

/// `trimtab crds`.
#[derive(Args, Debug)]
pub struct CrdsArgs {
    /// The directory to write to, with one file per kind. Default: all kinds are written to standard output.
    #[arg(long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Without the rules that an API server before Kubernetes 1.34 refuses.
    #[arg(long = "before-1.34")]
    pub before_1_34: bool,
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
