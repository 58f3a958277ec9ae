//! Validates how to reach a Prometheus-compatible server.
//!
//! In: [`PrometheusSettings`], the text of a flag, a file or a Secret. Out: a [`PrometheusConfig`] ready for use, or a
//! [`ConfigError`] that names the field and never repeats what may be secret. Pure: files are named here and read
//! later.

use std::path::PathBuf;
use std::time::Duration;

use base64::Engine;
use http::{HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

/// A bearer token.
#[derive(Clone, Debug)]
pub enum Bearer {
    /// The token itself.
    Token(SecretString),
    /// A file that holds it, read again for each request, since service account tokens are rotated in place.
    File(PathBuf),
}

/// Certificates to trust in place of the system's.
#[derive(Clone, Debug)]
pub enum Ca {
    /// PEM text.
    Pem(String),
    /// A file of PEM text, read when the source is created.
    File(PathBuf),
}

/// Names of the labels that matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelNames {
    /// Namespace of the pod.
    pub namespace: String,
    /// Name of the pod.
    pub pod: String,
    /// Name of the container.
    pub container: String,
    /// Labels that differ between replicas of one server, so that their series are merged.
    pub replicas: Vec<String>,
}

/// Labels that differ between servers that scrape the same targets, in the usual configurations of Prometheus, Thanos,
/// Cortex, Mimir and VictoriaMetrics.
const REPLICAS: [&str; 14] = [
    "prometheus_replica",
    "replica",
    "__replica__",
    "prometheus",
    "receive",
    "receive_replica",
    "rule_replica",
    "ruler_replica",
    "thanos_replica",
    "thanos_ruler_replica",
    "ha_replica",
    "cortex_replica",
    "vmagent",
    "vmagent_ha",
];

impl Default for LabelNames {
    fn default() -> Self {
        Self {
            namespace: "namespace".to_owned(),
            pod: "pod".to_owned(),
            container: "container".to_owned(),
            replicas: REPLICAS.map(ToOwned::to_owned).to_vec(),
        }
    }
}

/// The server's settings as written. Everything but the URL has a default.
#[derive(Clone, Debug)]
pub struct PrometheusSettings {
    /// `http://` or `https://`, host, optional port and path. The path is the part before `/api/v1`: `/prometheus` for
    /// Mimir, `/select/0/prometheus` for a VictoriaMetrics cluster.
    pub url: String,
    /// A further path, appended to the URL's.
    pub path_prefix: Option<String>,
    /// Headers sent with each request, `X-Scope-OrgID` for example. Values are treated as secrets.
    pub headers: Vec<(String, SecretString)>,
    /// Bearer token; not together with `basic`.
    pub bearer: Option<Bearer>,
    /// User and password; not together with `bearer`.
    pub basic: Option<(String, SecretString)>,
    /// Certificates to trust.
    pub ca: Option<Ca>,
    /// The URL of the proxy to go through; without one, the server is reached directly. It may contain a password.
    pub proxy: Option<SecretString>,
    /// Parameters added to each query's URL, for Thanos `dedup=true` and `partial_response=false`. Treated as secrets.
    pub query_parameters: Vec<(String, SecretString)>,
    /// `name=value`, a matcher added to each selector if one server holds several clusters. Empty: series without it.
    pub cluster_label: Option<String>,
    /// Names of the labels that identify a series.
    pub labels: LabelNames,
    /// Time limit of one request, including its body.
    pub request_timeout: Duration,
    /// Time limit of one read or check, including retries.
    pub deadline: Duration,
    /// Attempts per read.
    pub attempts: u32,
    /// Maximum number of points that one query is planned to return.
    pub max_points: u64,
}

impl PrometheusSettings {
    /// The defaults, for a server at `url`.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            path_prefix: None,
            headers: Vec::new(),
            bearer: None,
            basic: None,
            ca: None,
            proxy: None,
            query_parameters: Vec::new(),
            cluster_label: None,
            labels: LabelNames::default(),
            request_timeout: Duration::from_secs(30),
            deadline: Duration::from_secs(90),
            attempts: 3,
            max_points: 250_000,
        }
    }
}

