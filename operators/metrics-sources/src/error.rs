//! Errors between us and a usage source: what happened, at which server, why, and what to do about it.
//!
//! In: failures met by the adapters. Out: one enum whose text is fit for a condition message. Servers are named by
//! their address without user, password, query or header; no variant can hold a secret.

/// Who has to act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Responsible {
    /// The configuration is wrong: retrying does not help until a person changes it.
    User,
    /// The server or the network failed: it is retried later.
    System,
}

/// A read or a check that failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// A credential or certificate file can't be read or used.
    #[error("{server}: credentials can't be used: {why}; check the configured file or Secret")]
    Credentials {
        /// Server address.
        server: String,
        /// Why, without the content.
        why: String,
    },
    /// 401 or 403.
    #[error(
        "{server}: access refused ({status}): {why}; check the token, password or tenant header, and its permissions to query"
    )]
    Unauthorized {
        /// Server address.
        server: String,
        /// HTTP status.
        status: u16,
        /// The server's message, cut short.
        why: String,
    },
    /// 404: the API is not at this path.
    #[error(
        "{server}: no query API at this address (404); check the URL and the path prefix (`/prometheus` for Mimir, `/select/0/prometheus` for a VictoriaMetrics cluster)"
    )]
    NotFound {
        /// Server address.
        server: String,
    },
    /// The Kubernetes API server does not serve the metrics API.
    #[error(
        "{server}: the API metrics.k8s.io/v1beta1 is not installed; install metrics-server or configure a Prometheus-compatible server"
    )]
    MetricsApiAbsent {
        /// Server address.
        server: String,
    },
    /// 400 or 422, or another 4xx: the server understood the request and refused it.
    #[error(
        "{server}: the query was refused ({status}): {why}; check extra query parameters, the cluster label and the server's query limits"
    )]
    BadQuery {
        /// Server address.
        server: String,
        /// HTTP status.
        status: u16,
        /// The server's message, cut short.
        why: String,
    },
    /// The server's certificate is not trusted, or TLS is spoken to a server without it.
    #[error("{server}: no TLS connection: {why}; check the CA and whether the URL's scheme and host name are right")]
    Tls {
        /// Server address.
        server: String,
        /// Why.
        why: String,
    },
    /// Name not resolved, connection refused or reset.
    #[error("{server}: can't be reached: {why}; check that it runs and that network policies allow it")]
    Unreachable {
        /// Server address.
        server: String,
        /// Why.
        why: String,
    },
    /// No answer in time.
    #[error(
        "{server}: no complete response in {after_s} s; the server is slow or overloaded, or the timeout is too short"
    )]
    Timeout {
        /// Server address.
        server: String,
        /// The time limit.
        after_s: u64,
    },
    /// 5xx, 429, or an error within a 200.
    #[error("{server}: failed ({status}): {why}; see the server's own log")]
    ServerFailure {
        /// Server address.
        server: String,
        /// HTTP status.
        status: u16,
        /// The server's message, cut short.
        why: String,
    },
    /// The server answered and warned that data is missing. The answer was not used.
    #[error("{server}: the response is partial and was not used: {why}; a store behind the server is probably down")]
    Partial {
        /// Server address.
        server: String,
        /// The first warning, cut short.
        why: String,
    },
    /// The body was truncated.
    #[error("{server}: the response was cut off after {bytes} bytes; a proxy may limit its size or time")]
    Truncated {
        /// Server address.
        server: String,
        /// Bytes read.
        bytes: u64,
    },
    /// A web page, another API, or broken JSON.
    #[error(
        "{server}: the response is not from a Prometheus-compatible server: {why}; check that the URL does not lead to a login page or another service"
    )]
    Nonsense {
        /// Server address.
        server: String,
        /// The start of the body, cut short.
        why: String,
    },
    /// Exceeds the limit of one read. [`crate::read_batch`] reads it in halves.
    #[error("{server}: the response exceeds {limit} {unit}; fewer namespaces or a shorter history per read are needed")]
    TooLarge {
        /// Server address.
        server: String,
        /// The limit.
        limit: u64,
        /// What is limited.
        unit: &'static str,
    },
    /// Requests are held back after repeated failures.
    #[error(
        "{server}: not queried, after {failures} failures in a row; next attempt in {retry_in_s} s; last failure: {last}"
    )]
    CircuitOpen {
        /// Server address.
        server: String,
        /// Failures in a row.
        failures: u32,
        /// Seconds until the next try.
        retry_in_s: i64,
        /// The last failure.
        last: String,
    },
}

impl SourceError {
    /// Who has to act.
    #[must_use]
    pub fn fault(&self) -> Responsible {
        match self {
            Self::Credentials { .. }
            | Self::Unauthorized { .. }
            | Self::NotFound { .. }
            | Self::MetricsApiAbsent { .. }
            | Self::BadQuery { .. }
            | Self::Tls { .. } => Responsible::User,
            Self::Unreachable { .. }
            | Self::Timeout { .. }
            | Self::ServerFailure { .. }
            | Self::Partial { .. }
            | Self::Truncated { .. }
            | Self::Nonsense { .. }
            | Self::TooLarge { .. }
            | Self::CircuitOpen { .. } => Responsible::System,
        }
    }

    /// A CamelCase word for a condition's `reason` and a metric's label.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Credentials { .. } => "MetricsCredentialsInvalid",
            Self::Unauthorized { .. } => "MetricsUnauthorized",
            Self::NotFound { .. } => "MetricsApiNotFound",
            Self::MetricsApiAbsent { .. } => "MetricsApiAbsent",
            Self::BadQuery { .. } => "MetricsQueryRefused",
            Self::Tls { .. } => "MetricsTlsFailed",
            Self::Unreachable { .. } => "MetricsUnreachable",
            Self::Timeout { .. } => "MetricsTimeout",
            Self::ServerFailure { .. } => "MetricsServerFailure",
            Self::Partial { .. } => "MetricsPartial",
            Self::Truncated { .. } => "MetricsTruncated",
            Self::Nonsense { .. } => "MetricsNonsense",
            Self::TooLarge { .. } => "MetricsTooLarge",
            Self::CircuitOpen { .. } => "MetricsCircuitOpen",
        }
    }

    /// Its text for a status: while requests are held back that is the failure behind it, which stays the same, and not how
    /// many there were and when the next attempt is.
    #[must_use]
    pub fn in_status(&self) -> String {
        match self {
            Self::CircuitOpen { server, last, .. } => format!("{server}: {last}"),
            other => other.to_string(),
        }
    }

    /// Whether retrying within the same read can help.
    #[must_use]
    pub fn retryable(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. }
                | Self::Timeout { .. }
                | Self::ServerFailure { .. }
                | Self::Partial { .. }
                | Self::Truncated { .. }
        )
    }
}
