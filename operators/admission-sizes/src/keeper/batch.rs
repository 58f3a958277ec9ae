//! Combines changes of one namespace's object into one write.
//!
//! In: changes in order, and the present entries. Out: a merge patch of the changed keys, or a new object if
//! there is none.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use trimtab_api::applied_sizes::WorkloadSizes;
use trimtab_runtime::{ApplyError, Verb, Writer};

use super::{Change, object::send};

/// The resulting value of each key; `None`: absent.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Batch(BTreeMap<String, Option<WorkloadSizes>>);

impl Batch {
    /// Combines the changes in order. `there` gives the present value of a key.
    pub(super) fn of<'a>(
        changes: impl Iterator<Item = (&'a str, &'a Change)>,
        there: impl Fn(&str) -> Option<WorkloadSizes>,
    ) -> Self {
        let mut after: BTreeMap<String, Option<WorkloadSizes>> = BTreeMap::new();
        for (key, change) in changes {
            match change {
                Change::Put(entry) => _ = after.insert(key.to_owned(), Some(entry.clone())),
                Change::Drop(uid) => {
                    let now = after.get(key).cloned().unwrap_or_else(|| there(key));
                    if now.is_some_and(|entry| entry.uid == *uid) {
                        after.insert(key.to_owned(), None);
                    }
                }
            }
        }
        Self(after)
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = (&str, Option<&WorkloadSizes>)> {
        self.0.iter().map(|(key, entry)| (key.as_str(), entry.as_ref()))
    }

    /// The changes to the object's spec; if the object is created, without removals.
    fn spec(&self, verb: Verb) -> Result<Value, ApplyError> {
        let encode = |e: serde_json::Error| ApplyError::Encode { message: e.to_string() };
        let mut workloads = serde_json::Map::new();
        for (key, entry) in &self.0 {
            match entry {
                None if verb == Verb::Create => {}
                entry => _ = workloads.insert(key.clone(), serde_json::to_value(entry).map_err(encode)?),
            }
        }
        Ok(json!({"workloads": workloads}))
    }

    /// Sends it and returns the object's resulting version; `None` if there was nothing to send.
    pub(super) async fn send(&self, writer: &Writer, namespace: &str) -> Result<Option<String>, ApplyError> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let only_drops = self.0.values().all(Option::is_none);
        send(writer, namespace, only_drops, |verb| self.spec(verb)).await
    }
}
