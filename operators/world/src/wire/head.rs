//! Metadata on the wire.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{
    Deserialize,
    de::{DeserializeOwned, IgnoredAny},
};
use trimtab_core::WorkloadKind;

use crate::{
    intern::Interner,
    row::{Controller, ControllerKind},
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
        // Other groups have kinds of the same names (Volcano's Job), which are not ours.
        let group = self.api_version.split_once('/').map_or("", |(group, _)| group);
        let kind = match (group, self.kind.as_str()) {
            ("apps", "ReplicaSet") => ControllerKind::ReplicaSet,
            (group, kind) => WorkloadKind::of_group(group, kind)
                .map_or_else(|| ControllerKind::Other(interner.text(kind)), ControllerKind::Workload),
        };
        Controller { kind, name: interner.text(&self.name) }
    }
}

/// Metadata of an object; the parts that a kind has no use for are skipped by naming them `IgnoredAny`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(
    rename_all = "camelCase",
    bound = "L: Default + DeserializeOwned, A: Default + DeserializeOwned, F: Default + DeserializeOwned"
)]
pub(crate) struct Head<L, A, F> {
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
    /// The owner that controls the object. There is at most one.
    pub(crate) fn controller(&self, interner: &mut Interner) -> Option<Controller> {
        self.owner_references.iter().flatten().find(|o| o.controller == Some(true)).map(|o| o.row(interner))
    }

    /// Namespace and name, interned.
    pub(crate) fn key(&self, interner: &mut Interner) -> (Arc<str>, Arc<str>) {
        (interner.text(&self.namespace), interner.text(&self.name))
    }
}
