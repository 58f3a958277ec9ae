//! Translates answers of the API server into responses for the rollout machine. Pure.

use trimtab_rollout::ask::Response;
use trimtab_runtime::{ApplyError, Explain};

/// Translates an error of the API server into a response for the rollout machine.
pub fn answer(error: ApplyError, eviction: bool) -> Response {
    let message = error.to_string();
    match error {
        ApplyError::Throttled { .. } if eviction => Response::NoBudget { message },
        ApplyError::Stale { .. }
        | ApplyError::NotFound { .. }
        | ApplyError::NamespaceNotFound { .. }
        | ApplyError::NamespaceTerminating { .. }
        | ApplyError::AlreadyExists { .. } => Response::Stale,
        ApplyError::Conflict { .. }
        | ApplyError::Forbidden { .. }
        | ApplyError::Denied { .. }
        | ApplyError::QuotaExceeded { .. }
        | ApplyError::KindNotServed { .. }
        | ApplyError::Invalid { .. }
        | ApplyError::TooLarge { .. } => Response::Refused { reason: error.reason().to_owned(), message },
        ApplyError::NotLeader
        | ApplyError::Unauthorized { .. }
        | ApplyError::Throttled { .. }
        | ApplyError::Unavailable { .. }
        | ApplyError::Timeout(_)
        | ApplyError::Encode { .. }
        | ApplyError::Unexpected { .. } => Response::Unknown { message },
    }
}
