//! How the API server is reached: the configuration of a client.
//!
//! In: a kubeconfig, or the service account of the pod; whom to act as; the proxy variables. Out: a [`Config`]. The parts
//! of a kubeconfig are put together here, since kube's own loader also reads the proxy variables by other rules than
//! kubectl: it compares NO_PROXY with the proxy instead of the API server, refuses a list with an empty entry, and reads no
//! variable in a pod.

use std::{path::PathBuf, time::Duration};

use kube::{
    Config,
    config::{ExecAuthCluster, InClusterError, Kubeconfig, KubeconfigError},
};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use tower::BoxError;

use crate::{
    errors::{Class, Explain, Severity},
    proxy::{self, ProxyError, Variables},
};

/// How to connect to the API server.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// A kubeconfig file. Without it: `KUBECONFIG`, then `~/.kube/config`, then the service account of the pod.
    pub kubeconfig: Option<PathBuf>,
    /// A context of the kubeconfig, instead of its current one.
    pub context: Option<String>,
    /// A user to act as, instead of the kubeconfig's, with [`ClientOptions::groups`].
    pub user: Option<String>,
    /// The groups of that user.
    pub groups: Vec<String>,
    /// What decides on a proxy, unless the kubeconfig names one. None by default.
    pub proxies: Variables,
    /// Deadline for a call with all its retries, until the headers of the answer.
    pub request_timeout: Duration,
    /// Deadline for establishing a connection.
    pub connect_timeout: Duration,
    /// How often a call that was answered 429, 503 or 504 is retried.
    pub retries: u32,
}

impl Default for ClientOptions {
    /// 30 s for a call, 10 s to connect, 5 retries.
    fn default() -> Self {
        Self {
            kubeconfig: None,
            context: None,
            user: None,
            groups: Vec::new(),
            proxies: Variables::default(),
            request_timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            retries: 5,
        }
    }
}

/// The client cannot be created.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The kubeconfig cannot be read or lacks the context.
    #[error("cannot use the kubeconfig{}: {source}", .path.as_ref().map(|p| format!(" {}", p.display())).unwrap_or_default())]
    Kubeconfig {
        /// The file, if one was named.
        path: Option<PathBuf>,
        /// What is wrong with it.
        source: BoxError,
    },
    /// There is neither a kubeconfig nor a service account.
    #[error("no kubeconfig and no service account found: {kubeconfig}; {in_cluster}")]
    Infer {
        /// What is wrong with the kubeconfig.
        kubeconfig: BoxError,
        /// What is wrong with the service account.
        in_cluster: Box<InClusterError>,
    },
    /// The proxy cannot be used.
    #[error(transparent)]
    Proxy(#[from] ProxyError),
    /// TLS or authentication cannot be set up.
    #[error("cannot set up the client: {0}")]
    Build(#[source] Box<kube::Error>),
}

impl Explain for ClientError {
    fn class(&self) -> Class {
        Class::User
    }
    fn severity(&self) -> Severity {
        Severity::Error
    }
    fn reason(&self) -> &'static str {
        match self {
            Self::Kubeconfig { .. } => "KubeconfigInvalid",
            Self::Infer { .. } => "NoClusterConfigured",
            Self::Proxy(_) => "ProxyInvalid",
            Self::Build(_) => "ClientSetupFailed",
        }
    }
    fn what_to_do(&self) -> String {
        match self {
            Self::Kubeconfig { .. } => "Check the path with --kubeconfig and the context with --context.",
            Self::Infer { .. } => "Pass --kubeconfig, set KUBECONFIG, or run in a pod with a service account.",
            Self::Proxy(_) => "Correct it, or name the API server in NO_PROXY.",
            Self::Build(_) => "Check the certificates, keys and the credential plugin that the kubeconfig names.",
        }
        .to_owned()
    }
}

