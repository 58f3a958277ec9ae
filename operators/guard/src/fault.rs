//! Why no approval is honoured, or not this one: what is wrong with which object, and what to do.

use jiff::Timestamp;
use thiserror::Error;
use trimtab_api::conditions::recommendation as reasons;
use trimtab_runtime::{Class, Explain, Severity};

use crate::manifests::{Kind, NAME};

/// The running release.
const RELEASE: &str = env!("CARGO_PKG_VERSION");

/// Why approvals are not honoured.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum GuardFault {
    /// Nothing is known yet.
    #[error("{NAME} has not been read yet")]
    NotRead,
    /// It cannot be watched.
    #[error("{0} {name} cannot be watched, so it is not known whether it is in force: {1}", name = .0.name())]
    Unwatchable(Kind, String),
    /// It does not exist.
    #[error("{0} {name} is missing: anybody who may change a recommendation could approve it", name = .0.name())]
    Missing(Kind),
    /// It is being deleted.
    #[error("{0} {name} is being deleted", name = .0.name())]
    Deleting(Kind),
    /// It differs from what this release ships.
    #[error("{kind} {name} is not that of this release: {at} {how}", name = .kind.name())]
    Altered {
        /// Which object.
        kind: Kind,
        /// Where it differs first, such as `spec.validations[3].expression`.
        at: String,
        /// How it differs.
        how: &'static str,
    },
    /// It is the guard of an earlier release, as that shipped it.
    #[error("ValidatingAdmissionPolicy {NAME} is the guard of release {release}, and this is release {RELEASE}")]
    Outdated {
        /// The version of that release.
        release: &'static str,
        /// Since when, at the latest, that guard or one of another release is in force without a gap; `None` if that is
        /// not known.
        since: Option<Timestamp>,
    },
    /// The API server warns about its rules.
    #[error("the API server warns about {0} {name}: {1}", name = .0.name())]
    Warned(Kind, String),
    /// It cannot be decoded.
    #[error("{0} {name} cannot be read: {1}", name = .0.name())]
    Undecodable(Kind, String),
    /// A manifest in this build cannot be used.
    #[error("{file} of this build cannot be used: {why}")]
    Build {
        /// Its file.
        file: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// The guard is in force, but this approval may be older than it.
    #[error("the approval of {kind} {name} may not have been given under the guard: {why}")]
    Unproven {
        /// The kind of the object.
        kind: &'static str,
        /// Its namespace and name.
        name: String,
        /// What is not known.
        why: String,
    },
}

impl Explain for GuardFault {
    fn class(&self) -> Class {
        match self {
            Self::NotRead | Self::Build { .. } => Class::System,
            _ => Class::User,
        }
    }

    fn severity(&self) -> Severity {
        match self {
            Self::NotRead => Severity::Info,
            Self::Outdated { .. } | Self::Unproven { .. } => Severity::Warning,
            _ => Severity::Error,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Outdated { .. } => reasons::APPROVAL_GUARD_OUTDATED,
            Self::Unproven { .. } => reasons::APPROVAL_NOT_PROVEN,
            _ => reasons::APPROVAL_GUARD_MISSING,
        }
    }

    fn what_to_do(&self) -> String {
        match self {
            Self::NotRead => "Wait: it is read when the controller starts.".to_owned(),
            Self::Unwatchable(..) => {
                "Let the controller list and watch validatingadmissionpolicies and validatingadmissionpolicybindings of \
                 admissionregistration.k8s.io (deploy/rbac.yaml); it continues by itself."
                    .to_owned()
            }
            Self::Altered { kind, .. } => format!(
                "Run `kubectl replace --force -f {}` with the file of this release: apply would keep what was added to lists, and \
                 only of a policy that is created again is it known since when it is in force. Where Trimtab runs under another \
                 account, name it in the policy's variable `trimtab`, and nowhere else.",
                kind.file()
            ),
            Self::Outdated { .. } => {
                "Run `kubectl apply --server-side --force-conflicts -f policies/` with the files of this release. Until then \
                 rollouts wait where they are, and then they continue: what was approved stays approved."
                    .to_owned()
            }
            Self::Missing(_) | Self::Deleting(_) => {
                "Run `kubectl apply --server-side --force-conflicts -f policies/` with the files of this release. Where \
                 Trimtab runs under another account, name it in the policy's variable `trimtab`, and nowhere else."
                    .to_owned()
            }
            Self::Warned(..) => {
                "Apply crds/ and then policies/ of this release with `kubectl apply --server-side -f`: they belong together."
                    .to_owned()
            }
            Self::Undecodable(..) => "Delete it and run `kubectl apply --server-side -f policies/`.".to_owned(),
            Self::Build { .. } => "Use a released build.".to_owned(),
            Self::Unproven { kind, .. } => format!(
                "Withdraw the approval and give it again while Trimtab is running, or delete the {}.",
                kind.to_ascii_lowercase()
            ),
        }
    }
}
