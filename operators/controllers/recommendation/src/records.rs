//! Trimtab's own records of a Recommendation: its status, its finalizer, and the decision record that outlives it. In:
//! what to write. Out: the answer. The emergency stop does not block them: they change nothing that belongs to anybody
//! else.

use kube::core::{ApiResource, DynamicObject, PartialObjectMeta};
use serde_json::{Value, json};
use trimtab_api::{
    Recommendation,
    applied_sizes::{WorkloadHistory, key},
    names::FINALIZER,
};
use trimtab_core::WorkloadId;
use trimtab_recommendation_row::{RecommendationRow, version};
use trimtab_runtime::{Answer, ApplyError, Precondition, Verb, Write};

use crate::requests::Sender;

type Meta = PartialObjectMeta<DynamicObject>;

impl Sender {
    /// Applies this controller's part of a status, if the Recommendation has not changed since it was read.
    ///
    /// # Errors
    /// The error of the API server.
    pub async fn write_status(&self, row: &RecommendationRow, body: Value) -> Result<u64, ApplyError> {
        let write = Write {
            verb: Verb::Apply,
            resource: ApiResource::erase::<Recommendation>(&()),
            namespace: Some(row.namespace.clone()),
            name: row.name.clone(),
            subresource: Some("status"),
            body: envelope::<Recommendation>(body),
            precondition: Precondition {
                uid: Some(row.uid.clone()),
                resource_version: (row.version > 0).then(|| row.version.to_string()),
            },
            force: true,
            answer: Answer::Metadata,
        };
        let meta: Meta = self.writer.execute(&write).await?;
        Ok(version(meta.metadata.resource_version.as_deref()))
    }

    /// Sets the finalizer, or removes it.
    pub(crate) async fn finalize(&self, row: &RecommendationRow, on: bool) -> Result<u64, ApplyError> {
        let finalizers: &[&str] = if on { &[FINALIZER] } else { &[] };
        let write = Write {
            verb: Verb::Apply,
            resource: ApiResource::erase::<Recommendation>(&()),
            namespace: Some(row.namespace.clone()),
            name: row.name.clone(),
            subresource: None,
            // Absent fields are removed, as far as this field manager owns them.
            body: envelope::<Recommendation>(json!({"metadata": {"finalizers": finalizers}})),
            precondition: Precondition {
                uid: Some(row.uid.clone()),
                // Set or removed, it is on the object as it was read: a version that is answered for one that somebody changed
                // meanwhile would vouch for a status that was never seen.
                resource_version: (row.version > 0).then(|| row.version.to_string()),
            },
            force: false,
            answer: Answer::Metadata,
        };
        match self.writer.execute::<Meta>(&write).await {
            Ok(meta) if !on && has_finalizer(&meta) => match self.force_off(write, meta).await {
                // Who removes the last finalizer may be answered with the object as it was: then it is gone by now. If
                // somebody changed it instead, the watch reports that.
                Err(ApplyError::Stale { .. } | ApplyError::NotFound { .. }) if row.terminating => Ok(0),
                result => result,
            },
            Ok(meta) => Ok(version(meta.metadata.resource_version.as_deref())),
            // The object is gone, and the finalizer with it.
            Err(ApplyError::NotFound { .. }) if !on => Ok(0),
            Err(error) => Err(error),
        }
    }

    /// Removes the finalizer although another field manager owns it too: somebody applied the object as they had read
    /// it.
    async fn force_off(&self, write: Write, meta: Meta) -> Result<u64, ApplyError> {
        let others: Vec<&String> = meta.metadata.finalizers.iter().flatten().filter(|f| *f != FINALIZER).collect();
        let write = Write {
            verb: Verb::Merge,
            body: json!({"metadata": {"finalizers": others}}),
            precondition: Precondition {
                uid: write.precondition.uid.clone(),
                resource_version: meta.metadata.resource_version.clone(),
            },
            ..write
        };
        let meta: Meta = self.writer.execute(&write).await?;
        Ok(version(meta.metadata.resource_version.as_deref()))
    }

    /// Records a decision about the workload. If its namespace or the kind is being deleted as well, a failure is no
    /// reason to keep the Recommendation.
    pub(crate) async fn remember(
        &self,
        row: &RecommendationRow,
        id: &WorkloadId,
        history: &WorkloadHistory,
    ) -> Result<(), ApplyError> {
        match self.sizes.remember(&id.namespace, &key(id), Some(history.clone())).await {
            Err(
                error @ (ApplyError::NotFound { .. }
                | ApplyError::NamespaceNotFound { .. }
                | ApplyError::NamespaceTerminating { .. }
                | ApplyError::KindNotServed { .. }),
            ) => {
                tracing::warn!(recommendation = %row.name, workload = %id, %error, "the decision about it was not recorded");
                Ok(())
            }
            other => other,
        }
    }
}

fn has_finalizer(meta: &Meta) -> bool {
    meta.metadata.finalizers.iter().flatten().any(|f| f == FINALIZER)
}

fn envelope<K: kube::Resource<DynamicType = ()>>(mut body: Value) -> Value {
    if let Some(object) = body.as_object_mut() {
        object.insert("apiVersion".to_owned(), json!(K::api_version(&())));
        object.insert("kind".to_owned(), json!(K::kind(&())));
        object.entry("metadata").or_insert_with(|| json!({}));
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_body_says_of_its_metadata_is_kept() {
        let protected = envelope::<Recommendation>(json!({"metadata": {"finalizers": [FINALIZER]}}));
        assert_eq!(protected["metadata"], json!({"finalizers": [FINALIZER]}));
        let status = envelope::<Recommendation>(json!({"status": {}}));
        assert_eq!((&status["metadata"], &status["kind"]), (&json!({}), &json!("Recommendation")));
    }
}
