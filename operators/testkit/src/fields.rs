//! Patches and the ownership of fields. In: an object and a patch. Out: the patched object, and who owns which field.
//! Pure; simpler than an API server: lists are single fields, except finalizers, the containers of a pod, and what a
//! strategic patch merges by name.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// The way to a field.
pub(crate) type Path = Vec<String>;

/// A field manager: its name, whether it applies, and the subresource that it writes.
pub(crate) type Manager = (String, bool, String);

/// The fields of each manager, and when it wrote them last.
pub(crate) type Owners = BTreeMap<Manager, (Timestamp, BTreeSet<Path>)>;

/// Merges `patch` into `object`; with `strategic`, lists of named items are merged by their names.
pub(crate) fn merge(object: &mut Value, patch: &Value, strategic: bool) {
    match (object, patch) {
        (object, Value::Object(changes)) => {
            if !object.is_object() {
                *object = json!({});
            }
            let Some(fields) = object.as_object_mut() else { return };
            for (key, change) in changes {
                if change.is_null() {
                    fields.remove(key);
                } else {
                    merge(fields.entry(key.clone()).or_insert(Value::Null), change, strategic);
                }
            }
        }
        (Value::Array(items), Value::Array(changes)) if strategic && changes.iter().all(|c| c["name"].is_string()) => {
            for change in changes {
                match items.iter_mut().find(|item| item["name"] == change["name"]) {
                    Some(item) => merge(item, change, strategic),
                    None => items.push(change.clone()),
                }
            }
        }
        (object, patch) => *object = patch.clone(),
    }
}

/// Fields that belong to no manager.
const NOBODYS: [&str; 9] = [
    "name",
    "namespace",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "managedFields",
    "generateName",
];

/// The part of a path for an item of a list whose items have names.
fn item_part(item: &Value) -> String {
    format!("k:{{\"name\":{}}}", item["name"])
}

/// Whether the list at `path` is one of containers, each of whose fields has an owner of its own.
fn are_containers(path: &[String], items: &[Value]) -> bool {
    let place = path.iter().map(String::as_str).collect::<Vec<_>>();
    matches!(place[..], ["spec", "containers" | "initContainers"]) && items.iter().all(|item| item["name"].is_string())
}

/// The fields of an object that managers can own, with their values.
pub(crate) fn leaves(object: &Value) -> BTreeMap<Path, Value> {
    fn walk(path: &Path, value: &Value, found: &mut BTreeMap<Path, Value>) {
        let below = |key: &str| path.iter().cloned().chain([key.to_owned()]).collect::<Path>();
        match value {
            Value::Object(fields) if !fields.is_empty() => {
                let in_metadata = path.len() == 1 && path[0] == "metadata";
                let owned = |key: &str| !(in_metadata && NOBODYS.contains(&key));
                fields.iter().filter(|(key, _)| owned(key)).for_each(|(key, value)| walk(&below(key), value, found));
            }
            Value::Array(items) if path.len() == 2 && path[1] == "finalizers" => {
                items.iter().filter_map(Value::as_str).for_each(|item| _ = found.insert(below(item), json!(item)));
            }
            Value::Array(items) if !items.is_empty() && are_containers(path, items) => {
                items.iter().for_each(|item| walk(&below(&item_part(item)), item, found));
            }
            value => _ = found.insert(path.clone(), value.clone()),
        }
    }
    let mut found = BTreeMap::new();
    for (key, value) in object.as_object().into_iter().flatten() {
        let empty = value.as_object().is_some_and(Map::is_empty);
        if !["apiVersion", "kind"].contains(&key.as_str()) && !empty {
            walk(&vec![key.clone()], value, &mut found);
        }
    }
    found
}

fn set(object: &mut Value, path: &[String], value: &Value) {
    match path {
        [] => *object = value.clone(),
        [key, item] if key == "finalizers" => {
            if let Some(items) = object.as_object_mut().map(|o| o.entry(key.clone()).or_insert_with(|| json!([])))
                && let Some(items) = items.as_array_mut()
                && !items.iter().any(|known| known == item)
            {
                items.push(json!(item));
            }
        }
        [part, rest @ ..] if part.starts_with("k:") => {
            if !object.is_array() {
                *object = json!([]);
            }
            let Some(items) = object.as_array_mut() else { return };
            match items.iter_mut().find(|item| item_part(item) == *part) {
                Some(item) => set(item, rest, value),
                None => {
                    let name =
                        part.strip_prefix("k:{\"name\":").and_then(|rest| rest.strip_suffix('}')).unwrap_or_default();
                    let mut item = json!({"name": serde_json::from_str::<Value>(name).unwrap_or_default()});
                    set(&mut item, rest, value);
                    items.push(item);
                }
            }
        }
        [key, rest @ ..] => {
            if !object.is_object() {
                *object = json!({});
            }
            if let Some(fields) = object.as_object_mut() {
                set(fields.entry(key.clone()).or_insert(Value::Null), rest, value);
            }
        }
    }
}

