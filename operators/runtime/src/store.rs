//! The objects of one kind in memory, as rows, kept up to date by one watch.
//!
//! In: a client and a function from an object to a row. Out: rows by key, whether the initial list is complete, a
//! counter of changes, and for followers the keys that changed. An object that does not decode becomes an error under
//! its key, without affecting the others.

mod failure;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    hash::Hash,
    sync::Arc,
};

use futures::StreamExt;
use kube::{
    Api, Client, Resource, ResourceExt,
    runtime::{
        WatchStreamExt,
        watcher::{self, Event},
    },
};
use parking_lot::Mutex;
use serde::de::DeserializeOwned;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::{decoded::Decoded, undecodable::Undecodable};
use failure::Failures;
pub use failure::{Cause, Failure};

/// Namespace (empty for cluster-scoped objects) and name.
pub type Key = (String, String);

/// A row, or why the object cannot be decoded.
pub type Entry<R> = Result<Arc<R>, Arc<Undecodable>>;

/// What changed: a count that only grows, and whether the initial list is complete.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Version {
    /// Changes so far.
    pub changes: u64,
    /// Whether the initial list is complete.
    pub complete: bool,
}

struct Inner<R> {
    rows: Mutex<BTreeMap<Key, Entry<R>>>,
    version: watch::Sender<Version>,
    followers: Mutex<Vec<mpsc::UnboundedSender<Key>>>,
    failure: Mutex<Option<Failure>>,
}

/// Rows of one kind. Cheap to clone.
pub struct Store<R>(Arc<Inner<R>>);

impl<R> Clone for Store<R> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<R> fmt::Debug for Store<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("version", &*self.0.version.borrow()).finish_non_exhaustive()
    }
}

