//! Objects as the API server sends them, cut down to the fields that rows hold. Parsing skips everything else.
//!
//! In: JSON. Out: [`Object`], which lives only until it has become a row. Quantities and times are checked during
//! parsing, so an object either parses whole or is malformed; nothing half-read reaches the tables. Fields specific to
//! one kind are in that kind's file; here are the shared ones.

mod amount;
mod condition;
mod head;
mod managed_field;
mod pairs;
mod target;

use std::{borrow::Cow, fmt::Debug};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::{Resource, core::DynamicResourceScope};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, IgnoredAny},
};

pub(crate) use amount::{Amount, Millis, Requirements, ResourceList, Whole, count};
pub(crate) use condition::{Condition, is_true};
pub(crate) use head::{Head, Metadata};
pub(crate) use managed_field::{ManagedField, item_name};
pub(crate) use pairs::{All, Marks, Own, Pairs};
pub(crate) use target::TargetRef;

use crate::kinds::{Kind, Watched};

/// The address of a kind's objects: the kind, and its plural as in paths.
#[derive(Clone, Debug)]
pub(crate) struct Address {
    pub(crate) kind: Kind,
    pub(crate) plural: Cow<'static, str>,
}

/// A part of an object that is read, or skipped when it is [`serde::de::IgnoredAny`].
pub(crate) trait Part: DeserializeOwned + Default + Debug + Clone + Send + Sync + 'static {}

impl<T: DeserializeOwned + Default + Debug + Clone + Send + Sync + 'static> Part for T {}

/// The fields read from an object.
pub(crate) trait Wire: DeserializeOwned + Debug + Clone + Send + Sync + 'static {
    /// Its metadata.
    fn head(&self) -> &impl Metadata;
}

/// The fields read from an object with a spec and a status. A part that is not read is [`IgnoredAny`].
#[derive(Clone, Debug)]
pub(crate) struct Parts<H = Head, S = IgnoredAny, T = IgnoredAny> {
    /// `metadata`.
    pub(crate) head: H,
    /// `spec`.
    pub(crate) spec: S,
    /// `status`.
    pub(crate) status: T,
}

impl<'de, H: Part, S: Part, T: Part> Deserialize<'de> for Parts<H, S, T> {
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
        let raw: Raw<H, S, T> = Raw::deserialize(deserializer)?;
        Ok(Self { head: raw.metadata, spec: raw.spec.unwrap_or_default(), status: raw.status.unwrap_or_default() })
    }
}

impl<H: Metadata, S: Part, T: Part> Wire for Parts<H, S, T> {
    fn head(&self) -> &impl Metadata {
        &self.head
    }
}

/// One object of a kind, as the watcher handles it.
#[derive(Clone, Debug)]
pub(crate) struct Object<K: Watched> {
    meta: ObjectMeta,
    /// The parsed fields.
    pub(crate) wire: K::Wire,
}

impl<'de, K: Watched> Deserialize<'de> for Object<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wire = K::Wire::deserialize(deserializer)?;
        Ok(Self { meta: wire.head().meta(), wire })
    }
}

impl<K: Watched> Resource for Object<K> {
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
        K::METADATA_ONLY
    }

    fn meta(&self) -> &ObjectMeta {
        &self.meta
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.meta
    }
}
