//! One write of a namespace's object, whether it exists or not.
//!
//! In: changes to its spec. Out: a merge patch, or a new object if there is none; its resulting version.

use kube::core::{ApiResource, PartialObjectMeta};
use serde_json::{Value, json};
use trimtab_api::applied_sizes::{APPLIED_SIZES_NAME, AppliedSizes};
use trimtab_runtime::{Answer, ApplyError, Precondition, Verb, Write, Writer};

/// How often the object may be created and deleted between two requests before that is an error.
const TRIES: usize = 3;

/// Sends the result of `spec` for either verb. `None` if the object does not exist and need not, since this only
/// removes something from it.
pub(super) async fn send(
    writer: &Writer,
    namespace: &str,
    only_drops: bool,
    spec: impl Fn(Verb) -> Result<Value, ApplyError>,
) -> Result<Option<String>, ApplyError> {
    let version = |meta: PartialObjectMeta<AppliedSizes>| meta.metadata.resource_version;
    let mut tries = 1;
    loop {
        match writer.execute(&write(namespace, Verb::Merge, spec(Verb::Merge)?)).await {
            Err(ApplyError::NotFound { .. }) if only_drops => return Ok(None),
            Err(ApplyError::NotFound { .. }) => {}
            other => return other.map(version),
        }
        // Other writers of the namespace may create it at the same moment.
        match writer.execute(&write(namespace, Verb::Create, spec(Verb::Create)?)).await {
            Err(ApplyError::AlreadyExists { .. }) if tries < TRIES => tries += 1,
            other => return other.map(version),
        }
    }
}

fn write(namespace: &str, verb: Verb, spec: Value) -> Write {
    let resource = ApiResource::erase::<AppliedSizes>(&());
    let mut body = json!({"spec": spec});
    if verb == Verb::Create {
        body["apiVersion"] = json!(resource.api_version);
        body["kind"] = json!(resource.kind);
        body["metadata"] = json!({"name": APPLIED_SIZES_NAME, "namespace": namespace});
    }
    Write {
        verb,
        resource,
        namespace: Some(namespace.to_owned()),
        name: APPLIED_SIZES_NAME.to_owned(),
        subresource: None,
        body,
        // Each key is replaced as a whole and has one writer: other changes to the object do not matter.
        precondition: Precondition::default(),
        force: false,
        answer: Answer::Metadata,
    }
}
