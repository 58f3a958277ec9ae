//! The objects of one kind in memory, as rows, kept up to date by one watch.
//!
//! In: a client and a function from an object to a row. Out: rows by key, whether the first list is complete, and a count
//! that moves with every change. An object that does not decode becomes an error under its key, and all others go on.

use std::{
    collections::BTreeMap,
    fmt,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures::StreamExt;
use kube::{
    Api, Client, Resource, ResourceExt,
    core::ObjectMeta,
    runtime::{
        WatchStreamExt,
        watcher::{self, Event},
    },
};
use serde::de::DeserializeOwned;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::guard::Guard;

/// Namespace (empty for cluster-scoped objects) and name.
pub type Key = (String, String);

/// An object that cannot be read as its kind.
#[derive(Clone, Debug)]
pub struct Undecodable {
    /// Its metadata.
    pub metadata: ObjectMeta,
    /// What is wrong with it.
    pub error: String,
}

/// A row, or why there is none.
pub type Entry<R> = Result<Arc<R>, Arc<Undecodable>>;

/// What changed: a count that only grows, and whether the first list is complete.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Version {
    /// Changes so far.
    pub changes: u64,
    /// Whether everything that exists is on the shelf.
    pub complete: bool,
}

struct Inner<R> {
    rows: Mutex<BTreeMap<Key, Entry<R>>>,
    version: watch::Sender<Version>,
    fault: Mutex<Option<String>>,
}

/// Rows of one kind. Cheap to clone.
pub struct Shelf<R>(Arc<Inner<R>>);

impl<R> Clone for Shelf<R> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<R> fmt::Debug for Shelf<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shelf").field("version", &*self.0.version.borrow()).finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<R: Send + Sync + 'static> Shelf<R> {
    /// Starts the watch of kind `K` over the whole cluster; `row` makes rows, and leaves out what it answers `None` for.
    pub fn start<K>(
        client: Client,
        page_size: u32,
        row: impl Fn(&K) -> Option<R> + Send + 'static,
        shutdown: CancellationToken,
    ) -> Self
    where
        K: Resource<DynamicType = ()> + Clone + fmt::Debug + DeserializeOwned + Send + Sync + 'static,
    {
        let shelf = Self(Arc::new(Inner {
            rows: Mutex::default(),
            version: watch::channel(Version::default()).0,
            fault: Mutex::default(),
        }));
        let filled = shelf.clone();
        tokio::spawn(async move {
            let config = watcher::Config::default().page_size(page_size);
            let api: Api<Guard<K>> = Api::all(client);
            let mut events = watcher::watcher(api, config).default_backoff().boxed();
            let mut fresh: Option<BTreeMap<Key, Entry<R>>> = None;
            loop {
                let event = tokio::select! {
                    () = shutdown.cancelled() => return,
                    event = events.next() => event,
                };
                match event {
                    None => return,
                    Some(Ok(event)) => {
                        *lock(&filled.0.fault) = None;
                        filled.take(event, &row, &mut fresh);
                    }
                    Some(Err(error)) => {
                        tracing::warn!(kind = %K::kind(&()), %error, "watch failed; it is tried again");
                        *lock(&filled.0.fault) = Some(error.to_string());
                    }
                }
            }
        });
        shelf
    }

    fn take<K>(
        &self,
        event: Event<Guard<K>>,
        row: &impl Fn(&K) -> Option<R>,
        fresh: &mut Option<BTreeMap<Key, Entry<R>>>,
    ) where
        K: Resource<DynamicType = ()> + Clone + fmt::Debug + DeserializeOwned,
    {
        match event {
            Event::Init => *fresh = Some(BTreeMap::new()),
            Event::InitApply(object) => {
                let (key, entry) = entry(object, row);
                if let (Some(rows), Some(entry)) = (fresh.as_mut(), entry) {
                    rows.insert(key, entry);
                }
            }
            Event::InitDone => {
                *lock(&self.0.rows) = fresh.take().unwrap_or_default();
                self.moved(true);
            }
            Event::Apply(object) => {
                let (key, entry) = entry(object, row);
                match entry {
                    Some(entry) => drop(lock(&self.0.rows).insert(key, entry)),
                    None => drop(lock(&self.0.rows).remove(&key)),
                }
                self.moved(false);
            }
            Event::Delete(object) => {
                lock(&self.0.rows).remove(&key_of(&object));
                self.moved(false);
            }
        }
    }

    fn moved(&self, complete: bool) {
        self.0.version.send_modify(|v| {
            v.changes += 1;
            v.complete |= complete;
        });
    }

    /// All entries, in the order of their keys.
    pub fn entries(&self) -> Vec<(Key, Entry<R>)> {
        lock(&self.0.rows).iter().map(|(key, entry)| (key.clone(), entry.clone())).collect()
    }

    /// What is under a key.
    pub fn entry(&self, namespace: &str, name: &str) -> Option<Entry<R>> {
        lock(&self.0.rows).get(&(namespace.to_owned(), name.to_owned())).cloned()
    }

    /// Whether everything that exists is on the shelf.
    pub fn is_complete(&self) -> bool {
        self.0.version.borrow().complete
    }

    /// Why the watch fails at present, if it does.
    pub fn fault(&self) -> Option<String> {
        lock(&self.0.fault).clone()
    }

    /// Wakes whenever something changes.
    pub fn changes(&self) -> watch::Receiver<Version> {
        self.0.version.subscribe()
    }
}

fn key_of<K: Resource>(object: &K) -> Key {
    (object.namespace().unwrap_or_default(), object.name_any())
}

fn entry<K, R>(guarded: Guard<K>, row: &impl Fn(&K) -> Option<R>) -> (Key, Option<Entry<R>>)
where
    K: Resource<DynamicType = ()> + Clone + fmt::Debug + DeserializeOwned,
{
    let key = key_of(&guarded);
    match guarded.0 {
        Ok(object) => (key, row(&object).map(|row| Ok(Arc::new(row)))),
        Err(undecodable) => (key, Some(Err(Arc::new(undecodable)))),
    }
}
