//! Decision records, which outlive their Recommendation: kept in the same object as the sizes.
//!
//! In: the history of a workload. Out: its write, and the known history, own writes included. It changes when a person
//! rejects something, and when a Recommendation goes or no longer shows what was undone on it, so each is written
//! individually.

use serde_json::{Value, json};
use trimtab_api::applied_sizes::WorkloadHistory;
use trimtab_runtime::{ApplyError, Verb};

use super::{AppliedSizesWriter, object::send};

impl AppliedSizesWriter {
    /// The recorded history of a workload, including own writes that the watch does not show yet.
    pub fn history(&self, namespace: &str, key: &str) -> Option<WorkloadHistory> {
        let row = self.row(namespace);
        let written = self.0.remembered.lock().get(namespace, key, row.as_deref());
        written.unwrap_or_else(|| row.and_then(|row| row.history.get(key).cloned()))
    }

    /// Records `history` of a workload in place of the previous one; `None` or an empty one removes it.
    ///
    /// # Errors
    /// The error of the API server.
    pub async fn remember(
        &self,
        namespace: &str,
        key: &str,
        history: Option<WorkloadHistory>,
    ) -> Result<(), ApplyError> {
        let history = history.filter(|h| !h.is_empty());
        if self.is_complete() && self.history(namespace, key) == history {
            return Ok(());
        }
        let written =
            send(&self.0.writer, namespace, history.is_none(), |verb| spec(key, history.as_ref(), verb)).await?;
        if let Some(version) = written {
            self.0.remembered.lock().wrote(namespace, &version, std::iter::once((key, history.as_ref())));
        }
        Ok(())
    }
}

fn spec(key: &str, history: Option<&WorkloadHistory>, verb: Verb) -> Result<Value, ApplyError> {
    let mut value = serde_json::to_value(history).map_err(|e| ApplyError::Encode { message: e.to_string() })?;
    if verb == Verb::Create {
        return Ok(json!({"workloads": {}, "history": {key: value}}));
    }
    // A merge patch merges into the existing object: fields of the former history that this one lacks must be removed.
    if let Value::Object(fields) = &mut value {
        for field in ["rejected", "undone"] {
            fields.entry(field).or_insert(Value::Null);
        }
    }
    Ok(json!({"history": {key: value}}))
}
