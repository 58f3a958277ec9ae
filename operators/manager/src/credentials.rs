//! Credentials for Prometheus that may change while the program runs: a Secret, a password and certificates in files.
//!
//! In: the arguments, the cluster. Out: their present content. A bearer token in a file is not among them: the source
//! reads it for each query. Where nothing else says whom to trust, what the system trusts is among them.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::Context;
use k8s_openapi::api::core::v1::Secret;
use kube::{Api, Client};
use secrecy::{ExposeSecret, SecretString};
use trimtab_metrics_sources::system_trust;

use crate::cli::PrometheusArgs;

/// The content of all of them.
#[derive(Clone, Default)]
pub struct Credentials {
    /// The keys of the Secret; none if none is named.
    pub secret: BTreeMap<String, SecretString>,
    /// The password in a file.
    pub password: Option<SecretString>,
    /// The certificates in a file, as PEM text.
    pub ca: Option<String>,
    /// The fingerprint of what the system trusts, where that counts.
    pub system: Option<u64>,
}

impl PartialEq for Credentials {
    fn eq(&self, other: &Self) -> bool {
        self.exposed() == other.exposed()
    }
}

impl Credentials {
    /// Those in files.
    pub fn in_files(args: &PrometheusArgs) -> anyhow::Result<Self> {
        let text = |flag: &str, path: &Path| {
            fs::read_to_string(path).with_context(|| format!("cannot read {}, which {flag} names", path.display()))
        };
        let password = args.prometheus_password_file.as_deref().map(|path| text("--prometheus-password-file", path));
        let ca = args.prometheus_ca_file.as_deref().map(|path| text("--prometheus-ca-file", path));
        Ok(Self {
            secret: BTreeMap::new(),
            password: password.transpose()?.map(|password| password.trim_end().to_owned().into()),
            ca: ca.transpose()?,
            system: None,
        })
    }

    /// All of them. The Secret is in `namespace`.
    pub async fn read(args: &PrometheusArgs, client: &Client, namespace: &str) -> anyhow::Result<Self> {
        let files = Self::in_files(args)?;
        let secret = match &args.prometheus_secret {
            Some(name) => secret(client, namespace, name).await?,
            None => BTreeMap::new(),
        };
        let system = trusts_the_system(args, &secret).then(system_trust);
        Ok(Self { secret, system, ..files })
    }

    /// The places that they are read from, for people. The Secret is in `namespace`.
    pub fn places(args: &PrometheusArgs, namespace: &str) -> String {
        let secret = args.prometheus_secret.iter().map(|name| format!("Secret {namespace}/{name}"));
        let files = [&args.prometheus_password_file, &args.prometheus_ca_file];
        let files = files.into_iter().flatten().map(|path| path.display().to_string());
        let places: Vec<String> = secret.chain(files).collect();
        if places.is_empty() { "the certificates of the system".to_owned() } else { places.join(", ") }
    }

    /// Whether there are any that may change.
    pub fn may_change(args: &PrometheusArgs) -> bool {
        let files = [&args.prometheus_password_file, &args.prometheus_ca_file];
        args.prometheus_secret.is_some()
            || files.iter().any(|file| file.is_some())
            || trusts_the_system(args, &BTreeMap::new())
    }

    /// All of it, to compare: the Secret, the password, the certificates, and a digest of those of the system.
    fn exposed(&self) -> Exposed<'_> {
        let secret = self.secret.iter().map(|(key, value)| (key.as_str(), value.expose_secret())).collect();
        let password = self.password.as_ref().map(|password| password.expose_secret());
        (secret, password, self.ca.as_deref(), self.system)
    }
}

/// See [`Credentials::exposed`].
type Exposed<'a> = (Vec<(&'a str, &'a str)>, Option<&'a str>, Option<&'a str>, Option<u64>);

/// Whether the server has to show a certificate, and no file or key of the Secret says whose.
fn trusts_the_system(args: &PrometheusArgs, secret: &BTreeMap<String, SecretString>) -> bool {
    let is_https = |url: &String| url.trim().to_ascii_lowercase().starts_with("https://");
    args.prometheus_url.as_ref().is_some_and(is_https)
        && args.prometheus_ca_file.is_none()
        && !secret.contains_key("ca.crt")
}

/// The keys of a Secret.
async fn secret(client: &Client, namespace: &str, name: &str) -> anyhow::Result<BTreeMap<String, SecretString>> {
    let secret = Api::<Secret>::namespaced(client.clone(), namespace)
        .get(name)
        .await
        .with_context(|| format!("cannot read Secret {namespace}/{name}, which --prometheus-secret names"))?;
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
