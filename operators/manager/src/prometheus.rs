//! Builds the Prometheus source from flags, files and a Secret.
//!
//! In: the arguments. Out: a checked [`PrometheusConfig`], and the usage source that it configures. Every secret value
//! is registered with the redactor before it is used anywhere.

use std::{collections::BTreeMap, sync::Arc};

use anyhow::{Context, bail};
use k8s_openapi::api::core::v1::Secret;
use kube::{Api, Client};
use secrecy::{ExposeSecret, SecretString};
use trimtab_metrics_sources::{Bearer, Ca, PrometheusConfig, PrometheusSettings, PrometheusSource, UsageSource};
use trimtab_runtime::{proxy::Variables, telemetry::Redactor};

use crate::cli::PrometheusArgs;

/// The source for `args`; `None` if no server is named.
pub async fn source(
    args: &PrometheusArgs,
    client: &Client,
    namespace: &str,
    redactor: &Redactor,
) -> anyhow::Result<Option<Arc<dyn UsageSource>>> {
    let secret = match &args.prometheus_secret {
        Some(name) => secret(client, namespace, name).await?,
        None => BTreeMap::new(),
    };
    let Some(config) = config(args, secret, redactor)? else { return Ok(None) };
    let source = PrometheusSource::new(config).context("the Prometheus client cannot be created")?;
    tracing::info!(server = source.server(), "usage is read from Prometheus");
    Ok(Some(Arc::new(source)))
}

/// The configuration for `args`; `None` if no server is named. `secret` holds the keys of the Secret, if one is named.
pub fn config(
    args: &PrometheusArgs,
    secret: BTreeMap<String, SecretString>,
    redactor: &Redactor,
) -> anyhow::Result<Option<PrometheusConfig>> {
    let Some(url) = &args.prometheus_url else { return Ok(None) };
    let mut settings = flags(url, args)?;
    keys(&mut settings, secret)?;
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

/// The settings from flags and files.
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
    settings.ca = args.prometheus_ca_file.clone().map(Ca::File);
    settings.proxy = Variables::of_process().proxy_for(url)?.map(|proxy| proxy.to_string().into());
    if let (Some(user), Some(file)) = (&args.prometheus_user, &args.prometheus_password_file) {
        let password = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        settings.basic = Some((user.clone(), SecretString::from(password.trim_end().to_owned())));
    }
    Ok(settings)
}

/// Applies the keys of the Secret, which take precedence over flags and files.
fn keys(settings: &mut PrometheusSettings, secret: BTreeMap<String, SecretString>) -> anyhow::Result<()> {
    let (mut user, mut password) = (None, None);
    for (key, value) in secret {
        match key.as_str() {
            "bearerToken" => settings.bearer = Some(Bearer::Token(value)),
            "username" => user = Some(value),
            "password" => password = Some(value),
            "ca.crt" => settings.ca = Some(Ca::Pem(value.expose_secret().to_owned())),
            other => match other.strip_prefix("header.") {
                Some(name) => settings.headers.push((name.to_owned(), value)),
                None => bail!(
                    "the Secret for Prometheus has the key {other:?}: expected bearerToken, username, password, ca.crt \
                     or header.NAME"
                ),
            },
        }
    }
    match (user, password) {
        (Some(user), Some(password)) => settings.basic = Some((user.expose_secret().to_owned(), password)),
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

/// The keys of a Secret.
pub async fn secret(client: &Client, namespace: &str, name: &str) -> anyhow::Result<BTreeMap<String, SecretString>> {
    let secret = Api::<Secret>::namespaced(client.clone(), namespace)
        .get(name)
        .await
        .with_context(|| format!("cannot read Secret {namespace}/{name} for Prometheus"))?;
    secret
        .data
        .unwrap_or_default()
        .into_iter()
        .map(|(key, bytes)| {
            let text = String::from_utf8(bytes.0)
                .map_err(|_| anyhow::anyhow!("key {key} of Secret {namespace}/{name} is not text"))?;
            Ok((key, SecretString::from(text.trim_end().to_owned())))
        })
        .collect()
}
