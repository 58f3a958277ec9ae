//! Changes of one namespace's object as one write.
//!
//! In: changes in their order, and what is there. Out: a merge patch of the keys that change, or the object anew where
//! there is none.

use std::collections::BTreeMap;

use kube::{
    Resource,
    core::{ApiResource, PartialObjectMeta},
};
use serde_json::{Value, json};
use trimtab_api::applied_sizes::{APPLIED_SIZES_NAME, AppliedSizes, WorkloadSizes};
use trimtab_runtime::{Answer, ApplyError, Precondition, Verb, Write, Writer};

use super::Change;

/// How often the object may come and go between two requests before that is an error.
const TRIES: usize = 3;

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

    fn body(&self, absent: bool) -> Result<Value, ApplyError> {
        let encode = |e: serde_json::Error| ApplyError::Encode { message: e.to_string() };
        let mut workloads = serde_json::Map::new();
        for (key, entry) in &self.0 {
            match entry {
                None if absent => {}
                entry => _ = workloads.insert(key.clone(), serde_json::to_value(entry).map_err(encode)?),
            }
        }
        Ok(json!({"spec": {"workloads": workloads}}))
    }

    fn write(&self, namespace: &str, verb: Verb) -> Result<Write, ApplyError> {
        let mut body = self.body(verb == Verb::Create)?;
        let resource = ApiResource::erase::<AppliedSizes>(&());
        if verb == Verb::Create {
            body["apiVersion"] = json!(resource.api_version);
            body["kind"] = json!(resource.kind);
            body["metadata"] = json!({"name": APPLIED_SIZES_NAME, "namespace": namespace});
        }
        Ok(Write {
            verb,
            resource,
            namespace: Some(namespace.to_owned()),
            name: APPLIED_SIZES_NAME.to_owned(),
            subresource: None,
            body,
            // Each entry is replaced as a whole and has one writer: whatever else changed in the object does not matter.
            precondition: Precondition::default(),
            force: false,
            answer: Answer::Metadata,
        })
    }

    /// Sends it and gives the object's version afterwards; `None` where there was nothing to send.
    pub(super) async fn send(&self, writer: &Writer, namespace: &str) -> Result<Option<String>, ApplyError> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let version = |meta: PartialObjectMeta<AppliedSizes>| meta.meta().resource_version.clone();
        let mut tries = 1;
        loop {
            match writer.execute(&self.write(namespace, Verb::Merge)?).await {
                Err(ApplyError::NotFound { .. }) => {}
                other => return other.map(version),
            }
            if self.0.values().all(Option::is_none) {
                return Ok(None);
            }
            match writer.execute(&self.write(namespace, Verb::Create)?).await {
                Err(ApplyError::AlreadyExists { .. }) if tries < TRIES => tries += 1,
                other => return other.map(version),
            }
        }
    }
}