/// Removes a field, and whatever is empty without it.
fn remove(object: &mut Value, path: &[String]) {
    let Some((key, rest)) = path.split_first() else { return };
    match object {
        Value::Array(items) => match items.iter_mut().find(|item| item_part(item) == *key) {
            Some(item) => remove(item, rest),
            None => items.retain(|item| item != key),
        },
        Value::Object(fields) => {
            if let Some(below) = fields.get_mut(key).filter(|_| !rest.is_empty()) {
                remove(below, rest);
                if *below == json!({}) || *below == json!([]) {
                    fields.remove(key);
                }
            } else {
                fields.remove(key);
            }
        }
        _ => {}
    }
}

/// Applies `applied` for `manager`: its fields replace those that it applied before.
///
/// # Errors
/// The fields that belong to others and would change, with their managers.
pub(crate) fn apply(
    object: &mut Value,
    owners: &mut Owners,
    manager: &Manager,
    applied: &Value,
    force: bool,
    now: Timestamp,
) -> Result<(), Vec<(String, String)>> {
    let (wanted, there) = (leaves(applied), leaves(object));
    let changes = |path: &Path, value: &Value| there.get(path).is_some_and(|present| present != value);
    let others = |path: &Path| {
        let mut owning = owners.iter().filter(|(who, (_, paths))| *who != manager && paths.contains(path));
        owning.next().map(|(who, _)| who.0.clone())
    };
    let taken = wanted.iter().filter(|(path, value)| changes(path, value));
    let conflicts: Vec<_> = taken.filter_map(|(path, _)| Some((others(path)?, path.join(".")))).collect();
    if !conflicts.is_empty() && !force {
        return Err(conflicts);
    }
    let before = owners.get(manager).map(|(_, paths)| paths.clone()).unwrap_or_default();
    for path in before.iter().filter(|path| !wanted.contains_key(*path) && others(path).is_none()) {
        remove(object, path);
    }
    for (path, value) in &wanted {
        if changes(path, value) {
            owners.iter_mut().filter(|(who, _)| *who != manager).for_each(|(_, (_, paths))| _ = paths.remove(path));
        }
        set(object, path, value);
    }
    let paths: BTreeSet<Path> = wanted.into_keys().collect();
    match owners.get_mut(manager) {
        // A write that changes nothing leaves the time alone.
        Some((_, known)) if *known == paths && there == leaves(object) => {}
        _ => _ = owners.insert(manager.clone(), (now, paths)),
    }
    Ok(())
}

/// Records that `manager` made `after` of `before`.
pub(crate) fn updated(owners: &mut Owners, manager: &Manager, before: &Value, after: &Value, now: Timestamp) {
    let (before, after) = (leaves(before), leaves(after));
    let changed: BTreeSet<Path> =
        after.iter().filter(|(path, value)| before.get(*path) != Some(value)).map(|(path, _)| path.clone()).collect();
    for (_, paths) in owners.values_mut() {
        paths.retain(|path| after.contains_key(path) && !changed.contains(path));
    }
    if !changed.is_empty() {
        let (at, paths) = owners.entry(manager.clone()).or_insert_with(|| (now, BTreeSet::new()));
        *at = now;
        paths.extend(changed);
    }
    owners.retain(|_, (_, paths)| !paths.is_empty());
}

/// The owners as `metadata.managedFields` shows them.
pub(crate) fn shown(owners: &Owners, api_version: &Value) -> Value {
    let entry = |((manager, applied, subresource), (at, paths)): (&Manager, &(Timestamp, BTreeSet<Path>))| {
        let mut fields = json!({});
        for path in paths {
            let names: Path = match path.as_slice() {
                [a, b, item] if b == "finalizers" => vec![format!("f:{a}"), format!("f:{b}"), format!("v:{item:?}")],
                path => {
                    let name = |part: &String| if part.starts_with("k:") { part.clone() } else { format!("f:{part}") };
                    path.iter().map(name).collect()
                }
            };
            let mut below = &mut fields;
            for name in &names {
                below = &mut below[name.as_str()];
            }
            *below = json!({});
        }
        let mut entry = json!({"manager": manager, "operation": if *applied { "Apply" } else { "Update" },
            "apiVersion": api_version, "time": at.to_string(), "fieldsType": "FieldsV1", "fieldsV1": fields});
        if !subresource.is_empty() {
            entry["subresource"] = json!(subresource);
        }
        entry
    };
    owners.iter().map(entry).collect()
}
