//! The requests that change something, as only actions send them. In: an object, a field, a pod. Out: data with its
//! preconditions, and the bodies that are sent.
//!
//! Each request can take effect on exactly what was seen: a patch tests uid, resourceVersion and the value before; an eviction
//! carries the pod's uid, and the node that the pod has to be on still.

use serde_json::{Value, json};

use crate::object::Object;

/// A change of one field.
#[derive(Clone, Debug, PartialEq)]
pub struct Patch {
    /// The name of the step.
    pub step: String,
    /// The object, with the uid that it must have.
    pub object: Object,
    /// The subresource through which it is written; empty for the object itself.
    pub subresource: String,
    /// The resourceVersion that the object must have.
    pub version: String,
    /// The field as a JSON pointer.
    pub path: String,
    /// The value that it must have; `None` if it must not be set.
    pub from: Option<Value>,
    /// The value that it gets; `None` if it is removed.
    pub to: Option<Value>,
    /// Whether this restores a former value.
    pub is_undo: bool,
}

impl Patch {
    /// The JSON patch that is sent. That a field is not set cannot be tested: the resourceVersion stands for it.
    pub fn body(&self) -> Value {
        let test = |path: &str, value: &Value| json!({"op": "test", "path": path, "value": value});
        let mut operations = vec![
            test("/metadata/uid", &json!(self.object.uid)),
            test("/metadata/resourceVersion", &json!(self.version)),
        ];
        operations.extend(self.from.as_ref().map(|from| test(&self.path, from)));
        operations.extend(match (&self.from, &self.to) {
            (_, Some(to)) => Some(json!({"op": "add", "path": self.path, "value": to})),
            (Some(_), None) => Some(json!({"op": "remove", "path": self.path})),
            (None, None) => None,
        });
        Value::Array(operations)
    }
}

/// The eviction of one pod.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Eviction {
    /// The namespace.
    pub namespace: String,
    /// The name.
    pub name: String,
    /// The uid that the pod must have.
    pub uid: String,
    /// The node that the pod must be on. It is read once more just before the eviction is sent.
    pub node: String,
    /// How long the pod has to end; `None`: as long as it says itself.
    pub grace_period_seconds: Option<i64>,
}

impl Eviction {
    /// The body that is sent to `pods/eviction`.
    pub fn body(&self) -> Value {
        let mut options = json!({"preconditions": {"uid": self.uid}});
        if let Some(seconds) = self.grace_period_seconds {
            options["gracePeriodSeconds"] = json!(seconds);
        }
        json!({
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"namespace": self.namespace, "name": self.name},
            "deleteOptions": options,
        })
    }
}

/// A request that changes something other than Trimtab's own records.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// A field is changed.
    Patch(Box<Patch>),
    /// A pod is evicted.
    Evict(Eviction),
}

/// Identifies an [`Effect`], regardless of the version that it carries.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum EffectKey {
    /// A field of the object with this uid.
    Field {
        /// The name of the step.
        step: String,
        /// The uid of the object.
        uid: String,
        /// The field.
        path: String,
        /// Whether it is restored.
        is_undo: bool,
    },
    /// The pod with this uid is evicted.
    Evict(String),
}

impl EffectKey {
    /// The key of `effect`.
    pub fn of(effect: &Effect) -> Self {
        match effect {
            Effect::Patch(patch) => Self::Field {
                step: patch.step.clone(),
                uid: patch.object.uid.clone(),
                path: patch.path.clone(),
                is_undo: patch.is_undo,
            },
            Effect::Evict(eviction) => Self::Evict(eviction.uid.clone()),
        }
    }

    /// The request in words, as the object of a sentence.
    pub fn words(&self) -> &'static str {
        match self {
            Self::Field { is_undo: false, .. } => "the change of the target",
            Self::Field { is_undo: true, .. } => "the undo of the change",
            Self::Evict(_) => "the eviction of a pod",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patch(from: Option<Value>, to: Option<Value>) -> Value {
        let object = Object {
            group: String::new(),
            version: "v1".to_owned(),
            resource: "nodes".to_owned(),
            kind: "Node".to_owned(),
            namespace: None,
            name: "n1".to_owned(),
            uid: "u-1".to_owned(),
        };
        let path = "/spec/unschedulable".to_owned();
        let (step, subresource, version) = ("s".to_owned(), String::new(), "7".to_owned());
        Patch { step, object, subresource, version, path, from, to, is_undo: false }.body()
    }

    #[test]
    fn a_patch_takes_effect_on_what_was_seen_and_on_nothing_else() {
        let uid = json!({"op": "test", "path": "/metadata/uid", "value": "u-1"});
        let version = json!({"op": "test", "path": "/metadata/resourceVersion", "value": "7"});
        let path = "/spec/unschedulable";
        assert_eq!(
            patch(None, Some(json!(true))),
            json!([uid, version, {"op": "add", "path": path, "value": true}]),
            "no test of what is not set"
        );
        let test = json!({"op": "test", "path": path, "value": true});
        assert_eq!(patch(Some(json!(true)), None), json!([uid, version, test, {"op": "remove", "path": path}]));
        assert_eq!(
            patch(Some(json!(true)), Some(json!(false))),
            json!([uid, version, test, {"op": "add", "path": path, "value": false}])
        );
    }

    #[test]
    fn an_eviction_names_the_uid_and_leaves_the_grace_period_to_the_pod() {
        let eviction = |grace_period_seconds| Eviction {
            namespace: "shop".to_owned(),
            name: "web-1".to_owned(),
            uid: "p-1".to_owned(),
            node: "n1".to_owned(),
            grace_period_seconds,
        };
        assert_eq!(
            eviction(None).body(),
            json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"namespace": "shop", "name": "web-1"},
                "deleteOptions": {"preconditions": {"uid": "p-1"}}})
        );
        assert_eq!(eviction(Some(0)).body()["deleteOptions"]["gracePeriodSeconds"], 0);
    }
}
