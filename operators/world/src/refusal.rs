//! Classifying errors of a watch.
//!
//! In: the error. Out: whether the API server refuses for good, and why, or whether its answer could not be parsed.

use kube::runtime::watcher;

use crate::wire::Address;

/// Why the API server refuses a kind for good. As text: its first word, a colon, and what it is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Refusal {
    /// Permission is missing (403).
    #[error("Forbidden: verb {verb} on {on}")]
    Forbidden {
        /// The verb that is not allowed: `list`, `watch`, or `get` for discovery.
        verb: &'static str,
        /// The resource, of an extension with its group, which is needed to grant the permission. Or a path.
        on: String,
    },
    /// The server does not serve it (404). Names what is missing.
    #[error("NotFound: {0}")]
    NotFound(String),
    /// A custom resource without a usable scale subresource. Names what it lacks.
    #[error("NotScalable: {0}")]
    NotScalable(String),
}

fn cause(error: &watcher::Error) -> Option<&kube::Error> {
    match error {
        watcher::Error::InitialListFailed(e) | watcher::Error::WatchStartFailed(e) | watcher::Error::WatchFailed(e) => {
            Some(e)
        }
        watcher::Error::WatchError(_) | watcher::Error::NoResourceVersion => None,
    }
}

/// An error of the client as people read it: of an answer of the API server, the error dumps all, and its message is enough.
pub(crate) fn said(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) if !status.message.is_empty() => status.message.clone(),
        other => other.to_string(),
    }
}

/// An error of a watch as people read it. It repeats that of the client.
pub(crate) fn watch_said(error: &watcher::Error) -> String {
    let text = error.to_string();
    cause(error).map_or_else(|| text.clone(), |inner| text.replace(&inner.to_string(), &said(inner)))
}

/// Whether an object in the answer cannot be parsed.
pub(crate) fn is_unreadable(error: &watcher::Error) -> bool {
    matches!(cause(error), Some(kube::Error::SerdeError(_)))
}

/// Why the API server refuses, if it does so for good: no permission (403) or no such kind (404).
pub(crate) fn refusal(error: &watcher::Error, address: &Address) -> Option<Refusal> {
    let verb = if matches!(error, watcher::Error::InitialListFailed(_)) { "list" } else { "watch" };
    let code = match (cause(error), error) {
        (Some(kube::Error::Api(status)), _) => status.code,
        (_, watcher::Error::WatchError(status)) => status.code,
        _ => return None,
    };
    let (group, plural) = (address.kind.group(), &address.plural);
    let is_extension = address.kind.custom().is_some() || address.kind.is_optional();
    match code {
        403 if is_extension => Some(Refusal::Forbidden { verb, on: format!("{plural}.{group}") }),
        403 => Some(Refusal::Forbidden { verb, on: plural.to_string() }),
        404 => Some(Refusal::NotFound(format!("{} {plural}", if group.is_empty() { "core" } else { group }))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use kube::core::Status;
    use trimtab_core::WorkloadKind;

    use super::*;
    use crate::kinds::Kind;

    /// An answer of the API server with this code.
    fn answer(code: u16) -> Box<Status> {
        Box::new(Status { code, ..Status::default() })
    }

    fn listing(code: u16) -> watcher::Error {
        watcher::Error::InitialListFailed(kube::Error::Api(answer(code)))
    }

    #[test]
    fn an_answer_of_the_api_server_is_not_dumped() {
        let status = Status::failure("etcdserver: request timed out", "Timeout").with_code(500);
        let error = kube::Error::Api(Box::new(status));
        assert_eq!(said(&error), "etcdserver: request timed out");
        let listing = watcher::Error::InitialListFailed(error);
        assert_eq!(watch_said(&listing), "failed to perform initial object list: etcdserver: request timed out");
        let none = watcher::Error::NoResourceVersion;
        assert_eq!(watch_said(&none), none.to_string());
    }

    #[test]
    fn a_missing_right_and_a_missing_kind_are_told_apart() {
        let WorkloadKind::Custom(herd) = WorkloadKind::named("Herd.v1.example.com").unwrap() else { unreachable!() };
        let forbidden = |verb, on: &str| Some(Refusal::Forbidden { verb, on: on.to_owned() });
        let not_found = |what: &str| Some(Refusal::NotFound(what.to_owned()));
        let starting = |code| watcher::Error::WatchStartFailed(kube::Error::Api(answer(code)));
        let running = |code| watcher::Error::WatchError(answer(code));
        for (kind, error, expected) in [
            (Kind::Pod, listing(403), forbidden("list", "pods")),
            (Kind::Pod, starting(403), forbidden("watch", "pods")),
            (Kind::Pod, running(403), forbidden("watch", "pods")),
            (Kind::Custom(herd), listing(403), forbidden("list", "herden.example.com")),
            (Kind::Rollout, listing(403), forbidden("list", "rollouts.argoproj.io")),
            (Kind::Pod, listing(404), not_found("core pods")),
            (Kind::Rollout, running(404), not_found("argoproj.io rollouts")),
            (Kind::Custom(herd), starting(404), not_found("example.com herden")),
            (Kind::Pod, listing(500), None),
            (Kind::Pod, running(410), None),
            (Kind::Pod, watcher::Error::NoResourceVersion, None),
        ] {
            let plural = if kind.custom().is_some() { "herden" } else { kind.plural() };
            let found = refusal(&error, &Address { kind, plural: plural.into() });
            assert_eq!(found, expected, "{kind}: {error}");
        }
    }

    #[test]
    fn a_refusal_is_said_in_one_line() {
        for (refusal, text) in [
            (Refusal::Forbidden { verb: "list", on: "pods".to_owned() }, "Forbidden: verb list on pods"),
            (Refusal::NotFound("core pods".to_owned()), "NotFound: core pods"),
            (Refusal::NotScalable("Herd is in no namespace".to_owned()), "NotScalable: Herd is in no namespace"),
        ] {
            assert_eq!(refusal.to_string(), text);
        }
    }
}
