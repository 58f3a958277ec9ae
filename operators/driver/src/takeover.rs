//! Reads all objects of a kind from the API server when this instance begins to lead. In: a client. Out: the objects, a
//! page at a time.
//!
//! The previous leader may have begun a change just before it ended, and the watch of this instance may not show it yet.
//! Then another one could begin at the same target.

use std::time::Duration;

use kube::{
    Api, Client, Resource,
    api::ListParams,
    core::{ApiResource, DynamicObject},
};
use trimtab_runtime::one_line;

/// Page size.
const PAGE: u32 = 500;

/// Delay before a retry if the API server gives no answer.
const RETRY: Duration = Duration::from_secs(1);

/// Reads all objects of the kind `R` once, however long it takes, and hands each page to `note`. They are read as plain
/// data: one that does not decode must not block all others. After a failure it begins anew, so `note` may get an object
/// more than once.
pub async fn read<R: Resource<DynamicType = ()>>(client: &Client, mut note: impl FnMut(&[DynamicObject])) {
    let resource = ApiResource::erase::<R>(&());
    while let Err(error) = pages(client, &resource, &mut note).await {
        let error = one_line::text(&error);
        tracing::warn!(%error, "{} cannot be read; nothing starts until they can", resource.plural);
        tokio::time::sleep(RETRY).await;
    }
}

async fn pages(
    client: &Client,
    resource: &ApiResource,
    note: &mut impl FnMut(&[DynamicObject]),
) -> Result<(), kube::Error> {
    let api: Api<DynamicObject> = Api::all_with(client.clone(), resource);
    let mut params = ListParams::default().limit(PAGE);
    loop {
        let page = api.list(&params).await?;
        note(&page.items);
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => params.continue_token = Some(token),
            None => return Ok(()),
        }
    }
}
