//! Objects that cannot be decoded as their kind. In: what a watch could not decode. Out: their status, reported once
//! for each error.

use std::collections::HashMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{Resource, core::ObjectMeta};
use serde_json::{Value, json};

use crate::store::{Entry, Key};

/// An object that cannot be decoded as its kind.
#[derive(Clone, Debug)]
pub struct Undecodable {
    /// Its metadata.
    pub metadata: ObjectMeta,
    /// What is wrong with it.
    pub error: String,
}

impl Undecodable {
    /// Why it cannot be decoded as a `K`, for people.
    pub fn message<K: Resource<DynamicType = ()>>(&self) -> String {
        let kind = K::kind(&());
        let article = if kind.starts_with(['A', 'E', 'I', 'O']) { "an" } else { "a" };
        format!("the object cannot be read as {article} {kind}: {}", self.error)
    }

    /// A status with these conditions, as
    /// [`Writer::apply_undecodable_status`](crate::Writer::apply_undecodable_status) writes it.
    pub fn status(&self, conditions: &[Condition]) -> Value {
        json!({"observedGeneration": self.metadata.generation, "conditions": conditions})
    }
}

/// The errors already reported, remembered because the status of an object that does not decode cannot be read back.
#[derive(Debug, Default)]
pub struct Told(HashMap<Key, String>);

impl Told {
    /// Whether this error of the object under `key` was not reported yet.
    pub fn is_news(&self, key: &Key, broken: &Undecodable) -> bool {
        self.0.get(key) != Some(&broken.error)
    }

    /// Records that the error of the object under `key` was reported.
    pub fn note(&mut self, key: Key, broken: &Undecodable) {
        self.0.insert(key, broken.error.clone());
    }

    /// Forgets objects that can now be decoded or are gone: the same error is reported when it recurs.
    pub fn keep<R>(&mut self, entries: &[(Key, Entry<R>)]) {
        self.0.retain(|key, _| entries.iter().any(|(k, entry)| k == key && entry.is_err()));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use k8s_openapi::api::{apps::v1::Deployment, networking::v1::Ingress};

    use super::*;

    fn broken(error: &str) -> Undecodable {
        let metadata = ObjectMeta { generation: Some(3), ..ObjectMeta::default() };
        Undecodable { metadata, error: error.to_owned() }
    }

    #[test]
    fn what_is_wrong_is_said_with_the_kind() {
        let broken = broken("no number");
        assert_eq!(broken.message::<Deployment>(), "the object cannot be read as a Deployment: no number");
        assert_eq!(broken.message::<Ingress>(), "the object cannot be read as an Ingress: no number");
        assert_eq!(broken.status(&[]), json!({"observedGeneration": 3, "conditions": []}));
    }

    #[test]
    fn an_error_is_told_once_and_again_after_the_object_was_well() {
        let key = |name: &str| (String::new(), name.to_owned());
        let (a, mut told) = (key("a"), Told::default());
        assert!(told.is_news(&a, &broken("x")));
        told.note(a.clone(), &broken("x"));
        assert!(
            !told.is_news(&a, &broken("x")) && told.is_news(&a, &broken("y")) && told.is_news(&key("b"), &broken("x"))
        );
        let entry: Entry<()> = Err(Arc::new(broken("x")));
        told.keep(&[(a.clone(), entry)]);
        assert!(!told.is_news(&a, &broken("x")));
        told.keep(&[(a.clone(), Ok(Arc::new(())))]);
        assert!(told.is_news(&a, &broken("x")));
    }
}