/// The configuration that the options describe. Files are read, nothing is sent.
///
/// # Errors
/// [`ClientError`] says which part is at fault.
pub fn config(options: &ClientOptions) -> Result<Config, ClientError> {
    let is_inferred = options.kubeconfig.is_none() && options.context.is_none();
    let read = match &options.kubeconfig {
        Some(path) => Kubeconfig::read_from(path),
        None => Kubeconfig::read(),
    };
    let found = read.map_err(BoxError::from).and_then(|kubeconfig| of(&kubeconfig, options.context.as_deref()));
    let (mut config, named) = match found {
        Ok(found) => found,
        Err(kubeconfig) if is_inferred => match Config::incluster() {
            Ok(config) => (config, None),
            Err(error) => return Err(ClientError::Infer { kubeconfig, in_cluster: Box::new(error) }),
        },
        Err(source) => return Err(ClientError::Kubeconfig { path: options.kubeconfig.clone(), source }),
    };
    if is_inferred {
        config.apply_debug_overrides();
    }
    config.proxy_url = match named {
        Some(url) => Some(proxy::address(&url, "proxy-url of the kubeconfig")?),
        None => options.proxies.proxy_for(&config.cluster_url.to_string())?,
    };
    if let Some(user) = &options.user {
        config.auth_info.impersonate = Some(user.clone());
        config.auth_info.impersonate_groups = (!options.groups.is_empty()).then(|| options.groups.clone());
    }
    Ok(config)
}

/// What a context of a kubeconfig describes, or its current one: the configuration, and the proxy of its cluster.
fn of(kubeconfig: &Kubeconfig, context: Option<&str>) -> Result<(Config, Option<String>), BoxError> {
    let name = context.or(kubeconfig.current_context.as_deref()).ok_or(KubeconfigError::CurrentContextNotSet)?;
    let context = kubeconfig.contexts.iter().find(|known| known.name == name).and_then(|known| known.context.as_ref());
    let context = context.ok_or_else(|| KubeconfigError::LoadContext(name.to_owned()))?;
    let cluster = kubeconfig.clusters.iter().find(|known| known.name == context.cluster);
    let cluster = cluster.and_then(|known| known.cluster.as_ref());
    let cluster = cluster.ok_or_else(|| KubeconfigError::LoadClusterOfContext(context.cluster.clone()))?;
    let server = cluster.server.as_deref().ok_or(KubeconfigError::MissingClusterUrl)?;
    let shared = ExecAuthCluster::try_from(cluster)?;

    let mut config = Config::new(server.parse().map_err(KubeconfigError::ParseClusterUrl)?);
    if let Some(pem) = &shared.certificate_authority_data {
        let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
        let certificates =
            certificates.map_err(|error| format!("the certificate authority is not PEM text: {error}"))?;
        config.root_cert = Some(certificates.iter().map(|certificate| certificate.to_vec()).collect());
        // A file is read again about every minute; data take precedence over it.
        let file = cluster.certificate_authority.as_ref().filter(|_| cluster.certificate_authority_data.is_none());
        config.root_cert_file = file.map(PathBuf::from);
    }
    // As in kubectl, a user who does not exist is nobody.
    let user = kubeconfig.auth_infos.iter().find(|known| Some(&known.name) == context.user.as_ref());
    config.auth_info = user.and_then(|known| known.auth_info.clone()).unwrap_or_default();
    if let Some(exec) = &mut config.auth_info.exec
        && exec.provide_cluster_info
    {
        exec.cluster = Some(shared);
    }
    if let Some(namespace) = &context.namespace {
        config.default_namespace.clone_from(namespace);
    }
    config.accept_invalid_certs = cluster.insecure_skip_tls_verify.unwrap_or(false);
    config.disable_compression = cluster.disable_compression.unwrap_or(false);
    config.tls_server_name.clone_from(&cluster.tls_server_name);
    Ok((config, cluster.proxy_url.clone().filter(|url| !url.is_empty())))
}

#[cfg(test)]
#[path = "connection_tests.rs"]
mod tests;
