//! An object of a list or watch that may not decode as its kind, without decoding every object twice.
//!
//! In: the JSON of one object. Out: the object, or its metadata with the error. `kube`'s own guard parses each object
//! into a tree, clones the tree and decodes from it; this one keeps the text and parses it again only after an error.

use std::borrow::Cow;

use kube::{
    Resource,
    core::{ObjectMeta, PartialObjectMeta},
};
use serde::{
    Deserialize,
    de::{DeserializeOwned, Error},
};
use serde_json::value::RawValue;

use crate::undecodable::Undecodable;

/// An object, or why it cannot be decoded.
#[derive(Clone, Debug)]
pub(crate) struct Decoded<K>(pub(crate) Result<K, Undecodable>);

impl<'de, K: Resource + DeserializeOwned> Deserialize<'de> for Decoded<K> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // The text can only be kept if it is read straight from the response. The API server writes the type of a
        // watch event before its object, so that nothing has to be buffered in between.
        let text = Box::<RawValue>::deserialize(deserializer)?;
        match serde_json::from_str(text.get()) {
            Ok(object) => Ok(Self(Ok(object))),
            Err(error) => {
                let partial: PartialObjectMeta<K> = serde_json::from_str(text.get()).map_err(D::Error::custom)?;
                Ok(Self(Err(Undecodable { metadata: partial.metadata, error: without_position(&error) })))
            }
        }
    }
}

/// The error, without the line and column in a text that nobody else sees.
fn without_position(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rfind(" at line ").map_or(text.as_str(), |end| &text[..end]).to_owned()
}

impl<K: Resource> Resource for Decoded<K> {
    type DynamicType = K::DynamicType;
    type Scope = K::Scope;

    fn kind(dt: &Self::DynamicType) -> Cow<'_, str> {
        K::kind(dt)
    }

    fn group(dt: &Self::DynamicType) -> Cow<'_, str> {
        K::group(dt)
    }

    fn version(dt: &Self::DynamicType) -> Cow<'_, str> {
        K::version(dt)
    }

    fn plural(dt: &Self::DynamicType) -> Cow<'_, str> {
        K::plural(dt)
    }

    fn meta(&self) -> &ObjectMeta {
        self.0.as_ref().map_or_else(|undecodable| &undecodable.metadata, K::meta)
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        self.0.as_mut().map_or_else(|undecodable| &mut undecodable.metadata, K::meta_mut)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use k8s_openapi::api::core::v1::ConfigMap;
    use kube::{
        ResourceExt,
        core::{ObjectList, WatchEvent},
    };

    use super::Decoded;

    #[test]
    fn objects_of_lists_and_watches_decode_and_a_bad_one_keeps_its_metadata() {
        let bad = r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"bad","uid":"7"},"data":[1]}"#;
        let list = format!(
            r#"{{"apiVersion":"v1","kind":"ConfigMapList","metadata":{{}},"items":[{bad},{{"metadata":{{"name":"good"}},"data":{{"a":"b"}}}}]}}"#
        );
        let list: ObjectList<Decoded<ConfigMap>> = serde_json::from_str(&list).unwrap();
        let error = list.items[0].0.as_ref().unwrap_err();
        assert_eq!((list.items[0].name_any().as_str(), error.metadata.uid.as_deref()), ("bad", Some("7")));
        assert_eq!(error.error, "invalid type: sequence, expected a map");
        assert_eq!(list.items[1].0.as_ref().unwrap().data.as_ref().unwrap()["a"], "b");

        let event = format!(r#"{{"type":"MODIFIED","object":{bad}}}"#);
        let WatchEvent::Modified(object) = serde_json::from_str::<WatchEvent<Decoded<ConfigMap>>>(&event).unwrap()
        else {
            panic!("another event");
        };
        assert!(object.0.is_err());
    }
}