/// An unusable setting.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Not a URL at all.
    #[error("url: not a URL ({0}); write http://HOST:PORT or https://HOST")]
    Url(url::ParseError),
    /// Another scheme, or no host.
    #[error("url: only http:// and https:// with a host are possible")]
    Scheme,
    /// User or password in the URL.
    #[error("url: must not hold a user or password; use basic authentication")]
    UserInfo,
    /// A query or fragment in the URL.
    #[error("url: must not hold a query or fragment; use query parameters")]
    Query,
    /// The API's own path in the URL.
    #[error("url: must end before /api/v1, which is added for each query")]
    ApiPath,
    /// Not a header name.
    #[error("headers: `{0}` is not a header name")]
    HeaderName(String),
    /// A header value with forbidden characters.
    #[error("headers: the value of `{0}` contains characters that a header must not (a line break at its end?)")]
    HeaderValue(String),
    /// A header that Trimtab sets itself.
    #[error("headers: `{0}` is set by bearer, basic authentication or by the client itself")]
    HeaderTaken(String),
    /// Both kinds of authentication.
    #[error("bearer and basic authentication exclude each other")]
    TwoCredentials,
    /// An empty or malformed token, user or password.
    #[error("{0}: empty, or contains characters that a header must not")]
    Credential(&'static str),
    /// An empty parameter name, or one that queries use themselves.
    #[error("query parameters: `{0}` is empty or used by each query itself")]
    Parameter(String),
    /// Not `name=value`.
    #[error("cluster label: write name=value with a label name of letters, digits and _")]
    ClusterLabel,
    /// Not a valid label name.
    #[error("label names: `{0}` is not a label name of letters, digits and _, or is used for two things")]
    LabelName(String),
    /// A number out of bounds.
    #[error("{field}: must be {bounds}")]
    Bounds {
        /// The setting.
        field: &'static str,
        /// The bounds.
        bounds: &'static str,
    },
}

/// A validated configuration. Created by [`PrometheusConfig::check`] only.
#[derive(Clone, Debug)]
pub struct PrometheusConfig {
    pub(super) base: Url,
    pub(super) server: String,
    pub(super) headers: Vec<(HeaderName, SecretString)>,
    pub(super) bearer: Option<Bearer>,
    pub(super) ca: Option<Ca>,
    pub(super) proxy: Option<SecretString>,
    pub(super) query_parameters: Vec<(String, SecretString)>,
    pub(super) cluster_label: Option<(String, String)>,
    pub(super) labels: LabelNames,
    pub(super) request_timeout: Duration,
    pub(super) deadline: Duration,
    pub(super) attempts: u32,
    pub(super) max_points: u64,
}

impl PrometheusConfig {
    /// Validates settings.
    ///
    /// # Errors
    /// [`ConfigError`], the first one found.
    pub fn check(settings: PrometheusSettings) -> Result<Self, ConfigError> {
        let base = base(&settings.url, settings.path_prefix.as_deref())?;
        let mut headers = headers(settings.headers)?;
        match (&settings.bearer, settings.basic) {
            (Some(_), Some(_)) => return Err(ConfigError::TwoCredentials),
            (Some(Bearer::Token(token)), None) => {
                bearer_value(token.expose_secret()).ok_or(ConfigError::Credential("bearer"))?;
            }
            (None, Some((user, password))) => headers.push((http::header::AUTHORIZATION, basic(&user, &password)?)),
            (Some(Bearer::File(_)) | None, None) => {}
        }
        for (name, _) in &settings.query_parameters {
            if name.is_empty() || ["query", "start", "end", "step", "time", "timeout"].contains(&name.as_str()) {
                return Err(ConfigError::Parameter(name.clone()));
            }
        }
        check_labels(&settings.labels)?;
        let second = Duration::from_secs(1);
        let bounds =
            |field, holds: bool, bounds| if holds { Ok(()) } else { Err(ConfigError::Bounds { field, bounds }) };
        bounds("request timeout", settings.request_timeout >= second, "at least 1s")?;
        bounds("deadline", settings.deadline >= settings.request_timeout, "at least the request timeout")?;
        bounds("attempts", (1..=10).contains(&settings.attempts), "1 to 10")?;
        bounds("max points", (1_000..=10_000_000).contains(&settings.max_points), "1,000 to 10,000,000")?;
        Ok(Self {
            server: base.as_str().trim_end_matches('/').to_owned(),
            base,
            headers,
            bearer: settings.bearer,
            ca: settings.ca,
            proxy: settings.proxy,
            query_parameters: settings.query_parameters,
            cluster_label: settings.cluster_label.as_deref().map(cluster_label).transpose()?,
            labels: settings.labels,
            request_timeout: settings.request_timeout,
            deadline: settings.deadline,
            attempts: settings.attempts,
            max_points: settings.max_points,
        })
    }

