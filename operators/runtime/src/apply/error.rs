//! What the API server's answer to a request means. In: a [`kube::Error`] and what was asked. Out: a typed error that
//! says whose move it is and what to do.
//!
//! The server tells most cases apart by `reason`; some only by its causes or text (a namespace that is being deleted, an
//! exceeded quota, an admission policy). The texts matched here are those of Kubernetes 1.33 to 1.37.

use std::{fmt, time::Duration};

use kube::core::{Status, response::reason};

use crate::{
    errors::{Class, Explain, Severity},
    timeout::{TimedOut, show},
};

/// What a request was about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The RBAC verb.
    pub verb: &'static str,
    /// The API group, empty for the core group.
    pub group: String,
    /// The plural, with `/subresource` if there is one.
    pub resource: String,
    /// None for a cluster-scoped object.
    pub namespace: Option<String>,
    /// The object's name; empty for a list.
    pub name: String,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.resource)?;
        if !self.group.is_empty() {
            write!(f, ".{}", self.group)?;
        }
        match &self.namespace {
            Some(namespace) => write!(f, " {namespace}/{}", self.name),
            None => write!(f, " {}", self.name),
        }
    }
}

/// A field that another manager owns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldOwner {
    /// The field manager, for example `kubectl-client-side-apply` or `argocd-controller`.
    pub manager: String,
    /// The field's path, for example `.spec.replicas`.
    pub field: String,
}

/// Why a request was not carried out.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ApplyError {
    /// Nothing was sent.
    #[error("this instance is not the leader")]
    NotLeader,
    /// Fields belong to others.
    #[error("{target}: fields are owned by others: {}", list(.owners))]
    Conflict {
        /// The object.
        target: Target,
        /// Who owns what.
        owners: Vec<FieldOwner>,
    },
    /// The object has changed since it was read, or is another one of the same name.
    #[error("{target} has changed since it was read: {message}")]
    Stale {
        /// The object.
        target: Target,
        /// The server's words.
        message: String,
    },
    /// There is an object of this name.
    #[error("{target} exists already")]
    AlreadyExists {
        /// The object.
        target: Target,
    },
    /// RBAC does not allow it.
    #[error("not allowed to {verb} {resource}: {message}")]
    Forbidden {
        /// The verb that is missing.
        verb: String,
        /// The resource, as `plural.group`.
        resource: String,
        /// The server's words.
        message: String,
    },
    /// A policy or webhook said no.
    #[error("{target} was denied by admission: {message}")]
    Denied {
        /// The object.
        target: Target,
        /// The server's words, which name the policy or webhook.
        message: String,
    },
    /// A ResourceQuota is used up.
    #[error("{target} exceeds a quota: {message}")]
    QuotaExceeded {
        /// The object.
        target: Target,
        /// The server's words.
        message: String,
    },
    /// The object is gone.
    #[error("{target} does not exist")]
    NotFound {
        /// The object.
        target: Target,
    },
    /// The namespace is gone.
    #[error("namespace {namespace} does not exist")]
    NamespaceNotFound {
        /// Its name.
        namespace: String,
    },
    /// The namespace is being deleted: nothing new can be made in it.
    #[error("namespace {namespace} is being deleted")]
    NamespaceTerminating {
        /// Its name.
        namespace: String,
    },
    /// The server does not know the kind.
    #[error("the server does not serve {resource}")]
    KindNotServed {
        /// As `plural.group`.
        resource: String,
    },
    /// The object breaks its schema or rules.
    #[error("{target} is invalid: {message}")]
    Invalid {
        /// The object.
        target: Target,
        /// The server's words.
        message: String,
    },
    /// The object is larger than the server accepts.
    #[error("{target} is too large: {message}")]
    TooLarge {
        /// The object.
        target: Target,
        /// The server's words.
        message: String,
    },
    /// The credentials are not accepted.
    #[error("the server does not accept the credentials: {message}")]
    Unauthorized {
        /// The server's words.
        message: String,
    },
    /// Too many requests, also after the retries.
    #[error("the server is throttling requests{}", .retry_after.map(|d| format!(", try again in {}", show(d))).unwrap_or_default())]
    Throttled {
        /// When the server wants to be asked again.
        retry_after: Option<Duration>,
    },
    /// No answer, or a 5xx.
    #[error("the server cannot answer: {message}")]
    Unavailable {
        /// The server's words, or what is wrong with the connection.
        message: String,
    },
    /// The deadline passed; whether the write took effect is not known.
    #[error(transparent)]
    Timeout(#[from] TimedOut),
    /// The answer or the request is not what the types say. A fault of this program or a server of another version.
    #[error("cannot encode the request or decode the answer: {message}")]
    Encode {
        /// What is wrong.
        message: String,
    },
    /// Anything else.
    #[error("{target}: unexpected answer {code}: {message}")]
    Unexpected {
        /// The object.
        target: Target,
        /// The HTTP status.
        code: u16,
        /// The server's words.
        message: String,
    },
}

