//! Reads all profiles back, page by page.
//!
//! In: a client. Out: the collected results, or only a typed error. Raw histories are held for one page at a time.

use std::time::Duration;

use kube::{
    Api, Client,
    api::ListParams,
    core::{DeserializeGuard, ObjectMeta},
};
use trimtab_api::UsageProfile;
use trimtab_runtime::{
    ApplyError,
    apply::{Target, classify},
    with_timeout,
};

/// Timeout of one page, retries included.
const PAGE_TIMEOUT: Duration = Duration::from_secs(30);

/// A stored profile, or the metadata of one that is no longer readable as such, with the reason.
pub(crate) type Stored = Result<UsageProfile, (ObjectMeta, String)>;

/// Calls `take` with each profile of the cluster and collects the results.
///
/// # Errors
/// [`ApplyError`], also when the list expired between two pages: the caller starts over.
pub(crate) async fn profiles<T>(
    client: &Client,
    page_size: u32,
    mut take: impl FnMut(Stored) -> Option<T>,
) -> Result<Vec<T>, ApplyError> {
    let target = Target {
        verb: "list",
        group: trimtab_api::GROUP.to_owned(),
        resource: "usageprofiles".to_owned(),
        namespace: None,
        name: String::new(),
    };
    let api: Api<DeserializeGuard<UsageProfile>> = Api::all(client.clone());
    let mut params = ListParams::default().limit(page_size);
    let mut found = Vec::new();
    loop {
        let page = match with_timeout("list usageprofiles", PAGE_TIMEOUT, api.list(&params)).await {
            Ok(page) => page.map_err(|error| classify(error, &target))?,
            Err(timeout) => return Err(ApplyError::Timeout(timeout)),
        };
        for guarded in page.items {
            found.extend(take(guarded.0.map_err(|invalid| (invalid.metadata, invalid.error))));
        }
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => params = params.continue_token(&token),
            None => return Ok(found),
        }
    }
}
