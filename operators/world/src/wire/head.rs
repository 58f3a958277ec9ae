//! Metadata on the wire.
//!
//! In: `metadata` of any object. Out: the fields that the watcher needs, and those that rows hold.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::{
    Deserialize,
    de::{DeserializeOwned, IgnoredAny},
};
use trimtab_core::WorkloadKind;

use super::Part;
use crate::{
    intern::Interner,
    row::{Controller, ControllerKind},
    tables::Key,
};

/// An owner reference.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct OwnerReference {
    api_version: String,
    kind: String,
    name: String,
    controller: Option<bool>,
}

impl OwnerReference {
    fn row(&self, interner: &mut Interner) -> Controller {
        // Other groups have kinds of the same name (Volcano's Job), which are not meant.
        let group = self.api_version.split_once('/').map_or("", |(group, _)| group);
        let kind = match (group, self.kind.as_str()) {
            ("apps", "ReplicaSet") => ControllerKind::ReplicaSet,
            (group, kind) => WorkloadKind::of_group(group, kind)
                .map_or_else(|| ControllerKind::Other(interner.text(kind)), ControllerKind::Workload),
        };
        Controller { kind, name: interner.text(&self.name) }
    }
}

/// Metadata of an object: labels `L`, annotations `A` and managed fields `F`, each skipped unless the kind uses it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(
    rename_all = "camelCase",
    bound = "L: Default + DeserializeOwned, A: Default + DeserializeOwned, F: Default + DeserializeOwned"
)]
pub(crate) struct Head<L = IgnoredAny, A = IgnoredAny, F = IgnoredAny> {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) namespace: String,
    #[serde(default)]
    pub(crate) uid: String,
    #[serde(default)]
    pub(crate) resource_version: Option<String>,
    #[serde(default)]
    pub(crate) generation: i64,
    #[serde(default)]
    pub(crate) creation_timestamp: Option<Timestamp>,
    #[serde(default)]
    pub(crate) deletion_timestamp: Option<IgnoredAny>,
    #[serde(default)]
    owner_references: Option<Vec<OwnerReference>>,
    #[serde(default)]
    pub(crate) labels: L,
    #[serde(default)]
    pub(crate) annotations: A,
    #[serde(default)]
    pub(crate) managed_fields: F,
}

impl<L, A, F> Head<L, A, F> {
    /// The controller of the object. There is at most one.
    pub(crate) fn controller(&self, interner: &mut Interner) -> Option<Controller> {
        self.owner_references.iter().flatten().find(|o| o.controller == Some(true)).map(|o| o.row(interner))
    }
}

/// Metadata, whichever parts of it are read.
pub(crate) trait Metadata: Part {
    /// The few fields that the watcher itself needs.
    fn meta(&self) -> ObjectMeta;

    /// Namespace and name, interned.
    fn key(&self, interner: &mut Interner) -> Key;
}

impl<L: Part, A: Part, F: Part> Metadata for Head<L, A, F> {
    fn meta(&self) -> ObjectMeta {
        ObjectMeta {
            name: Some(self.name.clone()),
            namespace: Some(self.namespace.clone()).filter(|n| !n.is_empty()),
            resource_version: self.resource_version.clone(),
            ..ObjectMeta::default()
        }
    }

    fn key(&self, interner: &mut Interner) -> Key {
        (interner.text(&self.namespace), interner.text(&self.name))
    }
}