fn list(owners: &[FieldOwner]) -> String {
    let parts: Vec<String> = owners.iter().map(|o| format!("{} ({})", o.field, o.manager)).collect();
    parts.join(", ")
}

impl ApplyError {
    /// The field managers of a conflict, each once, in the server's order.
    pub fn managers(&self) -> Vec<&str> {
        let Self::Conflict { owners, .. } = self else { return Vec::new() };
        let mut managers: Vec<&str> = Vec::new();
        for owner in owners {
            if !managers.contains(&owner.manager.as_str()) {
                managers.push(&owner.manager);
            }
        }
        managers
    }

    /// Whether the object, its namespace or this instance's leadership has gone: the pass ends without an error.
    pub fn is_gone(&self) -> bool {
        matches!(
            self,
            Self::NotLeader
                | Self::NotFound { .. }
                | Self::NamespaceNotFound { .. }
                | Self::NamespaceTerminating { .. }
        )
    }
}

impl Explain for ApplyError {
    fn class(&self) -> Class {
        match self {
            Self::Conflict { .. }
            | Self::Forbidden { .. }
            | Self::Denied { .. }
            | Self::QuotaExceeded { .. }
            | Self::KindNotServed { .. }
            | Self::Invalid { .. }
            | Self::TooLarge { .. } => Class::User,
            Self::NotLeader
            | Self::Stale { .. }
            | Self::AlreadyExists { .. }
            | Self::NotFound { .. }
            | Self::NamespaceNotFound { .. }
            | Self::NamespaceTerminating { .. }
            | Self::Unauthorized { .. }
            | Self::Throttled { .. }
            | Self::Unavailable { .. }
            | Self::Timeout(_)
            | Self::Encode { .. }
            | Self::Unexpected { .. } => Class::System,
        }
    }

    fn severity(&self) -> Severity {
        match self {
            Self::Stale { .. } | Self::AlreadyExists { .. } => Severity::Info,
            _ if self.is_gone() => Severity::Info,
            Self::Unauthorized { .. } | Self::KindNotServed { .. } | Self::Encode { .. } => Severity::Error,
            _ => Severity::Warning,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::NotLeader => "NotLeader",
            Self::Conflict { .. } => "FieldConflict",
            Self::Stale { .. } => "Stale",
            Self::AlreadyExists { .. } => "AlreadyExists",
            Self::Forbidden { .. } => "Forbidden",
            Self::Denied { .. } => "AdmissionDenied",
            Self::QuotaExceeded { .. } => "QuotaExceeded",
            Self::NotFound { .. } => "NotFound",
            Self::NamespaceNotFound { .. } => "NamespaceNotFound",
            Self::NamespaceTerminating { .. } => "NamespaceTerminating",
            Self::KindNotServed { .. } => "KindNotServed",
            Self::Invalid { .. } => "Invalid",
            Self::TooLarge { .. } => "TooLarge",
            Self::Unauthorized { .. } => "Unauthorized",
            Self::Throttled { .. } => "Throttled",
            Self::Unavailable { .. } => "Unavailable",
            Self::Timeout(_) => "Timeout",
            Self::Encode { .. } => "Encode",
            Self::Unexpected { .. } => "Unexpected",
        }
    }

