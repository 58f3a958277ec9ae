//! What the API server's response to a request means. In: a [`kube::Error`] and the target. Out: an [`ApplyError`].
//!
//! The server tells most cases apart by `reason`; some only by its causes or text (a namespace that is being deleted,
//! an exceeded quota, an admission policy). The texts matched here are those of Kubernetes 1.33 to 1.37.

use std::time::Duration;

use kube::core::{Status, response::reason};

use super::{ApplyError, FieldOwner, Target};
use crate::{one_line, timeout::TimedOut};

/// What a client error means for a request about `target`; for reads as well as writes.
pub fn classify(error: kube::Error, target: &Target) -> ApplyError {
    match error {
        kube::Error::Api(status) => from_status(*status, target),
        kube::Error::Service(inner) => match inner.downcast::<TimedOut>() {
            Ok(timeout) => ApplyError::Timeout(*timeout),
            Err(inner) => ApplyError::Unavailable { message: one_line::text(inner.as_ref()) },
        },
        error @ (kube::Error::SerdeError(_)
        | kube::Error::BuildRequest(_)
        | kube::Error::HttpError(_)
        | kube::Error::FromUtf8(_)) => ApplyError::Encode { message: one_line::text(&error) },
        kube::Error::Auth(error) => ApplyError::Unauthorized { message: one_line::text(&error) },
        other => ApplyError::Unavailable { message: one_line::text(&other) },
    }
}

fn from_status(status: Status, target: &Target) -> ApplyError {
    let message = status.message.clone();
    let own = Box::new(target.clone());
    let known = reason::is_known(&status.reason) && !status.reason.is_empty();
    // A proxy or an old server may answer without a reason; then the code decides.
    let is = |why: &str, code: u16| status.reason == why || (!known && status.code == code);
    if is(reason::ALREADY_EXISTS, 0) {
        ApplyError::AlreadyExists { target: own }
    } else if is(reason::CONFLICT, 409) {
        conflict(&status, own)
    } else if is(reason::FORBIDDEN, 403) {
        forbidden(&status, own)
    } else if is(reason::NOT_FOUND, 404) {
        not_found(&status, own)
    } else if status.code == 413 {
        ApplyError::TooLarge { target: own, message }
    } else if is(reason::INVALID, 422) || is(reason::BAD_REQUEST, 400) {
        // A policy refuses with Invalid unless it states another reason, a webhook with whatever it likes.
        if denied(&message) {
            ApplyError::Denied { target: own, message }
        } else {
            ApplyError::Invalid { target: own, message }
        }
    } else if is(reason::UNAUTHORIZED, 401) {
        ApplyError::Unauthorized { message }
    } else if is(reason::TOO_MANY_REQUESTS, 429) {
        let seconds = status.details.as_ref().map_or(0, |d| d.retry_after_seconds);
        let retry_after = (seconds > 0).then(|| Duration::from_secs(u64::from(seconds)));
        ApplyError::Throttled { retry_after }
    } else if status.code >= 500 || is(reason::GONE, 410) || is(reason::EXPIRED, 410) {
        ApplyError::Unavailable {
            message: if message.is_empty() { format!("status {}", status.code) } else { message },
        }
    } else {
        ApplyError::Unexpected { target: own, code: status.code, message }
    }
}

/// A conflict of field managers lists its causes; any other 409 is about a precondition.
fn conflict(status: &Status, target: Box<Target>) -> ApplyError {
    let causes = status.details.as_ref().map(|d| d.causes.as_slice()).unwrap_or_default();
    let owners: Vec<FieldOwner> = causes
        .iter()
        .filter(|cause| cause.reason == "FieldManagerConflict")
        .map(|cause| {
            // conflict with "kubectl" using apps/v1
            let manager = cause.message.split('"').nth(1).unwrap_or("unknown").to_owned();
            FieldOwner { manager, field: cause.field.clone() }
        })
        .collect();
    if owners.is_empty() {
        ApplyError::Stale { target, message: status.message.clone() }
    } else {
        ApplyError::Conflict { target, owners }
    }
}

fn forbidden(status: &Status, target: Box<Target>) -> ApplyError {
    let message = status.message.clone();
    let terminating = status.details.iter().flat_map(|d| &d.causes).any(|c| c.reason == "NamespaceTerminating");
    if let (true, Some(namespace)) = (terminating, &target.namespace) {
        return ApplyError::NamespaceTerminating { namespace: namespace.clone() };
    }
    if message.contains("exceeded quota") {
        return ApplyError::QuotaExceeded { target, message };
    }
    // … User "…" cannot patch resource "deployments" in API group "apps" …
    let rbac = message.split_once("cannot ").and_then(|(_, rest)| rest.split_once(" resource \""));
    match rbac {
        Some((verb, rest)) => {
            let mut quoted = rest.split('"');
            let plural = quoted.next().unwrap_or(&target.resource).to_owned();
            let group = quoted.nth(1).filter(|_| rest.contains("in API group")).unwrap_or_default();
            let resource = if group.is_empty() { plural } else { format!("{plural}.{group}") };
            ApplyError::Forbidden { verb: verb.to_owned(), resource, message: message.clone() }
        }
        // Every refusal of the authorizer says what the user cannot do. Admission plugins answer 403 too, and no
        // permission helps there: `pods "web-1" is forbidden: node didn't have enough allocatable resources …`.
        None if denied(&message) || message.contains(" is forbidden: ") && !message.contains("User \"") => {
            ApplyError::Denied { target, message }
        }
        None => {
            let resource =
                if target.group.is_empty() { target.resource } else { format!("{}.{}", target.resource, target.group) };
            ApplyError::Forbidden { verb: target.verb.to_owned(), resource, message }
        }
    }
}

fn not_found(status: &Status, target: Box<Target>) -> ApplyError {
    let details = status.details.as_ref();
    let about_namespace = details.is_some_and(|d| d.kind == "namespaces" && d.group.is_empty());
    match &target.namespace {
        Some(namespace) if about_namespace => ApplyError::NamespaceNotFound { namespace: namespace.clone() },
        // The answer for a path that no API serves has no object name.
        _ if details.is_none_or(|d| d.name.is_empty()) => {
            let plural = target.resource.split('/').next().unwrap_or_default();
            let dot = if target.group.is_empty() { "" } else { "." };
            ApplyError::KindNotServed { resource: format!("{plural}{dot}{}", target.group) }
        }
        _ => ApplyError::NotFound { target },
    }
}

fn denied(message: &str) -> bool {
    message.contains("denied the request") || message.contains("denied request")
}
