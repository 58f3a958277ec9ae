//! The handle to the shared world: watches write to it, everybody reads from it.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use kube::Client;
use parking_lot::{Mutex, RwLock};
use tokio::sync::{Notify, watch};
use trimtab_core::{CustomKind, WorkloadId};

use crate::{
    changes::{Changes, Listeners},
    kinds::{Kind, OomEvent},
    row::PodRow,
    state::{Fares, Missing, Watches},
    tables::{LeftBehind, Malformed, Tables},
    watching,
};

/// Which namespaces are watched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Namespaces {
    /// The whole cluster, by one watch per kind.
    #[default]
    All,
    /// Only these, by one watch per kind and namespace. An empty list watches none.
    Only(Vec<String>),
}

/// Watch options.
#[derive(Clone, Debug)]
pub struct Options {
    /// Which namespaces.
    pub namespaces: Namespaces,
    /// Whether initial lists are streamed by watches (`sendInitialEvents`) instead of paged.
    pub streaming_lists: bool,
    /// Page size of lists.
    pub page_size: u32,
    /// Custom resource kinds that are workloads too.
    pub custom: Vec<CustomKind>,
}

impl Default for Options {
    fn default() -> Self {
        Self { namespaces: Namespaces::All, streaming_lists: false, page_size: 500, custom: Vec::new() }
    }
}

/// The shared view of the cluster.
#[derive(Debug)]
pub struct World {
    tables: RwLock<Tables>,
    watches: Mutex<Watches>,
    synced: watch::Sender<bool>,
    listeners: Listeners,
    oom: Notify,
    last_event: Mutex<Instant>,
}

impl World {
    /// Starts watching on the current tokio runtime, until `shutdown` resolves.
    pub fn start(client: Client, options: Options, shutdown: impl Future<Output = ()> + Send + 'static) -> Arc<Self> {
        let world = Arc::new(Self::new(Tables::default(), Watches::new(watching::scopes(&options))));
        tokio::spawn(watching::run(world.clone(), client, options, shutdown));
        world
    }

    /// A synced world that watches nothing: for tests and replays.
    pub fn fixed(tables: Tables) -> Arc<Self> {
        let world = Self::new(tables, Watches::default());
        world.settle();
        Arc::new(world)
    }

    fn new(tables: Tables, watches: Watches) -> Self {
        Self {
            tables: RwLock::new(tables),
            watches: Mutex::new(watches),
            synced: watch::Sender::new(false),
            listeners: Listeners::default(),
            oom: Notify::new(),
            last_event: Mutex::new(Instant::now()),
        }
    }

    /// Runs several queries against one consistent state. Keep `ask` short: it holds the read lock.
    pub fn read<R>(&self, ask: impl FnOnce(&Tables) -> R) -> R {
        ask(&self.tables.read())
    }

    /// Changes the tables and notifies listeners. Used by watches; tests may use it.
    pub fn update<R>(&self, change: impl FnOnce(&mut Tables) -> R) -> R {
        let mut tables = self.tables.write();
        let result = change(&mut tables);
        let dirty = tables.take_dirty();
        let ooms = tables.has_ooms();
        drop(tables);
        self.listeners.tell(&dirty);
        if ooms {
            self.oom.notify_one();
        }
        result
    }

    pub(crate) fn touch(&self) {
        *self.last_event.lock() = Instant::now();
    }

    pub(crate) fn with_watches<R>(&self, change: impl FnOnce(&mut Watches) -> R) -> R {
        let result = change(&mut self.watches.lock());
        self.settle();
        result
    }

    fn settle(&self) {
        let synced = self.watches.lock().synced();
        // Once synced it stays so: watches that fail later keep their last rows.
        self.synced.send_if_modified(|s| !std::mem::replace(s, *s || synced) && synced);
    }

    /// Whether every kind has been listed once, or was refused.
    pub fn synced(&self) -> bool {
        *self.synced.borrow()
    }

    /// Waits until [`World::synced`].
    pub async fn wait_synced(&self) {
        // The sender lives as long as `self`, so this cannot fail.
        let _ = self.synced.subscribe().wait_for(|synced| *synced).await;
    }

    /// Kinds that the API server refuses to list or watch (403, 404). They are retried with back-off. Optional kinds,
    /// see [`Kind::is_optional`], are among them only if the server has them and forbids them; custom resources never.
    pub fn missing(&self) -> Vec<Missing> {
        self.all_missing().into_iter().filter(|m| m.kind.custom().is_none()).collect()
    }

    /// Custom resource kinds configured as workloads that are not served, not scalable or refused.
    pub fn missing_custom(&self) -> Vec<Missing> {
        self.all_missing().into_iter().filter(|m| m.kind.custom().is_some()).collect()
    }

    fn all_missing(&self) -> Vec<Missing> {
        self.watches.lock().missing(Instant::now())
    }

    /// The state of the watch of a kind.
    pub fn fares(&self, kind: Kind) -> Fares {
        self.watches.lock().fares(kind)
    }

    /// Time since any watch last delivered anything.
    pub fn last_event_age(&self) -> Duration {
        self.last_event.lock().elapsed()
    }

    /// Subscribes to changes from now on. Each listener has its own set, which grows until it is taken: whoever does
    /// not take changes for a while drops it, and subscribes again.
    pub fn changes(&self) -> Changes {
        self.listeners.add()
    }

    /// Waits for OOM kills and takes them, each once, after the world has synced. One consumer only.
    ///
    /// After a start it returns once the last kill of each container that its pod still shows.
    pub async fn next_ooms(&self) -> Vec<OomEvent> {
        self.wait_synced().await;
        loop {
            let ooms = self.update(Tables::take_ooms);
            if !ooms.is_empty() {
                return ooms;
            }
            self.oom.notified().await;
        }
    }
}

/// Queries, each under its own read lock; see [`Tables`] for details. Those on one kind are in its own file.
impl World {
    /// See [`Tables::left_by`].
    pub fn left_by(&self, id: &WorkloadId) -> LeftBehind {
        self.read(|t| t.left_by(id))
    }

    /// See [`Tables::pods_of`].
    pub fn pods_of(&self, id: &WorkloadId) -> Vec<Arc<PodRow>> {
        self.read(|t| t.pods_of(id))
    }

    /// See [`Tables::workload_of_pod`].
    pub fn workload_of_pod(&self, namespace: &str, name: &str) -> Option<WorkloadId> {
        self.read(|t| t.workload_of_pod(namespace, name))
    }

    /// See [`Tables::workload_of_past_pod`].
    pub fn workload_of_past_pod(&self, namespace: &str, name: &str) -> Option<WorkloadId> {
        self.read(|t| t.workload_of_past_pod(namespace, name))
    }

    /// See [`Tables::unowned`].
    pub fn unowned(&self, namespace: &str) -> BTreeMap<Option<Arc<str>>, u32> {
        self.read(|t| t.unowned(namespace))
    }

    /// See [`Tables::counts`].
    pub fn counts(&self) -> Vec<(Kind, usize)> {
        self.read(Tables::counts)
    }

    /// See [`Tables::malformed`].
    pub fn malformed(&self) -> Vec<Malformed> {
        self.read(Tables::malformed)
    }
}
