//! Translates answers of the API server to requests about pods into responses for the rollout machine. Pure.
//!
//! What is the same for all requests is decided in [`trimtab_driver::answers`]. That a node has no room is read here, once,
//! in the server's words, because an API server says it in no other way. The machine reads no message.

use trimtab_driver::answers::response;
use trimtab_engine::protocol::{Cause, Response};
use trimtab_runtime::ApplyError;

/// Translates an error of the API server into a response for the rollout machine.
pub fn answer(error: ApplyError, eviction: bool) -> Response {
    if eviction && matches!(error, ApplyError::Throttled { .. }) {
        return Response::NoBudget { message: error.to_string() };
    }
    match response(error) {
        Response::Refused { cause: Cause::Other, reason, message } if never_fits(&message) => {
            Response::Refused { cause: Cause::Node, reason, message }
        }
        other => other,
    }
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
}
