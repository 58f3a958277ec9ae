//! The objects of the server. In: what a request asks for. Out: the answer, and the changes that watches report. No
//! kind is known: every object has a status and may have finalizers.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    fields::{Manager, Owners, apply, merge, shown, updated},
    request::Asked,
};

/// Plural, namespace (empty for a cluster-scoped object) and name.
pub(crate) type Place = (String, String, String);

/// A code and a body.
pub(crate) type Answer = (u16, Value);

/// An object with the owners of its fields.
#[derive(Clone, Debug, Default)]
struct Object {
    value: Value,
    owners: Owners,
}

/// A change as a watch reports it.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) version: u64,
    /// `ADDED`, `MODIFIED` or `DELETED`.
    pub(crate) kind: &'static str,
    pub(crate) place: Place,
    pub(crate) object: Value,
}

/// All objects, and all their changes so far.
#[derive(Debug, Default)]
pub(crate) struct Objects {
    all: BTreeMap<Place, Object>,
    version: u64,
    pub(crate) changes: Vec<Change>,
}

/// A refusal as Kubernetes words it.
pub(crate) fn failure(code: u16, reason: &str, message: &str, details: Value) -> Answer {
    let status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "code": code,
        "reason": reason, "message": message, "details": details});
    (code, status)
}

fn about(place: &Place) -> Value {
    json!({"kind": place.0, "name": place.2})
}

fn not_found(place: &Place) -> Answer {
    failure(404, "NotFound", &format!("{} {:?} not found", place.0, place.2), about(place))
}

fn conflict(place: &Place, why: &str) -> Answer {
    let message = format!("Operation cannot be fulfilled on {} {:?}: {why}", place.0, place.2);
    failure(409, "Conflict", &message, about(place))
}

impl Objects {
    pub(crate) fn get(&self, place: &Place) -> Option<&Value> {
        self.all.get(place).map(|object| &object.value)
    }

