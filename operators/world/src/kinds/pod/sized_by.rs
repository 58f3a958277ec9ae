//! Who gave a container its size, as its pod shows.
//!
//! In: `metadata.managedFields` of a pod, and whether it was sized at its creation. Out: whether the size is from Trimtab.
//! A resize leaves an entry of its field manager for the subresource `resize`, which owns the amounts that it changed until
//! somebody else changes them. What admission sizes belongs to whoever creates the pod; there an annotation shows it.

use std::collections::HashMap;

use serde::{Deserialize, de::IgnoredAny};

use crate::wire::{self, item_name};

/// The field manager under which Trimtab resizes pods.
pub const RESIZER: &str = "trimtab-recommendation";
/// The annotation of a pod that was sized at its creation: the name of the Recommendation.
pub const SIZED_BY: &str = "trimtab.dev/sized-by";

/// One entry of `managedFields`.
pub(crate) type ManagedField = wire::ManagedField<Fields>;

/// The path through a field set to the amounts of containers.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Fields {
    #[serde(rename = "f:spec")]
    spec: Option<Spec>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Spec {
    #[serde(rename = "f:containers")]
    containers: Option<HashMap<String, Option<Container>>>,
    #[serde(rename = "f:initContainers")]
    init_containers: Option<HashMap<String, Option<Container>>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Container {
    #[serde(rename = "f:resources")]
    resources: Option<Resources>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Resources {
    #[serde(rename = "f:requests")]
    requests: Option<Amounts>,
    #[serde(rename = "f:limits")]
    limits: Option<Amounts>,
}

/// Other resources than these are never resized.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Amounts {
    #[serde(rename = "f:cpu")]
    cpu: Option<IgnoredAny>,
    #[serde(rename = "f:memory")]
    memory: Option<IgnoredAny>,
}

impl Container {
    fn has_amounts(&self) -> bool {
        let Some(resources) = &self.resources else { return false };
        let both = [&resources.requests, &resources.limits];
        both.into_iter().flatten().any(|amounts| amounts.cpu.is_some() || amounts.memory.is_some())
    }
}

/// Whether `entry` is of a resize that still owns an amount of the container `name`.
fn resizes(entry: &ManagedField, name: &str) -> bool {
    if entry.subresource.as_deref() != Some("resize") {
        return false;
    }
    let Some(spec) = entry.fields.as_ref().and_then(|fields| fields.spec.as_ref()) else { return false };
    let mut all = [&spec.containers, &spec.init_containers].into_iter().flatten().flatten();
    all.any(|(key, container)| item_name(key) == Some(name) && container.as_ref().is_some_and(Container::has_amounts))
}

/// What a pod shows of who sized its containers.
#[derive(Clone, Copy, Debug)]
pub(super) struct SizedBy<'a> {
    /// Its `managedFields`.
    pub(super) fields: &'a [ManagedField],
    /// Whether it was sized at its creation.
    pub(super) admitted: bool,
}