impl<R: Send + Sync + 'static> Store<R> {
    fn empty() -> Self {
        Self(Arc::new(Inner {
            rows: Mutex::default(),
            version: watch::channel(Version::default()).0,
            followers: Mutex::default(),
            failure: Mutex::default(),
        }))
    }

    /// Starts a watch of kind `K` over the whole cluster; `row` builds rows, and skips an object by returning `None`.
    pub fn start<K>(
        client: Client,
        page_size: u32,
        row: impl Fn(&K) -> Option<R> + Send + 'static,
        shutdown: CancellationToken,
    ) -> Self
    where
        K: Resource<DynamicType = ()> + Clone + fmt::Debug + DeserializeOwned + Send + Sync + 'static,
    {
        Self::start_selected(client, page_size, "", row, shutdown)
    }

    /// The same for a kind that the server need not have. That it has none is told once, and not as a warning; then it
    /// is asked less and less often.
    pub fn start_optional<K>(
        client: Client,
        page_size: u32,
        row: impl Fn(&K) -> Option<R> + Send + 'static,
        shutdown: CancellationToken,
    ) -> Self
    where
        K: Resource<DynamicType = ()> + Clone + fmt::Debug + DeserializeOwned + Send + Sync + 'static,
    {
        let store = Self::empty();
        let config = watcher::Config::default().page_size(page_size);
        tokio::spawn(fill(client, config, true, Filling::new(store.clone(), row), shutdown));
        store
    }

    /// The same for the objects that match a field selector such as `reason=FailedCreate`.
    pub fn start_selected<K>(
        client: Client,
        page_size: u32,
        fields: &str,
        row: impl Fn(&K) -> Option<R> + Send + 'static,
        shutdown: CancellationToken,
    ) -> Self
    where
        K: Resource<DynamicType = ()> + Clone + fmt::Debug + DeserializeOwned + Send + Sync + 'static,
    {
        let store = Self::empty();
        let mut config = watcher::Config::default().page_size(page_size);
        if !fields.is_empty() {
            config = config.fields(fields);
        }
        tokio::spawn(fill(client, config, false, Filling::new(store.clone(), row), shutdown));
        store
    }

    /// The same with two kinds of rows from one watch, for two controllers that each need their own view of one kind.
    pub fn start_pair<K, S>(
        client: Client,
        page_size: u32,
        row: impl Fn(&K) -> Option<R> + Send + 'static,
        other: impl Fn(&K) -> Option<S> + Send + 'static,
        shutdown: CancellationToken,
    ) -> (Self, Store<S>)
    where
        K: Resource<DynamicType = ()> + Clone + fmt::Debug + DeserializeOwned + Send + Sync + 'static,
        S: Send + Sync + 'static,
    {
        let (store, second) = (Self::empty(), Store::empty());
        let filling = (Filling::new(store.clone(), row), Filling::new(second.clone(), other));
        let config = watcher::Config::default().page_size(page_size);
        tokio::spawn(fill(client, config, false, filling, shutdown));
        (store, second)
    }

    /// A store with fixed contents, for tests.
    pub fn fixed(rows: impl IntoIterator<Item = (Key, Entry<R>)>) -> Self {
        let store = Self::empty();
        store.0.rows.lock().extend(rows);
        store.moved([], true);
        store
    }

    fn moved(&self, keys: impl IntoIterator<Item = Key>, complete: bool) {
        {
            let mut followers = self.0.followers.lock();
            for key in keys {
                followers.retain(|follower| follower.send(key.clone()).is_ok());
            }
        }
        self.0.version.send_modify(|v| {
            v.changes += 1;
            v.complete |= complete;
        });
    }

    /// All entries, ordered by key.
    pub fn entries(&self) -> Vec<(Key, Entry<R>)> {
        self.0.rows.lock().iter().map(|(key, entry)| (key.clone(), entry.clone())).collect()
    }

    /// The keys of the rows for which `whether` holds, in order.
    pub fn keys_where(&self, whether: impl Fn(&R) -> bool) -> Vec<Key> {
        let rows = self.0.rows.lock();
        rows.iter()
            .filter(|(_, entry)| entry.as_ref().is_ok_and(|row| whether(row)))
            .map(|(key, _)| key.clone())
            .collect()
    }

    /// The entry under a key.
    pub fn entry(&self, namespace: &str, name: &str) -> Option<Entry<R>> {
        self.0.rows.lock().get(&(namespace.to_owned(), name.to_owned())).cloned()
    }

    /// Whether the initial list is complete.
    pub fn is_complete(&self) -> bool {
        self.0.version.borrow().complete
    }

    /// The last failure of the watch, if it has delivered nothing since: a watch that works again is silent until
    /// something changes.
    pub fn fault(&self) -> Option<String> {
        self.failure().map(|failure| failure.reason)
    }

    /// The same, with its time.
    pub fn failure(&self) -> Option<Failure> {
        self.0.failure.lock().clone()
    }

    /// The keys of all objects that change or are deleted from now on. They are queued without bound: a follower has
    /// to receive them or drop this.
    pub fn follow(&self) -> mpsc::UnboundedReceiver<Key> {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.0.followers.lock().push(sender);
        receiver
    }

    /// Wakes whenever something changes.
    pub fn changes(&self) -> watch::Receiver<Version> {
        self.0.version.subscribe()
    }
}

/// Waits until the initial list of each of these stores is complete.
pub async fn complete(stores: impl IntoIterator<Item = &mut watch::Receiver<Version>>) {
    for store in stores {
        // An error means that the watch has ended, which happens only at shutdown.
        let _ = store.wait_for(|v| v.complete).await;
    }
}

fn key_of<K: Resource>(object: &K) -> Key {
    (object.namespace().unwrap_or_default(), object.name_any())
}

/// Handles the events of a watch.
trait Fill<K>: Send + 'static {
    fn take(&mut self, event: &Event<Decoded<K>>);
    fn failed(&self, failure: Option<Failure>);
}

/// A store being filled, with the function that builds its rows.
struct Filling<R, F> {
    store: Store<R>,
    row: F,
    fresh: Option<BTreeMap<Key, Entry<R>>>,
}

