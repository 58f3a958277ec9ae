//! The manifests that guard approvals, as this release ships them.
//!
//! In: nothing. Out: a table of them, and the objects that they consist of. Each holds a policy and its binding of the same
//! name, and all of them have to be in force. A further one is two kinds of object and a line of the table.

use std::fmt;

/// The name of the policy that says who may approve, and of its binding.
pub const NAME: &str = "trimtab-approval";

/// The objects that the guard consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The rules.
    Policy,
    /// What puts the rules in force.
    Binding,
}

impl Kind {
    /// The name of the object.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Policy | Self::Binding => NAME,
        }
    }

    /// The file that it is applied from.
    #[must_use]
    pub fn file(self) -> &'static str {
        match self {
            Self::Policy | Self::Binding => "policies/approval.yaml",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Policy => "ValidatingAdmissionPolicy",
            Self::Binding => "ValidatingAdmissionPolicyBinding",
        })
    }
}

/// A manifest: a policy with its binding.
#[derive(Clone, Copy, Debug)]
pub struct Manifest {
    /// Its policy.
    pub policy: Kind,
    /// Its binding.
    pub binding: Kind,
    /// Its text.
    pub(crate) text: &'static str,
}

impl Manifest {
    /// The name of its objects.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.policy.name()
    }
}

/// Who may approve, and what only Trimtab writes.
pub(crate) const APPROVAL: Manifest =
    Manifest { policy: Kind::Policy, binding: Kind::Binding, text: include_str!("../../../policies/approval.yaml") };

/// All of them. The first one names the account of the installation, and tells which release it is of.
pub const MANIFESTS: &[Manifest] = &[APPROVAL];
