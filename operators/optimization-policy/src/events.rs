//! Events about policies and recommendations: one constructor for each, so that reasons are written once.

use k8s_openapi::api::core::v1::ObjectReference;
use trimtab_core::WorkloadId;
use trimtab_runtime::events::Event;

use crate::outcome::Draft;

// Events about a policy name the object that they are on account of: the API server's clients take two events of one
// reason about one object for the same news, unless that differs.

/// A recommendation proposes something else than before.
pub fn superseded(before: &str, draft: &Draft) -> Event {
    Event::normal(
        "Superseded",
        "Propose",
        format!(
            "the proposal changed: cpu {}, memory {}; an approval of {before} no longer counts",
            draft.summary.cpu, draft.summary.memory
        ),
    )
}

/// A recommendation was deleted because it no longer holds. Published on the policy, since the object is gone.
pub fn withdrawn(namespace: &str, name: &str, reason: &str) -> Event {
    Event::normal("Withdrawn", "Withdraw", format!("recommendation {namespace}/{name} no longer holds: {reason}"))
        .related(recommendation(namespace, name))
}

/// The usage source cannot be read, or is too old to decide on; `reason` is that of the condition.
pub fn metrics_fault(reason: &'static str, message: &str) -> Event {
    Event::warning(reason, "ReadUsage", message)
}

/// An annotation on a workload cannot be read.
pub fn invalid_annotation(workload: &WorkloadId, uid: &str, message: &str) -> Event {
    Event::warning("InvalidAnnotation", "Validate", format!("{workload}: {message}")).related(ObjectReference {
        api_version: Some(workload.kind.api_version().to_owned()),
        kind: Some(workload.kind.as_str().to_owned()),
        namespace: Some(workload.namespace.to_string()),
        name: Some(workload.name.to_string()),
        uid: Some(uid.to_owned()),
        ..ObjectReference::default()
    })
}

/// A policy cannot be read, and its status cannot be written either.
pub fn undecodable(error: &str) -> Event {
    let note = format!("the object cannot be read as an OptimizationPolicy: {error}");
    Event::warning("InvalidSpec", "Validate", note)
}

/// A recommendation could not be written.
pub fn write_failed(namespace: &str, name: &str, error: &str) -> Event {
    Event::warning("WriteFailed", "Write", format!("recommendation {namespace}/{name}: {error}"))
        .related(recommendation(namespace, name))
}

fn recommendation(namespace: &str, name: &str) -> ObjectReference {
    ObjectReference {
        api_version: Some(format!("{}/{}", trimtab_api::GROUP, trimtab_api::VERSION)),
        kind: Some("Recommendation".to_owned()),
        namespace: Some(namespace.to_owned()),
        name: Some(name.to_owned()),
        ..ObjectReference::default()
    }
}
