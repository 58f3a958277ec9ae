//! What is done with the objects of a kind that is known by its value alone.
//!
//! In: the type of a kind. Out: functions that know it.

use std::sync::Arc;

use futures::{FutureExt, future::BoxFuture};
use serde::Deserialize;
use serde_json::Value;

use super::{Kind, Store, Watched};
use crate::{tables::Tables, watching::Task};

/// Shows namespaces and names of objects, one after another.
pub(crate) type See<'a> = &'a mut dyn FnMut(&Arc<str>, &Arc<str>);

/// The functions of one kind.
pub(crate) struct Descriptor {
    /// Reads an object from JSON, as the API server would send it, and puts it into its store.
    pub(crate) read: fn(&mut Tables, Kind, &Value) -> Result<(), serde_json::Error>,
    /// See [`Store::remove`].
    pub(crate) remove: fn(&mut Tables, Kind, &Arc<str>, &Arc<str>),
    /// See [`Store::each`].
    pub(crate) each: fn(&Tables, Kind, Option<&str>, See<'_>),
    /// See [`Store::count`].
    pub(crate) count: fn(&Tables, Kind) -> usize,
    /// Follows the kind for ever.
    pub(crate) watch: fn(Task) -> BoxFuture<'static, ()>,
}

impl Descriptor {
    /// The functions of `K`.
    pub(crate) const fn of<K: Watched>() -> Self {
        Self {
            read: |tables, kind, json| K::Wire::deserialize(json).map(|object| tables.put::<K>(kind, object)),
            remove: K::Store::remove,
            each: K::Store::each,
            count: K::Store::count,
            watch: |task| task.run::<K>().boxed(),
        }
    }
}