impl<R, F> Filling<R, F> {
    fn new(store: Store<R>, row: F) -> Self {
        Self { store, row, fresh: None }
    }

    fn entry<K>(&self, guarded: &Decoded<K>) -> (Key, Option<Entry<R>>)
    where
        K: Resource,
        F: Fn(&K) -> Option<R>,
    {
        let entry = match &guarded.0 {
            Ok(object) => (self.row)(object).map(|row| Ok(Arc::new(row))),
            Err(undecodable) => Some(Err(Arc::new(undecodable.clone()))),
        };
        (key_of(guarded), entry)
    }
}

impl<K, R, F> Fill<K> for Filling<R, F>
where
    K: Resource + 'static,
    R: Send + Sync + 'static,
    F: Fn(&K) -> Option<R> + Send + 'static,
{
    fn take(&mut self, event: &Event<Decoded<K>>) {
        let inner = &self.store.0;
        match event {
            Event::Init => self.fresh = Some(BTreeMap::new()),
            Event::InitApply(object) => {
                let (key, entry) = self.entry(object);
                if let (Some(rows), Some(entry)) = (self.fresh.as_mut(), entry) {
                    rows.insert(key, entry);
                }
            }
            Event::InitDone => {
                let fresh = self.fresh.take().unwrap_or_default();
                let keys: BTreeSet<Key> = fresh.keys().chain(inner.rows.lock().keys()).cloned().collect();
                *inner.rows.lock() = fresh;
                self.store.moved(keys, true);
            }
            Event::Apply(object) => {
                let (key, entry) = self.entry(object);
                match entry {
                    Some(entry) => drop(inner.rows.lock().insert(key.clone(), entry)),
                    None => drop(inner.rows.lock().remove(&key)),
                }
                self.store.moved([key], false);
            }
            Event::Delete(object) => {
                let key = key_of(object);
                inner.rows.lock().remove(&key);
                self.store.moved([key], false);
            }
        }
    }

    fn failed(&self, failure: Option<Failure>) {
        *self.store.0.failure.lock() = failure;
    }
}

impl<K, A: Fill<K>, B: Fill<K>> Fill<K> for (A, B) {
    fn take(&mut self, event: &Event<Decoded<K>>) {
        self.0.take(event);
        self.1.take(event);
    }

    fn failed(&self, failure: Option<Failure>) {
        self.0.failed(failure.clone());
        self.1.failed(failure);
    }
}

/// Keeps the store of `filling` up to date until `shutdown`; `optional`: the server need not have the kind.
async fn fill<K>(
    client: Client,
    config: watcher::Config,
    optional: bool,
    mut filling: impl Fill<K>,
    shutdown: CancellationToken,
) where
    K: Resource<DynamicType = ()> + Clone + fmt::Debug + DeserializeOwned + Send + Sync + 'static,
{
    let api: Api<Decoded<K>> = Api::all(client);
    let mut events = watcher::watcher(api, config).default_backoff().boxed();
    let mut failures = Failures::default();
    loop {
        let event = tokio::select! {
            () = shutdown.cancelled() => return,
            event = events.next() => event,
        };
        match event {
            None => return,
            Some(Ok(event)) => {
                if failures.end_with(&event) {
                    filling.failed(None);
                }
                filling.take(&event);
            }
            Some(Err(error)) => {
                let failure = Failure::of(&error);
                let absent = optional && failure.cause == Cause::NotServed;
                match failures.is_news(&failure) {
                    true if absent => tracing::info!(kind = %K::kind(&()), "the API server does not have this kind"),
                    true => tracing::warn!(kind = %K::kind(&()), error = %failure.reason, "watch failed; retrying"),
                    false => {}
                }
                filling.failed(Some(failure));
                if absent {
                    tokio::select! {
                        () = shutdown.cancelled() => return,
                        () = tokio::time::sleep(failures.pause()) => {}
                    }
                }
            }
        }
    }
}
