//! What carrying out recommendations needs to know of the API server and of usage.
//!
//! In: a client, the feeds. Out: under which account this process runs, whether pods can be resized in place, and where
//! questions about usage go.

use anyhow::Context;
use k8s_openapi::api::authentication::v1::SelfSubjectReview;
use kube::{Api, Client, api::PostParams};
use trimtab_optimization_policy::feed::Feeds;
use trimtab_recommendation::gather::Usage;

/// The field manager of AppliedSizes objects, after `trimtab-`.
pub const SIZES: &str = "sizes";

/// The user name of this process, which the guard has to name, and whether the server has `pods/resize`.
pub async fn ask_server(client: &Client) -> anyhow::Result<(String, bool)> {
    let reviews: Api<SelfSubjectReview> = Api::all(client.clone());
    let answer = reviews
        .create(&PostParams::default(), &SelfSubjectReview::default())
        .await
        .context("the API server does not say under which account Trimtab runs")?;
    let account = answer.status.and_then(|s| s.user_info).and_then(|u| u.username).unwrap_or_default();
    let core = client.list_core_api_resources("v1").await.context("the API server does not list its core resources")?;
    let in_place = core.resources.iter().any(|r| r.name == "pods/resize");
    tracing::info!(account, in_place, "recommendations can be carried out");
    Ok((account, in_place))
}

/// Where questions about usage go: Prometheus, else what metrics-server has told.
pub fn usage(feeds: &Feeds) -> Option<Usage> {
    let feed = feeds.prometheus.as_ref().or(feeds.metrics_server.as_ref())?;
    Some(Usage { source: feed.source.clone(), store: feed.store.clone() })
}
