//! Translates answers of the API server into responses for the machine, and says which of them fail a pass (see
//! [`crate::ran`]). Pure.

use trimtab_engine::protocol::{Cause, Response};
use trimtab_runtime::{ApplyError, Explain};

/// Translates an error of the API server into a response for the machine. What a refusal is about is read in its type: a
/// permission, or something else. A controller knows which of its requests are refused in another way.
pub fn response(error: ApplyError) -> Response {
    let message = error.to_string();
    match error {
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
        | ApplyError::TooLarge { .. } => {
            let cause = if matches!(error, ApplyError::Forbidden { .. }) { Cause::Permission } else { Cause::Other };
            Response::Refused { cause, reason: error.reason().to_owned(), message }
        }
        ApplyError::NotLeader
        | ApplyError::Unauthorized { .. }
        | ApplyError::Throttled { .. }
        | ApplyError::Unavailable { .. }
        | ApplyError::Timeout(_)
        | ApplyError::Encode { .. }
        | ApplyError::Unexpected { .. } => Response::Unknown { message },
    }
}

/// Whether the answer to a request fails the pass.
pub fn request_failed(answer: &Response) -> bool {
    match answer {
        Response::Unknown { .. } => true,
        Response::Refused { cause, .. } => *cause == Cause::Permission,
        Response::Done | Response::Stale | Response::NoBudget { .. } | Response::Halted { .. } => false,
    }
}

/// Whether the answer to the write of a run fails the pass: the reason of a refusal cannot be read in the status.
pub fn status_failed(answer: &Response) -> bool {
    matches!(answer, Response::Unknown { .. } | Response::Refused { .. })
}

#[cfg(test)]
mod tests {
    use trimtab_runtime::apply::Target;

    use super::*;

    /// An error; whether it fails the pass as the answer to a request, and to the write of a run.
    type Case = (ApplyError, bool, bool);

    #[test]
    fn a_pass_fails_where_trimtab_could_not_work_and_nowhere_else() {
        let text = || "why".to_owned();
        let target = || {
            Box::new(Target {
                verb: "patch",
                group: "trimtab.dev".to_owned(),
                resource: "recommendations/status".to_owned(),
                namespace: Some("shop".to_owned()),
                name: "deploy-web".to_owned(),
            })
        };
        let cases: Vec<Case> = vec![
            (ApplyError::Forbidden { verb: text(), resource: text(), message: text() }, true, true),
            (ApplyError::Unauthorized { message: text() }, true, true),
            (ApplyError::Unavailable { message: text() }, true, true),
            (ApplyError::Throttled { retry_after: None }, true, true),
            (ApplyError::Denied { target: target(), message: text() }, false, true),
            (ApplyError::QuotaExceeded { target: target(), message: text() }, false, true),
            (ApplyError::Invalid { target: target(), message: text() }, false, true),
            (ApplyError::Conflict { target: target(), owners: Vec::new() }, false, true),
            (ApplyError::Stale { target: target(), message: text() }, false, false),
            (ApplyError::NotFound { target: target() }, false, false),
            (ApplyError::NamespaceTerminating { namespace: text() }, false, false),
        ];
        for (error, request, run) in cases {
            let answer = response(error);
            assert_eq!((request_failed(&answer), status_failed(&answer)), (request, run), "{answer:?}");
        }
        for calm in [Response::Done, Response::NoBudget { message: text() }, Response::Halted { message: text() }] {
            assert!(!request_failed(&calm) && !status_failed(&calm), "{calm:?}");
        }
    }
}