    /// The server's address, without anything secret.
    #[must_use]
    pub fn server(&self) -> &str {
        &self.server
    }
}

/// `Bearer TOKEN` as a header value, or `None` if the token is empty or malformed. Surrounding white space is dropped,
/// as files end with a line break.
pub(super) fn bearer_value(token: &str) -> Option<HeaderValue> {
    let token = token.trim();
    if token.is_empty() {
        return None;
    }
    let mut value = HeaderValue::try_from(format!("Bearer {token}")).ok()?;
    value.set_sensitive(true);
    Some(value)
}

fn basic(user: &str, password: &SecretString) -> Result<SecretString, ConfigError> {
    if user.is_empty() || user.contains(':') {
        return Err(ConfigError::Credential("basic authentication's user"));
    }
    let pair = format!("{user}:{}", password.expose_secret());
    Ok(format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair)).into())
}

fn base(url: &str, prefix: Option<&str>) -> Result<Url, ConfigError> {
    let mut base = Url::parse(url.trim()).map_err(ConfigError::Url)?;
    if !matches!(base.scheme(), "http" | "https") || base.host_str().is_none_or(str::is_empty) {
        return Err(ConfigError::Scheme);
    }
    if !base.username().is_empty() || base.password().is_some() {
        return Err(ConfigError::UserInfo);
    }
    if base.query().is_some() || base.fragment().is_some() || prefix.is_some_and(|prefix| prefix.contains(['?', '#'])) {
        return Err(ConfigError::Query);
    }
    let mut path = base.path().trim_end_matches('/').to_owned();
    for part in prefix.unwrap_or_default().split('/').filter(|part| !part.is_empty()) {
        path.push('/');
        path.push_str(part);
    }
    if path.contains("/api/v1") {
        return Err(ConfigError::ApiPath);
    }
    path.push('/');
    base.set_path(&path);
    Ok(base)
}

fn headers(settings: Vec<(String, SecretString)>) -> Result<Vec<(HeaderName, SecretString)>, ConfigError> {
    let mut headers = Vec::with_capacity(settings.len() + 1);
    for (name, value) in settings {
        let Ok(checked) = HeaderName::try_from(name.as_str()) else { return Err(ConfigError::HeaderName(name)) };
        if HeaderValue::from_str(value.expose_secret()).is_err() {
            return Err(ConfigError::HeaderValue(name));
        }
        let taken = ["authorization", "host", "content-type", "content-length", "transfer-encoding", "accept-encoding"];
        if taken.contains(&checked.as_str()) {
            return Err(ConfigError::HeaderTaken(name));
        }
        headers.push((checked, value));
    }
    Ok(headers)
}

fn cluster_label(text: &str) -> Result<(String, String), ConfigError> {
    let (name, value) = text.split_once('=').ok_or(ConfigError::ClusterLabel)?;
    if !is_label_name(name) {
        return Err(ConfigError::ClusterLabel);
    }
    Ok((name.to_owned(), value.to_owned()))
}

