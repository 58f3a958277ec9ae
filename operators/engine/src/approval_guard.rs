//! The gate that is closed while the honoured approval cannot be determined. It is not part of a chain: the guard
//! decides it, before any other gate is evaluated. In: nothing. Out: its name and its reasons.

use trimtab_api::conditions::recommendation as reasons;

use crate::gate::Reason;

/// The name of the gate.
pub const NAME: &str = "ApprovalGuard";

/// Its reasons, as reported by the guard.
pub const REASONS: &[Reason] = &[
    Reason {
        word: reasons::APPROVAL_GUARD_MISSING,
        when: "the admission policy that guards approvals is missing, altered or not read yet",
        opens: "applying `policies/` of this release",
    },
    Reason {
        word: reasons::APPROVAL_GUARD_OUTDATED,
        when: "the admission policy that guards approvals is that of an earlier release",
        opens: "applying `policies/` of this release; what was approved stays approved",
    },
    Reason {
        word: reasons::APPROVAL_NOT_PROVEN,
        when: "the approval may not have been given under that policy",
        opens: "withdrawing the approval and giving it again",
    },
];
