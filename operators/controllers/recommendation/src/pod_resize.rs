//! What the API server lets change in a running pod. In: its discovery and version. Out: one word, which follows an
//! upgrade of the server.

use std::time::Duration;

use k8s_openapi::apimachinery::pkg::version::Info;
use kube::{Client, Error};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub use trimtab_gates::PodResize;

/// How often a server that lacks something is asked for its version.
const UPGRADE: Duration = Duration::from_secs(300);

/// What the API server lets change.
///
/// # Errors
/// It does not answer.
pub async fn ask(client: &Client) -> Result<PodResize, Error> {
    let core = client.list_core_api_resources("v1").await?;
    let served = core.resources.iter().any(|r| r.name == "pods/resize");
    Ok(PodResize::of(served, &version(client).await?))
}

/// Follows an upgrade of the API server, so that what waits for it starts without a restart of Trimtab. Ends once the
/// server lacks nothing that an upgrade would bring.
pub async fn follow(client: Client, known: watch::Sender<PodResize>, stop: CancellationToken) {
    while *known.borrow() == PodResize::KeepsMemoryLimits {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(UPGRADE) => {}
        }
        // Nobody has to know that it did not answer: it is asked again.
        if let Ok(version) = version(&client).await {
            let _ = known.send_replace(PodResize::of(true, &version));
        }
    }
}

/// The version of the API server; an empty one where it keeps that to itself.
async fn version(client: &Client) -> Result<Info, Error> {
    match client.apiserver_version().await {
        Err(Error::Api(status)) if matches!(status.code, 401 | 403 | 404) => Ok(Info::default()),
        Err(Error::SerdeError(_)) => Ok(Info::default()),
        answer => answer,
    }
}
