//! Builds the Prometheus source from flags and credentials.
//!
//! In: the arguments, the content of files and of a Secret. Out: a checked [`PrometheusConfig`], and the usage source that
//! it configures. Every secret value is registered with the redactor before it is used anywhere.

use std::collections::BTreeMap;

use anyhow::{Context, anyhow, bail};
use secrecy::{ExposeSecret, SecretString};
use trimtab_metrics_sources::{Bearer, Ca, PrometheusConfig, PrometheusSettings, PrometheusSource, SourceError};
use trimtab_runtime::{proxy::Variables, telemetry::Redactor};

use crate::{cli::PrometheusArgs, credentials::Credentials};

/// The source for `args`; `None` if no server is named.
pub fn source(
    args: &PrometheusArgs,
    credentials: &Credentials,
    redactor: &Redactor,
) -> anyhow::Result<Option<PrometheusSource>> {
    let Some(config) = config(args, credentials, redactor)? else { return Ok(None) };
    let source = PrometheusSource::new(config).map_err(|error| match error {
        // Whoever reports it names the server.
        SourceError::Credentials { why, .. } => anyhow!(why),
        other => other.into(),
    });
    source.map(Some).context("the Prometheus client cannot be created")
}

/// The configuration by flags alone, to find what is wrong with these before any file or Secret is read; `None` if no
/// server is named.
pub fn by_flags(args: &PrometheusArgs, redactor: &Redactor) -> anyhow::Result<Option<PrometheusConfig>> {
    // It stands for any password, so that the flags about it are checked too.
    let password = args.prometheus_password_file.is_some().then(|| SecretString::from("-"));
    config(args, &Credentials { password, ..Credentials::default() }, redactor)
}

/// The configuration for `args`; `None` if no server is named.
pub fn config(
    args: &PrometheusArgs,
    credentials: &Credentials,
    redactor: &Redactor,
) -> anyhow::Result<Option<PrometheusConfig>> {
    let Some(url) = &args.prometheus_url else { return Ok(None) };
    let mut settings = flags(url, args)?;
    settings.ca = credentials.ca.clone().map(Ca::Pem);
    settings.basic = args.prometheus_user.clone().zip(credentials.password.clone());
    keys(&mut settings, &credentials.secret)?;
    for (_, value) in settings.headers.iter().chain(&settings.query_parameters) {
        register(redactor, value);
    }
    if let Some((_, password)) = &settings.basic {
        register(redactor, password);
    }
    if let Some(Bearer::Token(token)) = &settings.bearer {
        register(redactor, token);
    }
    PrometheusConfig::check(settings).map(Some).context("the Prometheus configuration is invalid")
}

/// The settings from flags.
fn flags(url: &str, args: &PrometheusArgs) -> anyhow::Result<PrometheusSettings> {
    let mut settings = PrometheusSettings::new(url);
    settings.path_prefix.clone_from(&args.prometheus_path_prefix);
    settings.headers = pairs("--prometheus-header", &args.prometheus_header)?;
    settings.query_parameters = pairs("--prometheus-parameter", &args.prometheus_parameter)?;
    settings.cluster_label.clone_from(&args.prometheus_cluster);
    let names = &mut settings.labels;
    for (name, given) in [
        (&mut names.namespace, &args.prometheus_namespace_label),
        (&mut names.pod, &args.prometheus_pod_label),
        (&mut names.container, &args.prometheus_container_label),
    ] {
        if let Some(given) = given {
            name.clone_from(given);
        }
    }
    for replica in &args.prometheus_replica_label {
        if !names.replicas.contains(replica) {
            names.replicas.push(replica.clone());
        }
    }
    settings.request_timeout = args.prometheus_timeout;
    settings.deadline = args.prometheus_timeout * 3;
    if let Some(points) = args.prometheus_max_points {
        settings.max_points = points;
    }
    settings.bearer = args.prometheus_bearer_file.clone().map(Bearer::File);
    settings.proxy = Variables::of_process().proxy_for(url)?.map(|proxy| proxy.to_string().into());
    Ok(settings)
}

/// Applies the keys of the Secret, which take precedence over flags and files.
fn keys(settings: &mut PrometheusSettings, secret: &BTreeMap<String, SecretString>) -> anyhow::Result<()> {
    let (mut user, mut password) = (None, None);
    for (key, value) in secret {
        match key.as_str() {
            "bearerToken" => settings.bearer = Some(Bearer::Token(value.clone())),
            "username" => user = Some(value),
            "password" => password = Some(value),
            "ca.crt" => settings.ca = Some(Ca::Pem(value.expose_secret().to_owned())),
            other => match other.strip_prefix("header.") {
                Some(name) => settings.headers.push((name.to_owned(), value.clone())),
                None => bail!(
                    "the Secret for Prometheus has the key {other:?}: expected bearerToken, username, password, ca.crt \
                     or header.NAME"
                ),
            },
        }
    }
    match (user, password) {
        (Some(user), Some(password)) => settings.basic = Some((user.expose_secret().to_owned(), password.clone())),
        (None, None) => {}
        _ => bail!("the Secret for Prometheus has only one of username and password"),
    }
    Ok(())
}

fn register(redactor: &Redactor, secret: &SecretString) {
    // Masking every `1` or `true` would make logs unreadable, and such a value protects nothing.
    if secret.expose_secret().len() >= 6 {
        redactor.register(secret.expose_secret());
    }
}

fn pairs(flag: &str, texts: &[String]) -> anyhow::Result<Vec<(String, SecretString)>> {
    texts
        .iter()
        .map(|text| {
            // The value may be a secret, so the text is not repeated.
            let (name, value) = text.split_once('=').with_context(|| format!("{flag}: expected NAME=VALUE"))?;
            Ok((name.trim().to_owned(), SecretString::from(value.to_owned())))
        })
        .collect()
}
