//! Trimtab's own records of an object: its status and its finalizer. In: what to write. Out: the answer. The emergency
//! stop does not block them: they change nothing that belongs to anybody else.

use kube::{
    Resource,
    core::{ApiResource, DynamicObject, PartialObjectMeta},
};
use serde_json::{Value, json};
use trimtab_api::names::FINALIZER;
use trimtab_core::resource_version;
use trimtab_engine::protocol::Response;
use trimtab_runtime::{Answer, ApplyError, Precondition, Verb, Write, Writer};

use crate::{answers, controller::Sent, reconciled::Meta};

type Stored = PartialObjectMeta<DynamicObject>;

/// Applies a controller's part of a status, if the object, of kind `R`, has not changed since it was read.
///
/// # Errors
/// The error of the API server.
pub(crate) async fn write_status<R: Resource<DynamicType = ()>>(
    writer: &Writer,
    meta: Meta<'_>,
    body: Value,
) -> Result<u64, ApplyError> {
    let write = Write { subresource: Some("status"), force: true, ..apply::<R>(meta, body) };
    writer.execute::<Stored>(&write).await.map(|stored| version(&stored))
}

/// Sets the finalizer of an object of kind `R`, or removes it.
pub(crate) async fn finalize<R: Resource<DynamicType = ()>>(writer: &Writer, meta: Meta<'_>, on: bool) -> Sent {
    // Removing the last finalizer deletes the object, and the answer has the version that it had.
    let goes = !on && meta.is_deleted;
    match set_finalizer::<R>(writer, meta, on).await {
        // A webhook may remove finalizers, for example. Without the finalizer nothing is begun.
        Ok(version) if version > 0 && version <= meta.version && !goes => {
            let message = format!("the API server did not change the finalizers of {} {}", R::kind(&()), meta.name);
            Sent::refused("FinalizerNotKept", message)
        }
        Ok(version) => Sent { response: Response::Done, version },
        Err(error) => Sent::plain(answers::response(error)),
    }
}

async fn set_finalizer<R: Resource<DynamicType = ()>>(
    writer: &Writer,
    meta: Meta<'_>,
    on: bool,
) -> Result<u64, ApplyError> {
    let finalizers: &[&str] = if on { &[FINALIZER] } else { &[] };
    // Absent fields are removed, as far as this field manager owns them.
    let write = apply::<R>(meta, json!({"metadata": {"finalizers": finalizers}}));
    match writer.execute::<Stored>(&write).await {
        Ok(stored) if !on && has_finalizer(&stored) => match force_off(writer, write, stored).await {
            // Who removes the last finalizer may be answered with the object as it was: then it is gone by now. If
            // somebody changed it instead, the watch reports that.
            Err(ApplyError::Stale { .. } | ApplyError::NotFound { .. }) if meta.is_deleted => Ok(0),
            result => result,
        },
        Ok(stored) => Ok(version(&stored)),
        // The object is gone, and the finalizer with it.
        Err(ApplyError::NotFound { .. }) if !on => Ok(0),
        Err(error) => Err(error),
    }
}

/// Removes the finalizer although another field manager owns it too: somebody applied the object as they had read it.
async fn force_off(writer: &Writer, write: Write, stored: Stored) -> Result<u64, ApplyError> {
    let others: Vec<&String> = stored.metadata.finalizers.iter().flatten().filter(|f| *f != FINALIZER).collect();
    let write = Write {
        verb: Verb::Merge,
        body: json!({"metadata": {"finalizers": others}}),
        precondition: Precondition {
            uid: write.precondition.uid.clone(),
            resource_version: stored.metadata.resource_version.clone(),
        },
        ..write
    };
    writer.execute::<Stored>(&write).await.map(|stored| version(&stored))
}

/// A server-side apply of `body` to the object as it was read: a version that is answered for one that somebody changed
/// meanwhile would vouch for a status that was never seen.
fn apply<R: Resource<DynamicType = ()>>(meta: Meta<'_>, body: Value) -> Write {
    Write {
        verb: Verb::Apply,
        resource: ApiResource::erase::<R>(&()),
        namespace: Some(meta.namespace.to_owned()),
        name: meta.name.to_owned(),
        subresource: None,
        body: envelope::<R>(body),
        precondition: Precondition {
            uid: Some(meta.uid.to_owned()),
            resource_version: (meta.version > 0).then(|| meta.version.to_string()),
        },
        force: false,
        answer: Answer::Metadata,
    }
}

fn version(stored: &Stored) -> u64 {
    resource_version::number(stored.metadata.resource_version.as_deref())
}

fn has_finalizer(stored: &Stored) -> bool {
    stored.metadata.finalizers.iter().flatten().any(|f| f == FINALIZER)
}

fn envelope<R: Resource<DynamicType = ()>>(mut body: Value) -> Value {
    if let Some(object) = body.as_object_mut() {
        object.insert("apiVersion".to_owned(), json!(R::api_version(&())));
        object.insert("kind".to_owned(), json!(R::kind(&())));
        object.entry("metadata").or_insert_with(|| json!({}));
    }
    body
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::ConfigMap;

    use super::*;

    #[test]
    fn what_a_body_says_of_its_metadata_is_kept() {
        let protected = envelope::<ConfigMap>(json!({"metadata": {"finalizers": [FINALIZER]}}));
        assert_eq!(protected["metadata"], json!({"finalizers": [FINALIZER]}));
        let status = envelope::<ConfigMap>(json!({"status": {}}));
        assert_eq!((&status["metadata"], &status["kind"]), (&json!({}), &json!("ConfigMap")));
    }
}
