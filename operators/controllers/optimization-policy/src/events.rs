//! Events about policies and Recommendations: one constructor for each, so that each reason is written once.

use k8s_openapi::api::core::v1::ObjectReference;
use trimtab_api::OptimizationPolicy;
use trimtab_core::WorkloadId;
use trimtab_runtime::{events::Event, undecodable::Undecodable};

use crate::{
    outcome::Draft,
    unmatched::{Place, Unmatched},
};

// Events about a policy name the object that caused them: the API server's clients merge two events with the same
// reason about the same object unless that differs.

/// A Recommendation's proposal changed.
pub fn superseded(before: &str, draft: &Draft) -> Event {
    Event::normal(
        "Superseded",
        "Propose",
        format!(
            "the proposal changed to cpu {}, memory {}; an approval of {before} is no longer valid",
            draft.summary.cpu, draft.summary.memory
        ),
    )
}

/// A recommendation was deleted because it no longer holds. Published on the policy, since the object is gone.
pub fn withdrawn(namespace: &str, name: &str, reason: &str) -> Event {
    Event::normal("Withdrawn", "Withdraw", format!("recommendation {namespace}/{name} was withdrawn: {reason}"))
        .related(recommendation(namespace, name))
}

/// The usage source cannot be read, or its data is too old to decide on; `reason` is that of the condition.
pub fn metrics_fault(reason: &'static str, message: &str) -> Event {
    Event::warning(reason, "ReadUsage", message)
}

/// An annotation on a workload cannot be read.
pub fn invalid_annotation(id: &WorkloadId, uid: &str, message: &str) -> Event {
    Event::warning("InvalidAnnotation", "Validate", format!("{id}: {message}")).related(workload(id, uid))
}

/// A name matches nothing.
pub fn unmatched(found: &Unmatched) -> Event {
    let event = Event::warning(found.reason, "Validate", found.message.clone());
    match &found.place {
        Place::Policy => event,
        Place::Workload(id, uid) => event.related(workload(id, uid)),
        Place::Namespace(name) => event.related(ObjectReference {
            api_version: Some("v1".to_owned()),
            kind: Some("Namespace".to_owned()),
            name: Some(name.to_string()),
            ..ObjectReference::default()
        }),
    }
}

/// A policy cannot be read, and its status cannot be written either.
pub fn undecodable(broken: &Undecodable) -> Event {
    Event::warning("InvalidSpec", "Validate", broken.message::<OptimizationPolicy>())
}

/// A recommendation could not be written.
pub fn write_failed(namespace: &str, name: &str, error: &str) -> Event {
    Event::warning("WriteFailed", "Write", format!("recommendation {namespace}/{name} could not be written: {error}"))
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

fn workload(id: &WorkloadId, uid: &str) -> ObjectReference {
    ObjectReference {
        api_version: Some(id.kind.api_version().to_owned()),
        kind: Some(id.kind.as_str().to_owned()),
        namespace: Some(id.namespace.to_string()),
        name: Some(id.name.to_string()),
        uid: Some(uid.to_owned()),
        ..ObjectReference::default()
    }
}
