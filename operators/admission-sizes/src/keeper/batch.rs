//! Changes of one namespace's object as one write.
//!
//! In: changes in their order, and what is there. Out: a merge patch of the keys that change, or the object anew where
//! there is none.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use trimtab_api::applied_sizes::WorkloadSizes;
use trimtab_runtime::{ApplyError, Verb, Writer};

use super::{Change, object::send};

/// What each key is to be afterwards; `None`: not there.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Batch(BTreeMap<String, Option<WorkloadSizes>>);

impl Batch {
    /// The changes taken together, the later after the earlier. `there` is what a key has now.
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

    /// What changes in the object's spec; where that is made anew, without what goes.
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

    /// Sends it and gives the object's version afterwards; `None` where there was nothing to send.
    pub(super) async fn send(&self, writer: &Writer, namespace: &str) -> Result<Option<String>, ApplyError> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let only_drops = self.0.values().all(Option::is_none);
        send(writer, namespace, only_drops, |verb| self.spec(verb)).await
    }
}
