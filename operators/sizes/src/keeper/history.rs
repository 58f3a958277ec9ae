//! What was decided about workloads and outlives its Recommendation: kept in the same object as the sizes, beside them.
//!
//! In: the history of a workload. Out: its write, and what is known of it, own writes included. It changes when a Recommendation
//! goes, so each is written by itself.

use kube::{
    Resource,
    core::{ApiResource, PartialObjectMeta},
};
use serde_json::{Value, json};
use trimtab_api::applied_sizes::{APPLIED_SIZES_NAME, AppliedSizes, WorkloadHistory};
use trimtab_runtime::{Answer, ApplyError, Precondition, Verb, Write};

use super::{Keeper, lock};

/// How often the object may come and go between two requests before that is an error.
const TRIES: usize = 3;

impl Keeper {
    /// What is remembered of a workload, own writes included that the watch does not show yet.
    pub fn history(&self, namespace: &str, key: &str) -> Option<WorkloadHistory> {
        let row = self.row(namespace);
        let written = lock(&self.0.remembered).get(namespace, key, row.as_deref());
        written.unwrap_or_else(|| row.and_then(|row| row.history.get(key).cloned()))
    }

    /// Remembers `history` of a workload in place of what was remembered; `None` and one that says nothing: nothing any more.
    ///
    /// # Errors
    /// What the server says.
    pub async fn remember(
        &self,
        namespace: &str,
        key: &str,
        history: Option<WorkloadHistory>,
    ) -> Result<(), ApplyError> {
        let history = history.filter(|h| h.rejected.is_some() || h.undone.is_some());
        if self.is_complete() && self.history(namespace, key) == history {
            return Ok(());
        }
        let mut tries = 1;
        let written: PartialObjectMeta<AppliedSizes> = loop {
            match self.0.writer.execute(&write(namespace, key, history.as_ref(), Verb::Merge)?).await {
                Err(ApplyError::NotFound { .. }) if history.is_none() => return Ok(()),
                Err(ApplyError::NotFound { .. }) => {}
                other => break other?,
            }
            // Others of the namespace may create the object at the same moment.
            match self.0.writer.execute(&write(namespace, key, history.as_ref(), Verb::Create)?).await {
                Err(ApplyError::AlreadyExists { .. }) if tries < TRIES => tries += 1,
                other => break other?,
            }
        };
        let version = written.meta().resource_version.clone();
        if let Some(version) = version {
            lock(&self.0.remembered).wrote(namespace, &version, std::iter::once((key, history.as_ref())));
        }
        Ok(())
    }
}

fn write(namespace: &str, key: &str, history: Option<&WorkloadHistory>, verb: Verb) -> Result<Write, ApplyError> {
    let value = serde_json::to_value(history).map_err(|e| ApplyError::Encode { message: e.to_string() })?;
    // A merge patch goes into objects that are there: what the former history had and this one has not has to go.
    let value = match value {
        Value::Object(mut fields) if verb == Verb::Merge => {
            for field in ["rejected", "undone"] {
                fields.entry(field).or_insert(Value::Null);
            }
            Value::Object(fields)
        }
        other => other,
    };
    let resource = ApiResource::erase::<AppliedSizes>(&());
    let mut body = json!({"spec": {"history": {key: value}}});
    if verb == Verb::Create {
        body["apiVersion"] = json!(resource.api_version);
        body["kind"] = json!(resource.kind);
        body["metadata"] = json!({"name": APPLIED_SIZES_NAME, "namespace": namespace});
        body["spec"]["workloads"] = json!({});
    }
    Ok(Write {
        verb,
        resource,
        namespace: Some(namespace.to_owned()),
        name: APPLIED_SIZES_NAME.to_owned(),
        subresource: None,
        body,
        precondition: Precondition::default(),
        force: false,
        answer: Answer::Metadata,
    })
}