impl SizedBy<'_> {
    /// Whether the size of the container `name` is from Trimtab, and others have not changed all of it since.
    pub(super) fn trimtab(self, name: &str) -> bool {
        let mut resizes = self.fields.iter().filter(|entry| resizes(entry, name)).peekable();
        // Whoever resized it since its creation meant it.
        if resizes.peek().is_none() { self.admitted } else { resizes.any(|e| e.manager.as_deref() == Some(RESIZER)) }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::{Value, json};

    use super::*;

    /// An entry of `manager` that owns `resources` of the container `name`.
    fn entry(manager: &str, name: &str, resources: &Value) -> Value {
        let container = json!({"f:resources": resources});
        json!({"manager": manager, "operation": "Update", "apiVersion": "v1", "time": "2026-11-01T08:00:00Z",
            "fieldsType": "FieldsV1", "subresource": "resize",
            "fieldsV1": {"f:spec": {"f:containers": {format!("k:{{\"name\":\"{name}\"}}"): container}}}})
    }

    fn cpu() -> Value {
        json!({"f:requests": {"f:cpu": {}}})
    }

    fn app_is_from_trimtab(entries: &Value, admitted: bool) -> bool {
        let fields: Vec<ManagedField> = serde_json::from_value(entries.clone()).unwrap();
        SizedBy { fields: &fields, admitted }.trimtab("app")
    }

    fn with(mut entry: Value, field: &str, value: Value) -> Value {
        entry[field] = value;
        entry
    }

    #[test]
    fn a_resize_by_trimtab_shows_as_long_as_it_owns_an_amount() {
        let ours = || entry(RESIZER, "app", &cpu());
        let creator = with(entry("kube-controller-manager", "app", &cpu()), "subresource", Value::Null);
        let kubelet = json!({"manager": "kubelet", "subresource": "status", "fieldsV1": {"f:status": {"f:phase": {}}}});
        let theirs = entry("kubectl-patch", "app", &json!({"f:requests": {"f:memory": {}}}));
        let limits = json!({".": {}, "f:limits": {".": {}, "f:memory": {}}});
        for entries in [
            json!([ours()]),
            json!([creator, kubelet, ours()]),
            json!([entry(RESIZER, "app", &limits)]),
            json!([theirs, ours()]),
            json!([ours(), theirs]),
            // A sidecar is among the init containers.
            json!([with(
                ours(),
                "fieldsV1",
                json!({"f:spec": {"f:initContainers": {".": {},
                "k:{\"name\":\"app\"}": {"f:resources": {"f:requests": {"f:cpu": {}}}}}}})
            )]),
        ] {
            assert!(app_is_from_trimtab(&entries, false), "{entries}");
        }
    }

    #[test]
    fn what_others_wrote_and_what_owns_no_amount_is_not_from_trimtab() {
        let ours = || entry(RESIZER, "app", &cpu());
        let of_spec = |spec: Value| with(ours(), "fieldsV1", json!({"f:spec": spec}));
        for entries in [
            json!([]),
            json!([{}]),
            json!([entry("kubectl-patch", "app", &cpu())]),
            json!([entry("trimtab", "app", &cpu())]),
            json!([entry("trimtab-recommendation-status", "app", &cpu())]),
            json!([with(ours(), "manager", Value::Null)]),
            // Not of a resize: whoever creates pods may have any name.
            json!([with(ours(), "subresource", Value::Null)]),
            json!([with(ours(), "subresource", json!(""))]),
            json!([with(ours(), "subresource", json!("status"))]),
            json!([entry(RESIZER, "log", &cpu())]),
            // Others have taken over all amounts, or the entry owns other fields.
            json!([entry(RESIZER, "app", &json!({}))]),
            json!([entry(RESIZER, "app", &json!({".": {}, "f:requests": {".": {}}, "f:limits": {}}))]),
            json!([entry(RESIZER, "app", &json!({"f:requests": {"f:ephemeral-storage": {}}}))]),
            json!([entry(RESIZER, "app", &Value::Null)]),
            json!([with(ours(), "fieldsV1", Value::Null)]),
            json!([with(ours(), "fieldsV1", json!({"f:metadata": {"f:labels": {}}}))]),
            json!([of_spec(json!({}))]),
            json!([of_spec(json!({"f:containers": {}}))]),
            json!([of_spec(json!({"f:containers": {"k:{\"name\":\"app\"}": null, "i:0": {"f:resources": cpu()}}}))]),
            json!([of_spec(json!({"f:containers": {"k:{\"name\":\"app\"}": {".": {}, "f:resizePolicy": {}}}}))]),
        ] {
            assert!(!app_is_from_trimtab(&entries, false), "{entries}");
        }
    }

    #[test]
    fn a_size_from_the_creation_holds_until_somebody_resizes_the_container() {
        let ours = entry(RESIZER, "app", &cpu());
        let theirs = entry("kubectl-patch", "app", &cpu());
        for (entries, expected) in [
            (json!([]), true),
            (json!([ours]), true),
            (json!([theirs]), false),
            (json!([theirs, ours]), true),
            (json!([entry("kubectl-patch", "log", &cpu())]), true),
        ] {
            assert_eq!(app_is_from_trimtab(&entries, true), expected, "{entries}");
        }
    }
}
