//! Server-side apply and the other writes, under one field manager, only while leader.
//!
//! In: an object or a [`Write`] as data. Out: the object as the server has it, or a typed [`ApplyError`].
//!
//! Conflicts are never forced: a field that someone else owns is theirs. The one exception is the status, which only
//! Trimtab may own, and which has a field manager of its own so that it does not claim the spec's fields.

mod classify;
mod error;
mod write;

use std::{fmt, time::Duration};

pub use classify::classify;
pub use error::{ApplyError, FieldOwner, Target};
use kube::{
    Client, Resource,
    core::{ApiResource, PartialObjectMeta},
};
use serde::{
    Serialize,
    de::{DeserializeOwned, IgnoredAny},
};
use serde_json::{Value, json};
pub use write::{Answer, Precondition, Verb, Write};

use crate::{lease::Leadership, timeout::with_timeout, undecodable::Undecodable};

/// Time for a write with its retries, body of the answer included.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// Writes for one controller. Cheap to clone.
#[derive(Clone)]
pub struct Writer {
    client: Client,
    manager: String,
    leadership: Leadership,
    timeout: Duration,
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").field("manager", &self.manager).finish_non_exhaustive()
    }
}

/// An object as the server has it after a write.
#[derive(Clone, Debug, PartialEq)]
pub struct Applied<K> {
    /// The object.
    pub object: K,
}

impl<K: Resource> Applied<K> {
    /// Its `metadata.resourceVersion`, empty if the server sent none.
    pub fn resource_version(&self) -> &str {
        self.object.meta().resource_version.as_deref().unwrap_or_default()
    }

    /// Its `metadata.uid`, empty if the server sent none.
    pub fn uid(&self) -> &str {
        self.object.meta().uid.as_deref().unwrap_or_default()
    }
}

impl Writer {
    /// A writer whose fields belong to `manager` (`trimtab-<controller>`), and those of statuses to `<manager>-status`.
    pub fn new(client: Client, manager: impl Into<String>, leadership: Leadership) -> Self {
        Self { client, manager: manager.into(), leadership, timeout: WRITE_TIMEOUT }
    }

