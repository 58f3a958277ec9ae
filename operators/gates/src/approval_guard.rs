//! The gate that is closed while nobody can tell which approval counts. It is no part of a chain: the guard decides it, and it is known
//! before anything else is asked. In: nothing. Out: its name and its reasons.

use trimtab_rollout::gate::Reason;

/// The name of the gate.
pub const NAME: &str = "ApprovalGuard";

/// Its reasons, as the guard gives them.
pub const REASONS: &[Reason] = &[
    Reason {
        word: "ApprovalGuardMissing",
        when: "the admission policy that guards approvals is missing, altered or not read yet",
        opens: "applying `policies/` of this release",
    },
    Reason {
        word: "ApprovalNotProven",
        when: "the approval may not have been given under that policy",
        opens: "withdrawing the approval and giving it again",
    },
];
