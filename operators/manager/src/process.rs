//! The process and its connection: what exists before anything is watched. In: the command line. Out: one value that
//! everything started receives.

use std::sync::Arc;

use jiff::Timestamp;
use kube::Client;
use tokio_util::sync::CancellationToken;
use trimtab_runtime::{
    Metrics,
    client::{self, ClientOptions, Connection},
    lease,
    proxy::Variables,
};

use crate::cli::ControllerArgs;

/// The process and its connection.
pub struct Process {
    /// The arguments.
    pub args: ControllerArgs,
    /// The connection to the API server.
    pub client: Client,
    /// The address of the API server.
    pub server: String,
    /// Trimtab's own namespace.
    pub namespace: String,
    /// The name of this process, in the Lease and in events.
    pub identity: String,
    /// All metrics.
    pub metrics: Arc<Metrics>,
    /// The clock. Code that decides gets the time as an argument and reads no clock.
    pub now: fn() -> Timestamp,
    /// Cancelled at shutdown.
    pub stop: CancellationToken,
}

impl Process {
    /// Connects.
    pub fn connect(args: ControllerArgs, stop: CancellationToken) -> anyhow::Result<Self> {
        let metrics = Metrics::new(env!("CARGO_PKG_VERSION"), option_env!("TRIMTAB_COMMIT"));
        let options = ClientOptions {
            kubeconfig: args.kubeconfig.clone(),
            context: args.context.clone(),
            proxies: Variables::of_process(),
            ..ClientOptions::default()
        };
        let Connection { client, server, namespace } = client::connect(&options, metrics.clone())?;
        let namespace = args.namespace.clone().unwrap_or(namespace);
        tracing::info!(version = env!("CARGO_PKG_VERSION"), server, namespace, "starting");
        let identity = lease::identity();
        Ok(Self { args, client, server, namespace, identity, metrics, now: Timestamp::now, stop })
    }
}