    /// The same with another deadline for each write.
    #[must_use]
    pub fn with_deadline(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// The field manager of objects.
    pub fn manager(&self) -> &str {
        &self.manager
    }

    /// Applies the fields that are set in `object`, creating it if it does not exist. Its status is left to
    /// [`Writer::apply_status`]. A `metadata.uid` or `resourceVersion` that is set is a precondition.
    ///
    /// # Errors
    /// [`ApplyError`]; [`ApplyError::Conflict`] names who owns which field.
    pub async fn apply<K>(&self, object: &K) -> Result<Applied<K>, ApplyError>
    where
        K: Resource<DynamicType = ()> + Serialize + DeserializeOwned,
    {
        self.execute(&apply_of(object)?).await.map(|object| Applied { object })
    }

    /// The same, for callers that need only the metadata of the result.
    ///
    /// # Errors
    /// As [`Writer::apply`].
    pub async fn apply_for_metadata<K>(&self, object: &K) -> Result<PartialObjectMeta<K>, ApplyError>
    where
        K: Resource<DynamicType = ()> + Serialize,
    {
        self.execute(&Write { answer: Answer::Metadata, ..apply_of(object)? }).await
    }

    /// Applies the status of `object` alone, taking over fields that someone else has set there. If its `metadata.uid`
    /// is set, a later object of the same name is left alone.
    ///
    /// # Errors
    /// [`ApplyError`]; [`ApplyError::NotFound`] when the object is gone.
    pub async fn apply_status<K>(&self, object: &K) -> Result<(), ApplyError>
    where
        K: Resource<DynamicType = ()> + Serialize,
    {
        let mut write = write_of(Verb::Apply, object)?;
        write.subresource = Some("status");
        write.force = true;
        write.body = json!({
            "apiVersion": write.resource.api_version,
            "kind": write.resource.kind,
            "metadata": {},
            "status": write.body.get("status").cloned().unwrap_or_else(|| json!({})),
        });
        // A status states what was observed; someone else's edit of the spec does not make it stale.
        write.precondition.resource_version = None;
        // Nobody reads the answer, and encoding and decoding a thousand of them is expensive.
        write.answer = Answer::Metadata;
        self.execute::<IgnoredAny>(&write).await.map(drop)
    }

    /// Merges `status` into an object of kind `K` that does not decode as one, so that its status says what is wrong.
    ///
    /// # Errors
    /// As [`Writer::apply_status`].
    pub async fn apply_undecodable_status<K>(&self, broken: &Undecodable, status: Value) -> Result<(), ApplyError>
    where
        K: Resource<DynamicType = ()>,
    {
        let metadata = &broken.metadata;
        let write = Write {
            // Server-side apply refuses an object whose other fields violate the schema, for example one stored before
            // the schema became stricter; a merge patch leaves fields alone that it does not name.
            verb: Verb::Merge,
            body: json!({"status": status}),
            resource: ApiResource::erase::<K>(&()),
            namespace: metadata.namespace.clone(),
            name: metadata.name.clone().unwrap_or_default(),
            subresource: Some("status"),
            precondition: Precondition { uid: metadata.uid.clone(), resource_version: None },
            force: false,
            answer: Answer::Metadata,
        };
        self.execute::<IgnoredAny>(&write).await.map(drop)
    }

    /// Creates `object`. Cheaper for the server than apply, and detects an existing object.
    ///
    /// # Errors
    /// [`ApplyError`]; [`ApplyError::AlreadyExists`] when there is one of this name.
    pub async fn create<K>(&self, object: &K) -> Result<Applied<K>, ApplyError>
    where
        K: Resource<DynamicType = ()> + Serialize + DeserializeOwned,
    {
        self.execute(&write_of(Verb::Create, object)?).await.map(|object| Applied { object })
    }

    /// Deletes `object` if it still is the one with its `metadata.uid` (and `resourceVersion`, if set). Dependents are
    /// deleted in the background.
    ///
    /// # Errors
    /// [`ApplyError`]; [`ApplyError::NotFound`] when it is gone already.
    pub async fn delete<K>(&self, object: &K) -> Result<(), ApplyError>
    where
        K: Resource<DynamicType = ()> + Serialize,
    {
        let mut write = write_of(Verb::Delete, object)?;
        write.body = Value::Null;
        self.execute::<Value>(&write).await.map(drop)
    }

    /// Sends a write that was decided as data.
    ///
    /// # Errors
    /// [`ApplyError::NotLeader`] without sending anything when another instance leads; else what the server says.
    pub async fn execute<T: DeserializeOwned>(&self, write: &Write) -> Result<T, ApplyError> {
        let target = write.target();
        let manager = match write.subresource {
            Some("status") => format!("{}-status", self.manager),
            _ => self.manager.clone(),
        };
        let request = write.request(&manager)?;
        // Last, so that nothing comes between this check and the write.
        if !self.leadership.is_leader() {
            return Err(ApplyError::NotLeader);
        }
        let operation = format!("{} {}", write.verb.as_str(), target);
        match with_timeout(operation, self.timeout, self.client.request(request)).await {
            Ok(result) => result.map_err(|error| classify(error, &target)),
            Err(timeout) => Err(ApplyError::Timeout(timeout)),
        }
    }
}

/// The apply of an object without its status.
fn apply_of<K>(object: &K) -> Result<Write, ApplyError>
where
    K: Resource<DynamicType = ()> + Serialize,
{
    let mut write = write_of(Verb::Apply, object)?;
    if let Some(body) = write.body.as_object_mut() {
        body.remove("status");
    }
    Ok(write)
}

/// A write of a whole object, with the preconditions that its metadata states.
fn write_of<K>(verb: Verb, object: &K) -> Result<Write, ApplyError>
where
    K: Resource<DynamicType = ()> + Serialize,
{
    let meta = object.meta();
    let name = meta.name.clone().ok_or_else(|| ApplyError::Encode { message: "the object has no name".to_owned() })?;
    let body = serde_json::to_value(object).map_err(|e| ApplyError::Encode { message: e.to_string() })?;
    let precondition = match verb {
        Verb::Create => Precondition::default(),
        _ => Precondition { uid: meta.uid.clone(), resource_version: meta.resource_version.clone() },
    };
    Ok(Write {
        verb,
        resource: ApiResource::erase::<K>(&()),
        namespace: meta.namespace.clone(),
        name,
        subresource: None,
        body,
        precondition,
        force: false,
        answer: Answer::Object,
    })
}

#[cfg(test)]
mod tests;
