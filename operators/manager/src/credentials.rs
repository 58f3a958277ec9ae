//! Credentials for Prometheus that may change while the program runs: a Secret, a password and certificates in files.
//!
//! In: the arguments, the cluster. Out: their present content. A bearer token in a file is not among them: the source
//! reads it for each query.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::Context;
use k8s_openapi::api::core::v1::Secret;
use kube::{Api, Client};
use secrecy::{ExposeSecret, SecretString};

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
}

impl PartialEq for Credentials {
    fn eq(&self, other: &Self) -> bool {
        self.exposed() == other.exposed()
    }
}

impl Credentials {
    /// Those in files.
    pub fn in_files(args: &PrometheusArgs) -> anyhow::Result<Self> {
        let text = |path: &Path| fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()));
        let password = args.prometheus_password_file.as_deref().map(text).transpose()?;
        Ok(Self {
            secret: BTreeMap::new(),
            password: password.map(|password| password.trim_end().to_owned().into()),
            ca: args.prometheus_ca_file.as_deref().map(text).transpose()?,
        })
    }

    /// All of them. The Secret is in `namespace`.
    pub async fn read(args: &PrometheusArgs, client: &Client, namespace: &str) -> anyhow::Result<Self> {
        let files = Self::in_files(args)?;
        let secret = match &args.prometheus_secret {
            Some(name) => secret(client, namespace, name).await?,
            None => BTreeMap::new(),
        };
        Ok(Self { secret, ..files })
    }

    /// Whether there are any that may change.
    pub fn may_change(args: &PrometheusArgs) -> bool {
        args.prometheus_secret.is_some() || args.prometheus_password_file.is_some() || args.prometheus_ca_file.is_some()
    }

    fn exposed(&self) -> (Vec<(&str, &str)>, Option<&str>, Option<&str>) {
        let secret = self.secret.iter().map(|(key, value)| (key.as_str(), value.expose_secret())).collect();
        (secret, self.password.as_ref().map(|password| password.expose_secret()), self.ca.as_deref())
    }
}

/// The keys of a Secret.
async fn secret(client: &Client, namespace: &str, name: &str) -> anyhow::Result<BTreeMap<String, SecretString>> {
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