fn is_label_name(name: &str) -> bool {
    let mut letters = name.chars();
    let starts = letters.next().is_some_and(|letter| letter.is_ascii_alphabetic() || letter == '_');
    starts && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

fn check_labels(labels: &LabelNames) -> Result<(), ConfigError> {
    let mut seen: Vec<&str> = vec!["__name__"];
    for name in [&labels.namespace, &labels.pod, &labels.container].into_iter().chain(&labels.replicas) {
        if !is_label_name(name) || seen.contains(&name.as_str()) {
            return Err(ConfigError::LabelName(name.clone()));
        }
        seen.push(name);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    fn with(change: impl FnOnce(&mut PrometheusSettings)) -> Result<PrometheusConfig, ConfigError> {
        let mut settings = PrometheusSettings::new("http://prometheus.monitoring:9090");
        change(&mut settings);
        PrometheusConfig::check(settings)
    }

    #[test]
    fn addresses() {
        let table = [
            ("http://p:9090", None, Ok("http://p:9090/")),
            (" https://p/x/ ", Some("/prometheus/"), Ok("https://p/x/prometheus/")),
            ("http://vm:8481", Some("select/0/prometheus"), Ok("http://vm:8481/select/0/prometheus/")),
            ("prometheus:9090", None, Err(ConfigError::Scheme)),
            ("p", None, Err(ConfigError::Url(url::ParseError::RelativeUrlWithoutBase))),
            ("file:///etc/passwd", None, Err(ConfigError::Scheme)),
            ("http://user:s3cret@p", None, Err(ConfigError::UserInfo)),
            ("http://p?token=s3cret", None, Err(ConfigError::Query)),
            ("http://p", Some("/x?y"), Err(ConfigError::Query)),
            ("http://p/api/v1/query", None, Err(ConfigError::ApiPath)),
        ];
        for (url, prefix, expected) in table {
            let got = with(|settings| {
                settings.url = url.to_owned();
                settings.path_prefix = prefix.map(ToOwned::to_owned);
            });
            assert_eq!(got.map(|config| config.base.to_string()), expected.map(ToOwned::to_owned), "{url}");
        }
    }

    #[test]
    fn mistakes_are_named_and_secrets_are_not() {
        type Change = fn(&mut PrometheusSettings);
        let table: [(&str, Change); 15] = [
            ("`a b` is not a header name", |s| s.headers = vec![("a b".into(), "s3cret".into())]),
            ("the value of `X-A` contains characters", |s| s.headers = vec![("X-A".into(), "s3cret\n".into())]),
            ("`Authorization` is set by", |s| s.headers = vec![("Authorization".into(), "s3cret".into())]),
            ("exclude each other", |s| {
                s.bearer = Some(Bearer::Token("s3cret".into()));
                s.basic = Some(("u".into(), "s3cret".into()));
            }),
            ("bearer: empty", |s| s.bearer = Some(Bearer::Token("  ".into()))),
            ("bearer: empty, or contains", |s| s.bearer = Some(Bearer::Token("s3c\nret".into()))),
            ("user: empty", |s| s.basic = Some(("a:b".into(), "s3cret".into()))),
            ("`query` is empty or used", |s| s.query_parameters = vec![("query".into(), "s3cret".into())]),
            ("write name=value", |s| s.cluster_label = Some("cluster".into())),
            ("write name=value", |s| s.cluster_label = Some("1a=b".into())),
            ("`a-b` is not a label name", |s| s.labels.pod = "a-b".into()),
            ("`pod` is not a label name", |s| s.labels.replicas.push("pod".into())),
            ("request timeout: must be at least 1s", |s| s.request_timeout = Duration::ZERO),
            ("deadline: must be at least", |s| s.deadline = Duration::from_secs(2)),
            ("max points: must be", |s| s.max_points = 0),
        ];
        for (expected, change) in table {
            let error = with(change).unwrap_err();
            assert!(error.to_string().contains(expected), "{error} should contain {expected}");
            assert!(!format!("{error} {error:?}").contains("s3c"), "{error:?}");
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let config = with(|s| {
            s.headers = vec![("X-Key".into(), "s3cret".into())];
            s.basic = Some(("user".into(), "s3cret".into()));
            s.query_parameters = vec![("token".into(), "s3cret".into())];
            s.proxy = Some("http://user:s3cret@proxy:3128".into());
        })
        .unwrap();
        let shown = format!("{config:?}");
        assert!(!shown.contains("s3cret") && !shown.contains("dXNlcjpzM2NyZXQ"), "{shown}");
    }
}
