//! What rollouts need to know of the API server.
//!
//! In: a client. Out: the approval guard, and what can be changed in running pods. The API server is queried in the
//! background, for as long as it takes: until it has answered, no approval is honoured.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::authentication::v1::SelfSubjectReview;
use kube::{Api, Client, api::PostParams};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use trimtab_guard::{Guard, GuardFault};
use trimtab_recommendation::pod_resize::{self, PodResize};
use trimtab_runtime::one_line;

/// Delay before a retry if the API server did not answer.
const RETRY: Duration = Duration::from_secs(2);

/// The guard, which has to name this process's account, and what the API server lets change in a running pod.
pub fn start(
    client: &Client,
    page_size: u32,
    now: fn() -> Timestamp,
    stop: &CancellationToken,
) -> (Guard, watch::Receiver<PodResize>) {
    let (sender, standing) = watch::channel(Err(GuardFault::NotRead));
    let (known, pod_resize) = watch::channel(PodResize::Absent);
    let (client, stop) = (client.clone(), stop.clone());
    tokio::spawn(async move {
        let account = loop {
            match ask_server(&client).await {
                Ok((account, pod_resize)) => {
                    let _ = known.send_replace(pod_resize);
                    break account;
                }
                Err(error) => {
                    let error = one_line::text(&error);
                    tracing::warn!(%error, "the API server does not say who Trimtab is; retrying");
                }
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(RETRY) => {}
            }
        };
        tokio::spawn(pod_resize::follow(client.clone(), known, stop.clone()));
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
    (Guard::following(standing), pod_resize)
}

/// The user name of this process, and what the API server lets change in a running pod.
async fn ask_server(client: &Client) -> Result<(String, PodResize), kube::Error> {
    let reviews: Api<SelfSubjectReview> = Api::all(client.clone());
    let answer = reviews.create(&PostParams::default(), &SelfSubjectReview::default()).await?;
    let account = answer.status.and_then(|s| s.user_info).and_then(|u| u.username).unwrap_or_default();
    let pod_resize = pod_resize::ask(client).await?;
    tracing::info!(account, ?pod_resize, "recommendations can be rolled out");
    Ok((account, pod_resize))
}