    fn what_to_do(&self) -> String {
        match self {
            Self::NotLeader => "Nothing: the instance that leads does the work.".to_owned(),
            Self::Conflict { .. } => format!(
                "Trimtab does not overwrite fields that {} set. Remove the fields there, or leave them to that owner.",
                self.managers().join(", ")
            ),
            Self::Stale { .. } | Self::AlreadyExists { .. } => {
                "Nothing: the next pass reads the object again.".to_owned()
            }
            Self::Forbidden { verb, resource, .. } => format!(
                "Grant the verb {verb} on {resource} to Trimtab's service account, for example by installing the chart's \
                 cluster role."
            ),
            Self::Denied { .. } => {
                "Read the policy or webhook that the message names, and change it or the object.".to_owned()
            }
            Self::QuotaExceeded { .. } => "Raise the ResourceQuota of the namespace or free what it counts.".to_owned(),
            Self::NotFound { .. } | Self::NamespaceNotFound { .. } | Self::NamespaceTerminating { .. } => {
                "Nothing: the object is going or gone.".to_owned()
            }
            Self::KindNotServed { resource } => {
                format!(
                    "Install the CustomResourceDefinition of {resource}: `trimtab crds | kubectl apply --server-side -f -`."
                )
            }
            Self::Invalid { .. } => "Correct the field that the message names.".to_owned(),
            Self::TooLarge { .. } => "Make the object smaller, for example by splitting it.".to_owned(),
            Self::Unauthorized { .. } => {
                "Check that the service account exists and its token is valid; it is tried again.".to_owned()
            }
            Self::Throttled { .. } | Self::Unavailable { .. } | Self::Timeout(_) => {
                "It is tried again. If it goes on, look at the API server's health, load and webhooks.".to_owned()
            }
            Self::Encode { .. } | Self::Unexpected { .. } => {
                "Compare the versions of the installed CustomResourceDefinitions and of Trimtab; else report a fault."
                    .to_owned()
            }
        }
    }
}

/// What an error of the client means for the request that was about `target`; for reads as well as writes.
pub fn classify(error: kube::Error, target: &Target) -> ApplyError {
    match error {
        kube::Error::Api(status) => from_status(*status, target),
        kube::Error::Service(inner) => match inner.downcast::<TimedOut>() {
            Ok(timeout) => ApplyError::Timeout(*timeout),
            Err(inner) => ApplyError::Unavailable { message: causes(inner.as_ref()) },
        },
        error @ (kube::Error::SerdeError(_)
        | kube::Error::BuildRequest(_)
        | kube::Error::HttpError(_)
        | kube::Error::FromUtf8(_)) => ApplyError::Encode { message: causes(&error) },
        kube::Error::Auth(error) => ApplyError::Unauthorized { message: causes(&error) },
        other => ApplyError::Unavailable { message: causes(&other) },
    }
}

fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(err) = cause {
        let part = err.to_string();
        if !text.contains(&part) {
            text = format!("{text}: {part}");
        }
        cause = err.source();
    }
    text
}

fn from_status(status: Status, target: &Target) -> ApplyError {
    let message = status.message.clone();
    let own = target.clone();
    let known = reason::is_known(&status.reason) && !status.reason.is_empty();
    // A proxy or an old server may answer without a reason; then the code has to do.
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
fn conflict(status: &Status, target: Target) -> ApplyError {
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

fn forbidden(status: &Status, target: Target) -> ApplyError {
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
        None if denied(&message) => ApplyError::Denied { target, message },
        None => {
            let resource =
                if target.group.is_empty() { target.resource } else { format!("{}.{}", target.resource, target.group) };
            ApplyError::Forbidden { verb: target.verb.to_owned(), resource, message }
        }
    }
}

fn not_found(status: &Status, target: Target) -> ApplyError {
    let details = status.details.as_ref();
    let about_namespace = details.is_some_and(|d| d.kind == "namespaces" && d.group.is_empty());
    match &target.namespace {
        Some(namespace) if about_namespace => ApplyError::NamespaceNotFound { namespace: namespace.clone() },
        // A path that no API serves is answered without the name of an object.
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
