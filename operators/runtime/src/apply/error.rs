//! Why a request failed: one typed error for reads and writes, which says who has to act and what to do.

use std::{fmt, time::Duration};

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

/// Why a request failed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ApplyError {
    /// Nothing was sent.
    #[error("this instance is not the leader")]
    NotLeader,
    /// Fields belong to others.
    #[error("{target}: fields are owned by others: {}", list(.owners))]
    Conflict {
        /// The object.
        target: Box<Target>,
        /// Who owns what.
        owners: Vec<FieldOwner>,
    },
    /// The object has changed since it was read, or was replaced by another of the same name.
    #[error("{target} has changed since it was read: {message}")]
    Stale {
        /// The object.
        target: Box<Target>,
        /// The server's message.
        message: String,
    },
    /// An object of this name exists.
    #[error("{target} exists already")]
    AlreadyExists {
        /// The object.
        target: Box<Target>,
    },
    /// RBAC does not allow it.
    #[error("not allowed to {verb} {resource}: {message}")]
    Forbidden {
        /// The verb that is missing.
        verb: String,
        /// The resource, as `plural.group`.
        resource: String,
        /// The server's message.
        message: String,
    },
    /// An admission plugin, a policy or a webhook denied it.
    #[error("{target} was denied by admission: {message}")]
    Denied {
        /// The object.
        target: Box<Target>,
        /// The server's message, which names the policy or webhook.
        message: String,
    },
    /// A ResourceQuota is used up.
    #[error("{target} exceeds a quota: {message}")]
    QuotaExceeded {
        /// The object.
        target: Box<Target>,
        /// The server's message.
        message: String,
    },
    /// The object is gone.
    #[error("{target} does not exist")]
    NotFound {
        /// The object.
        target: Box<Target>,
    },
    /// The namespace is gone.
    #[error("namespace {namespace} does not exist")]
    NamespaceNotFound {
        /// Its name.
        namespace: String,
    },
    /// The namespace is being deleted: nothing new can be created in it.
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
    /// The object violates its schema or validation rules.
    #[error("{target} is invalid: {message}")]
    Invalid {
        /// The object.
        target: Box<Target>,
        /// The server's message.
        message: String,
    },
    /// The object is larger than the server accepts.
    #[error("{target} is too large: {message}")]
    TooLarge {
        /// The object.
        target: Box<Target>,
        /// The server's message.
        message: String,
    },
    /// The credentials are not accepted.
    #[error("the server does not accept the credentials: {message}")]
    Unauthorized {
        /// The server's message.
        message: String,
    },
    /// Too many requests, also after the retries.
    #[error("the server is throttling requests{}", .retry_after.map(|d| format!(", try again in {}", show(d))).unwrap_or_default())]
    Throttled {
        /// When the server wants to be asked again.
        retry_after: Option<Duration>,
    },
    /// No answer, or a 5xx.
    #[error("the server is unavailable: {message}")]
    Unavailable {
        /// The server's message, or what is wrong with the connection.
        message: String,
    },
    /// The deadline passed; whether the write took effect is not known.
    #[error(transparent)]
    Timeout(#[from] TimedOut),
    /// The answer or the request does not match its type. A bug in this program, or a server of another version.
    #[error("cannot encode the request or decode the response: {message}")]
    Encode {
        /// What is wrong.
        message: String,
    },
    /// Anything else.
    #[error("{target}: unexpected answer {code}: {message}")]
    Unexpected {
        /// The object.
        target: Box<Target>,
        /// The HTTP status.
        code: u16,
        /// The server's message.
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

    /// Whether the object, its namespace or this instance's leadership is gone: the pass ends without an error.
    pub fn is_gone(&self) -> bool {
        matches!(
            self,
            Self::NotLeader
                | Self::NotFound { .. }
                | Self::NamespaceNotFound { .. }
                | Self::NamespaceTerminating { .. }
        )
    }

    /// Whether the object was changed meanwhile: the next pass reads it again.
    pub fn is_outdated(&self) -> bool {
        matches!(self, Self::Stale { .. } | Self::AlreadyExists { .. })
    }

    /// Whether people or other tools refuse it: an admission policy or webhook, a quota, the owner of a field. Trimtab
    /// works; it is up to them, and the message names them.
    pub fn is_refused_by_others(&self) -> bool {
        matches!(self, Self::Denied { .. } | Self::QuotaExceeded { .. } | Self::Conflict { .. })
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
            _ if self.is_outdated() => Severity::Info,
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
                "Read the policy, webhook or shortage that the message names, and change it or the object.".to_owned()
            }
            Self::QuotaExceeded { .. } => "Raise the ResourceQuota of the namespace or free what it counts.".to_owned(),
            Self::NotFound { .. } | Self::NamespaceNotFound { .. } | Self::NamespaceTerminating { .. } => {
                "Nothing: the object is deleted or being deleted.".to_owned()
            }
            Self::KindNotServed { resource } => {
                format!(
                    "Install the CustomResourceDefinition of {resource}: `trimtab crds | kubectl apply --server-side -f -`."
                )
            }
            Self::Invalid { .. } => "Correct the field that the message names.".to_owned(),
            Self::TooLarge { .. } => "Make the object smaller, for example by splitting it.".to_owned(),
            Self::Unauthorized { .. } => {
                "Check that the service account exists and its token is valid; Trimtab retries.".to_owned()
            }
            Self::Throttled { .. } | Self::Unavailable { .. } | Self::Timeout(_) => {
                "Trimtab retries. If it continues, check the API server's health, load and webhooks.".to_owned()
            }
            Self::Encode { .. } | Self::Unexpected { .. } => {
                "Compare the versions of the installed CustomResourceDefinitions and of Trimtab; if they \
                 match, report a bug."
                    .to_owned()
            }
        }
    }
}
