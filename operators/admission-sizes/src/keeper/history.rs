//! What was decided about workloads and outlives its Recommendation: kept in the same object as the sizes, beside them.
//!
//! In: the history of a workload. Out: its write, and what is known of it, own writes included. It changes when a Recommendation
//! goes, so each is written by itself.

use serde_json::{Value, json};
use trimtab_api::applied_sizes::WorkloadHistory;
use trimtab_runtime::{ApplyError, Verb};

use super::{AppliedSizesWriter, object::send};

impl AppliedSizesWriter {
    /// What is remembered of a workload, own writes included that the watch does not show yet.
    pub fn history(&self, namespace: &str, key: &str) -> Option<WorkloadHistory> {
        let row = self.row(namespace);
        let written = self.0.remembered.lock().get(namespace, key, row.as_deref());
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
    // A merge patch goes into objects that are there: what the former history had and this one has not has to go.
    if let Value::Object(fields) = &mut value {
        for field in ["rejected", "undone"] {
            fields.entry(field).or_insert(Value::Null);
        }
    }
    Ok(json!({"history": {key: value}}))
}
