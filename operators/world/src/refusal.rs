//! What the error of a watch says.
//!
//! In: the error. Out: whether the API server refuses for good, and why, or whether its answer could not be read.

use kube::runtime::watcher;

use crate::{kind::Kind, wire::Address};

fn cause(error: &watcher::Error) -> Option<&kube::Error> {
    match error {
        watcher::Error::InitialListFailed(e) | watcher::Error::WatchStartFailed(e) | watcher::Error::WatchFailed(e) => {
            Some(e)
        }
        watcher::Error::WatchError(_) | watcher::Error::NoResourceVersion => None,
    }
}

/// Whether an object in the answer cannot be read.
pub(crate) fn is_unreadable(error: &watcher::Error) -> bool {
    matches!(cause(error), Some(kube::Error::SerdeError(_)))
}

/// Why the API server refuses, if it does so for good: no right (403) or no such kind (404).
pub(crate) fn refusal(error: &watcher::Error, address: &Address) -> Option<String> {
    let verb = if matches!(error, watcher::Error::InitialListFailed(_)) { "list" } else { "watch" };
    let code = match (cause(error), error) {
        (Some(kube::Error::Api(status)), _) => status.code,
        (_, watcher::Error::WatchError(status)) => status.code,
        _ => return None,
    };
    let (group, plural) = (address.kind.group(), &address.plural);
    match code {
        // A right to a custom resource is for people to give, who need to know its group for that.
        403 if matches!(address.kind, Kind::Custom(_)) => Some(format!("Forbidden: verb {verb} on {plural}.{group}")),
        403 => Some(format!("Forbidden: verb {verb} on {plural}")),
        404 => Some(format!("NotFound: {} {plural}", if group.is_empty() { "core" } else { group })),
        _ => None,
    }
}
