//! Operations on the objects of a kind that is only known at run time.
//!
//! In: the type of a kind. Out: functions monomorphised for it.

use std::sync::Arc;

use futures::{FutureExt, future::BoxFuture};
use serde::Deserialize;
use serde_json::Value;

use super::{Kind, Store, Watched};
use crate::{tables::Tables, watching::Task};

/// Visits namespaces and names of objects, one after another.
pub(crate) type See<'a> = &'a mut dyn FnMut(&Arc<str>, &Arc<str>);

/// The functions of one kind.
pub(crate) struct Descriptor {
    /// Reads an object from JSON, as the API server sends it, and puts it into its store.
    pub(crate) read: fn(&mut Tables, Kind, &Value) -> Result<(), serde_json::Error>,
    /// See [`Store::remove`].
    pub(crate) remove: fn(&mut Tables, Kind, &Arc<str>, &Arc<str>),
    /// See [`Store::each`].
    pub(crate) each: fn(&Tables, Kind, Option<&str>, See<'_>),
    /// See [`Store::count`].
    pub(crate) count: fn(&Tables, Kind) -> usize,
    /// Watches the kind forever.
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
