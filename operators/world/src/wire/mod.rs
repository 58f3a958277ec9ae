//! Objects as the API server sends them, cut down to the fields that rows hold. Everything else is skipped while reading.
//!
//! In: JSON. Out: [`Object`], which lives only until it has become a row. Quantities and times are checked while reading, so
//! an object either reads whole or is malformed; nothing half-read reaches the tables.

mod amount;
mod custom;
mod guard;
mod head;
mod managed;
mod node;
mod pairs;
mod pod;
mod target;
mod template;
mod volume;
mod vpa;
mod workload;

use std::{borrow::Cow, fmt::Debug};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::{Resource, core::DynamicResourceScope};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};

pub(crate) use custom::Custom;
pub(crate) use guard::{HorizontalPodAutoscaler, LimitRange, PodDisruptionBudget, ResourceQuota};
pub(crate) use head::Head;
pub(crate) use node::{Namespace, Node};
pub(crate) use pod::{Pod, ReplicaSet};
pub(crate) use vpa::VerticalPodAutoscaler;
pub(crate) use workload::{CronJob, DaemonSet, Deployment, Job, Rollout, StatefulSet};

use crate::{kind::Kind, tables::Tables};

/// Where the objects of a kind are: the kind, and its plural as paths spell it.
#[derive(Clone, Debug)]
pub(crate) struct Address {
    pub(crate) kind: Kind,
    pub(crate) plural: Cow<'static, str>,
}

/// A kind on the wire: which parts of it are read, and how they become a row.
pub(crate) trait Wire: Debug + Clone + Copy + Send + Sync + 'static {
    /// Whether only metadata is asked for.
    const METADATA_ONLY: bool = false;
    /// `metadata.labels`, or nothing.
    type Labels: Part;
    /// `metadata.annotations`, or nothing.
    type Annotations: Part;
    /// `metadata.managedFields`, or nothing.
    type ManagedFields: Part;
    /// `spec`, or nothing.
    type Spec: Part;
    /// `status`, or nothing.
    type Status: Part;

    /// Puts an object of `kind` into its table, in place of what was there.
    fn store(kind: Kind, object: Object<Self>, tables: &mut Tables);
}

/// A part of an object that is read, or skipped when it is [`serde::de::IgnoredAny`].
pub(crate) trait Part: DeserializeOwned + Default + Debug + Clone + Send + Sync + 'static {}

impl<T: DeserializeOwned + Default + Debug + Clone + Send + Sync + 'static> Part for T {}

/// The metadata of a kind.
pub(crate) type HeadOf<W> = Head<<W as Wire>::Labels, <W as Wire>::Annotations, <W as Wire>::ManagedFields>;

/// One object as it is read.
#[derive(Clone, Debug)]
pub(crate) struct Object<W: Wire> {
    /// The few fields of metadata that the watch machinery itself needs.
    meta: ObjectMeta,
    /// Metadata that rows hold.
    pub(crate) head: HeadOf<W>,
    /// `spec`.
    pub(crate) spec: W::Spec,
    /// `status`.
    pub(crate) status: W::Status,
}

impl<'de, W: Wire> Deserialize<'de> for Object<W> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(bound = "H: DeserializeOwned, S: DeserializeOwned, T: DeserializeOwned")]
        struct Raw<H, S, T> {
            metadata: H,
            #[serde(default = "Option::default")]
            spec: Option<S>,
            #[serde(default = "Option::default")]
            status: Option<T>,
        }
        let raw: Raw<HeadOf<W>, W::Spec, W::Status> = Raw::deserialize(deserializer)?;
        let head = raw.metadata;
        let meta = ObjectMeta {
            name: Some(head.name.clone()),
            namespace: Some(head.namespace.clone()).filter(|n| !n.is_empty()),
            resource_version: head.resource_version.clone(),
            ..ObjectMeta::default()
        };
        Ok(Self { meta, head, spec: raw.spec.unwrap_or_default(), status: raw.status.unwrap_or_default() })
    }
}

impl<W: Wire> Resource for Object<W> {
    type DynamicType = Address;
    type Scope = DynamicResourceScope;

    fn kind(address: &Address) -> Cow<'_, str> {
        address.kind.as_str().into()
    }

    fn group(address: &Address) -> Cow<'_, str> {
        address.kind.group().into()
    }

    fn version(address: &Address) -> Cow<'_, str> {
        address.kind.version().into()
    }

    fn plural(address: &Address) -> Cow<'_, str> {
        address.plural.as_ref().into()
    }

    fn metadata_api() -> bool {
        W::METADATA_ONLY
    }

    fn meta(&self) -> &ObjectMeta {
        &self.meta
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.meta
    }
}