    /// The objects of a resource, in order.
    pub(crate) fn of<'a>(&'a self, plural: &'a str) -> impl Iterator<Item = (&'a Place, &'a Value)> {
        self.all.iter().filter(move |(place, _)| place.0 == plural).map(|(place, object)| (place, &object.value))
    }

    /// Answers a request other than a watch.
    pub(crate) fn answer(&mut self, asked: &Asked) -> Answer {
        let plural = asked.plural().to_owned();
        let place = (plural, asked.namespace.clone(), asked.name.clone());
        match asked.verb {
            "get" => self.get(&place).map_or_else(|| not_found(&place), |object| (200, object.clone())),
            "list" => self.list(asked),
            "create" if asked.subresource() == "eviction" => {
                let preconditions = &asked.body["deleteOptions"]["preconditions"];
                self.delete(&place, preconditions, asked.at)
            }
            "create" => self.create(place, asked),
            "delete" => self.delete(&place, &asked.body["preconditions"], asked.at),
            _ => self.change(place, asked),
        }
    }

    fn list(&self, asked: &Asked) -> Answer {
        let number = |key: &str| asked.value(key).and_then(|value| value.parse::<usize>().ok());
        let (from, most) = (number("continue").unwrap_or(0), number("limit").unwrap_or(usize::MAX));
        let all: Vec<_> = self.of(asked.plural()).filter(|(place, object)| asked.covers(&place.1, object)).collect();
        let items: Vec<&Value> = all.iter().skip(from).take(most).map(|(_, object)| *object).collect();
        let end = from.saturating_add(items.len());
        let next = if end < all.len() { end.to_string() } else { String::new() };
        let metadata = json!({"resourceVersion": self.version.to_string(), "continue": next});
        (200, json!({"kind": "List", "apiVersion": "v1", "metadata": metadata, "items": items}))
    }

    fn create(&mut self, mut place: Place, asked: &Asked) -> Answer {
        let name = &asked.body["metadata"]["name"];
        place.2 = match (name.as_str(), asked.body["metadata"]["generateName"].as_str()) {
            (Some(name), _) => name.to_owned(),
            (None, Some(start)) => format!("{start}{}", self.version),
            // A review: it is answered and not stored.
            (None, None) => return (201, asked.body.clone()),
        };
        if self.all.contains_key(&place) {
            let message = format!("{} {:?} already exists", place.0, place.2);
            return failure(409, "AlreadyExists", &message, about(&place));
        }
        let mut object = Object { value: asked.body.clone(), ..Object::default() };
        let manager = (asked.manager.clone(), false, String::new());
        updated(&mut object.owners, &manager, &Value::Null, &asked.body, asked.at);
        (201, self.keep(place, object, asked.at))
    }

    fn change(&mut self, place: Place, asked: &Asked) -> Answer {
        let meta = &asked.body["metadata"];
        let Some(known) = self.all.get(&place).cloned() else {
            let makes = asked.verb == "apply" && asked.subresource().is_empty();
            return match meta["uid"].as_str() {
                _ if !makes => not_found(&place),
                Some(_) => conflict(&place, "uid mismatch: the object does not exist"),
                None => self.apply(place, Object::default(), asked),
            };
        };
        if let Some(why) = differs(&known.value, meta) {
            return conflict(&place, why);
        }
        if asked.verb == "apply" {
            return self.apply(place, known, asked);
        }
        let mut after = known.clone();
        if asked.verb == "update" {
            after.value = asked.body.clone()
        } else {
            merge(&mut after.value, &asked.body, asked.strategic)
        }
        let after = within(asked.subresource(), &known.value, after.value);
        let manager: Manager = (asked.manager.clone(), false, asked.subresource().to_owned());
        let mut owners = known.owners;
        updated(&mut owners, &manager, &known.value, &after, asked.at);
        (200, self.keep(place, Object { value: after, owners }, asked.at))
    }

    fn apply(&mut self, place: Place, mut object: Object, asked: &Asked) -> Answer {
        let manager: Manager = (asked.manager.clone(), true, asked.subresource().to_owned());
        let force = asked.value("force") == Some("true");
        let (made, before) = (object.value.is_null(), object.value.clone());
        if made {
            object.value = json!({"apiVersion": asked.body["apiVersion"], "kind": asked.body["kind"]});
        }
        if let Err(fields) = apply(&mut object.value, &mut object.owners, &manager, &asked.body, force, asked.at) {
            let cause = |(owner, field): &(String, String)| json!({"reason": "FieldManagerConflict", "message": format!("conflict with {owner:?}"), "field": field});
            let causes: Vec<Value> = fields.iter().map(cause).collect();
            let details = json!({"name": place.2, "causes": causes});
            return failure(409, "Conflict", "Apply failed with conflicts", details);
        }
        object.value = within(asked.subresource(), &before, object.value);
        (if made { 201 } else { 200 }, self.keep(place, object, asked.at))
    }

    /// Deletes an object, or marks it as deleted as long as it has finalizers.
    pub(crate) fn delete(&mut self, place: &Place, preconditions: &Value, now: Timestamp) -> Answer {
        let Some(object) = self.all.get(place).cloned() else { return not_found(place) };
        if let Some(why) = differs(&object.value, preconditions) {
            return conflict(place, why);
        }
        let mut marked = object;
        if marked.value["metadata"]["deletionTimestamp"].is_null() {
            marked.value["metadata"]["deletionTimestamp"] = json!(now.to_string());
        }
        (200, self.keep(place.clone(), marked, now))
    }

    /// Stores an object as it is given, its status included. A generation or a date of creation that it states are kept.
    pub(crate) fn put(&mut self, place: Place, value: Value, manager: &str, now: Timestamp) -> Value {
        let known = self.all.get(&place).cloned().unwrap_or_default();
        let mut owners = known.owners;
        if !manager.is_empty() {
            updated(&mut owners, &(manager.to_owned(), false, String::new()), &known.value, &value, now);
        }
        self.keep(place, Object { value, owners }, now)
    }

    /// Stores a new state, with the metadata that the server writes; an unchanged object keeps its version.
    fn keep(&mut self, place: Place, mut object: Object, now: Timestamp) -> Value {
        let known = self.all.get(&place).map(|known| known.value.clone());
        let old = known.as_ref().map(|known| known["metadata"].clone()).unwrap_or_default();
        let next = self.version + 1;
        let api_version = object.value["apiVersion"].clone();
        let changed_spec = known.as_ref().is_some_and(|known| known["spec"] != object.value["spec"]);
        let meta = &mut object.value["metadata"];
        // What an object once had it keeps; a new one has what a test gives it.
        let first = |field: &str, meta: &Value| [&old[field], &meta[field]].into_iter().find(|v| !v.is_null()).cloned();
        meta["uid"] = first("uid", meta).unwrap_or_else(|| json!(format!("uid-{next}")));
        meta["creationTimestamp"] = first("creationTimestamp", meta).unwrap_or_else(|| json!(now.to_string()));
        let generation = old["generation"].as_i64().or(meta["generation"].as_i64()).unwrap_or(1);
        meta["generation"] = json!(generation + i64::from(changed_spec));
        meta["name"] = json!(place.2);
        if !place.1.is_empty() {
            meta["namespace"] = json!(place.1);
        }
        if let Some(deleted) = first("deletionTimestamp", meta) {
            meta["deletionTimestamp"] = deleted;
        }
        meta["managedFields"] = shown(&object.owners, &api_version);
        let gone = !meta["deletionTimestamp"].is_null() && meta["finalizers"].as_array().is_none_or(Vec::is_empty);
        meta["resourceVersion"] = old["resourceVersion"].clone();
        if !gone && known.as_ref() == Some(&object.value) {
            return object.value;
        }
        self.version = next;
        object.value["metadata"]["resourceVersion"] = json!(next.to_string());
        let kind = match (gone, known.is_some()) {
            (true, _) => "DELETED",
            (false, true) => "MODIFIED",
            (false, false) => "ADDED",
        };
        let value = object.value.clone();
        self.changes.push(Change { version: next, kind, place: place.clone(), object: value.clone() });
        if gone {
            _ = self.all.remove(&place)
        } else {
            _ = self.all.insert(place, object)
        }
        value
    }
}

/// Why an object is not the one that `wanted` names by uid or version.
fn differs(object: &Value, wanted: &Value) -> Option<&'static str> {
    let other = |field: &str| wanted[field].is_string() && wanted[field] != object["metadata"][field];
    if other("uid") {
        Some("Precondition failed: UID in precondition is another")
    } else if other("resourceVersion") {
        Some("the object has been modified; please apply your changes to the latest version and try again")
    } else {
        None
    }
}

/// What a write through `subresource` may change: a status nothing else, the object itself everything else.
fn within(subresource: &str, before: &Value, mut after: Value) -> Value {
    let field = if matches!(subresource, "" | "status") { "status" } else { "spec" };
    if !subresource.is_empty() {
        let changed = after[field].take();
        after = before.clone();
        after[field] = changed;
    } else if before.is_object() {
        // Only an object that exists has a status to keep.
        after[field] = before[field].clone();
    }
    drop_null(after, field)
}

fn drop_null(mut object: Value, field: &str) -> Value {
    if object[field].is_null() {
        object.as_object_mut().map(|fields| fields.remove(field));
    }
    object
}
