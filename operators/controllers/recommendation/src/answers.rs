//! Translates answers of the API server into responses for the rollout machine, and says which of them fail a pass (see
//! [`trimtab_driver::ran`]). Pure.
//!
//! What a refusal is about is read here, once: in its type, and for want of room on a node in the server's words, because
//! an API server says that in no other way. The machine reads no message.

use trimtab_engine::protocol::{Cause, Response};
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
        | ApplyError::TooLarge { .. } => {
            let cause = match &error {
                ApplyError::Forbidden { .. } => Cause::Permission,
                _ if never_fits(&message) => Cause::Node,
                _ => Cause::Other,
            };
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

/// Whether the answer to a write of `status.rollout` fails the pass: the reason of a refusal cannot be read in the
/// status.
pub fn status_failed(answer: &Response) -> bool {
    matches!(answer, Response::Unknown { .. } | Response::Refused { .. })
}

/// Whether the server says that the size can never fit the node.
fn never_fits(message: &str) -> bool {
    let words = message.to_lowercase();
    ["infeasible", "nodecapacity", "enough allocatable"].iter().any(|w| words.contains(w))
}

#[cfg(test)]
mod tests {
    use trimtab_runtime::apply::Target;

    use super::*;

    fn target(group: &str, resource: &str, name: &str) -> Box<Target> {
        Box::new(Target {
            verb: "patch",
            group: group.to_owned(),
            resource: resource.to_owned(),
            namespace: Some("shop".to_owned()),
            name: name.to_owned(),
        })
    }

    #[test]
    fn a_refusal_says_whether_a_permission_or_room_on_the_node_is_missing() {
        let target = || target("", "pods/resize", "web-1");
        let denied = |message: &str| ApplyError::Denied { target: target(), message: message.to_owned() };
        let invalid = |message: &str| ApplyError::Invalid { target: target(), message: message.to_owned() };
        let forbidden = ApplyError::Forbidden {
            verb: "patch".to_owned(),
            resource: "pods/resize".to_owned(),
            message: "User \"trimtab\" cannot patch resource \"pods/resize\"".to_owned(),
        };
        let quota = ApplyError::QuotaExceeded { target: target(), message: "exceeded quota: team".to_owned() };
        for (error, expected) in [
            (forbidden, Cause::Permission),
            (denied("node didn't have enough allocatable resources: memory, requested: 8Gi"), Cause::Node),
            (invalid("the resize is infeasible"), Cause::Node),
            (denied("the operator cannot do this in API group apps"), Cause::Other),
            (invalid("Pod QOS Class may not change as a result of resizing"), Cause::Other),
            (quota, Cause::Other),
        ] {
            let words = error.to_string();
            let answer = answer(error, false);
            assert!(matches!(&answer, Response::Refused { cause, .. } if *cause == expected), "{words}: {answer:?}");
        }
    }

    /// An error; whether it fails the pass as the answer to a request, and to a write of the rollout.
    type Case = (ApplyError, bool, bool);

    #[test]
    fn a_pass_fails_where_trimtab_could_not_work_and_nowhere_else() {
        let text = || "why".to_owned();
        let target = || target("trimtab.dev", "recommendations/status", "deploy-web");
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
        for (error, request, rollout) in cases {
            let answer = answer(error, false);
            assert_eq!((request_failed(&answer), status_failed(&answer)), (request, rollout), "{answer:?}");
        }
        for calm in [Response::Done, Response::NoBudget { message: text() }, Response::Halted { message: text() }] {
            assert!(!request_failed(&calm) && !status_failed(&calm), "{calm:?}");
        }
    }
}
