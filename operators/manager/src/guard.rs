//! What rollouts need to know of the API server.
//!
//! In: a client. Out: the approval guard, and whether pods can be resized in place. The API server is queried in the
//! background, for as long as it takes: until it has answered, no approval is honoured.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;
use k8s_openapi::api::authentication::v1::SelfSubjectReview;
use kube::{Api, Client, api::PostParams};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use trimtab_guard::{Guard, GuardFault};

/// Delay before a retry if the API server did not answer.
const RETRY: Duration = Duration::from_secs(2);

/// The guard, which has to name this process's account, and whether the API server serves `pods/resize`.
pub fn start(
    client: &Client,
    page_size: u32,
    now: fn() -> Timestamp,
    stop: &CancellationToken,
) -> (Guard, Arc<AtomicBool>) {
    let (sender, standing) = watch::channel(Err(GuardFault::NotRead));
    let in_place = Arc::new(AtomicBool::new(false));
    let (client, stop, resizes) = (client.clone(), stop.clone(), in_place.clone());
    tokio::spawn(async move {
        let account = loop {
            match ask_server(&client).await {
                Ok((account, in_place)) => {
                    resizes.store(in_place, Ordering::Relaxed);
                    break account;
                }
                Err(error) => tracing::warn!(%error, "the API server does not say who Trimtab is; retrying"),
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(RETRY) => {}
            }
        };
        let guard = Guard::start(client, page_size, &account, now, stop.clone());
        let mut changes = guard.changes();
        loop {
            let _ = sender.send_replace(changes.borrow_and_update().clone());
            tokio::select! {
                () = stop.cancelled() => return,
                changed = changes.changed() => if changed.is_err() { return },
            }
        }
    });
    (Guard::following(standing), in_place)
}

/// The user name of this process, and whether the API server serves `pods/resize`.
async fn ask_server(client: &Client) -> Result<(String, bool), kube::Error> {
    let reviews: Api<SelfSubjectReview> = Api::all(client.clone());
    let answer = reviews.create(&PostParams::default(), &SelfSubjectReview::default()).await?;
    let account = answer.status.and_then(|s| s.user_info).and_then(|u| u.username).unwrap_or_default();
    let core = client.list_core_api_resources("v1").await?;
    let in_place = core.resources.iter().any(|r| r.name == "pods/resize");
    tracing::info!(account, in_place, "recommendations can be rolled out");
    Ok((account, in_place))
}
