//! Maintains the AppliedSizes objects: sets and removes entries, batching concurrent changes of one namespace in one
//! write.
//!
//! In: entries. Out: their writes, and each caller's result. Only changed entries are sent (a JSON merge patch of their
//! keys), so that a namespace with a thousand workloads is not sent a thousand times, and two writers of different
//! entries do not conflict. Writes of one namespace are sequential.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::Arc,
    time::Duration,
};

use kube::{Client, ResourceExt};
use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use trimtab_api::applied_sizes::{APPLIED_SIZES_NAME, AppliedSizes, WorkloadHistory, WorkloadSizes};
use trimtab_runtime::{
    ApplyError, Writer,
    apply::Target,
    store::{Key as ObjectKey, Store, Version},
};

mod batch;
mod history;
mod object;
mod overlay;

use batch::Batch;
use overlay::Overlay;

/// How long a write waits for others of the same namespace.
const GATHER: Duration = Duration::from_millis(20);
/// The same just after another write. The server works through the whole object for each, fifty entries or a thousand.
const GATHER_MORE: Duration = Duration::from_millis(200);

/// The AppliedSizes object of a namespace.
#[derive(Clone, Debug, PartialEq)]
pub struct SizesRow {
    /// Its version.
    pub resource_version: String,
    /// Its entries.
    pub workloads: BTreeMap<String, WorkloadSizes>,
    /// Decision records of workloads.
    pub history: BTreeMap<String, WorkloadHistory>,
}

impl SizesRow {
    /// The row of an object; `None` unless it has the name that the policy reads.
    pub fn of(object: &AppliedSizes) -> Option<Self> {
        (object.name_any() == APPLIED_SIZES_NAME).then(|| Self {
            resource_version: object.resource_version().unwrap_or_default(),
            workloads: object.spec.workloads.clone(),
            history: object.spec.history.clone(),
        })
    }
}

/// The change of an entry.
#[derive(Clone, Debug, PartialEq)]
enum Change {
    Put(WorkloadSizes),
    /// Remove if it has this uid.
    Drop(String),
}

struct Waiting {
    key: String,
    change: Change,
    answer: oneshot::Sender<Result<(), ApplyError>>,
}

#[derive(Default)]
struct Lane {
    waiting: Vec<Waiting>,
    running: bool,
}

struct Inner {
    writer: Writer,
    store: Store<SizesRow>,
    lanes: Mutex<HashMap<String, Lane>>,
    overlay: Mutex<Overlay<WorkloadSizes>>,
    remembered: Mutex<Overlay<WorkloadHistory>>,
}

/// Maintains the entries of all namespaces. Cheap to clone.
#[derive(Clone)]
pub struct AppliedSizesWriter(Arc<Inner>);

impl fmt::Debug for AppliedSizesWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppliedSizesWriter").field("store", &self.0.store).finish_non_exhaustive()
    }
}

impl AppliedSizesWriter {
    /// Starts to watch the objects; `writer` writes them.
    pub fn start(client: Client, writer: Writer, page_size: u32, shutdown: CancellationToken) -> Self {
        Self::with(Store::start(client, page_size, SizesRow::of, shutdown), writer)
    }

    /// The same over an existing watch.
    pub fn with(store: Store<SizesRow>, writer: Writer) -> Self {
        Self(Arc::new(Inner {
            writer,
            store,
            lanes: Mutex::default(),
            overlay: Mutex::default(),
            remembered: Mutex::default(),
        }))
    }

    /// Whether the entries of all namespaces are known.
    pub fn is_complete(&self) -> bool {
        self.0.store.is_complete()
    }

    /// Wakes whenever an entry of any namespace changes.
    pub fn changes(&self) -> tokio::sync::watch::Receiver<Version> {
        self.0.store.changes()
    }

    /// The objects that are changed or deleted from now on, see [`Store::follow`].
    pub fn follow(&self) -> mpsc::UnboundedReceiver<ObjectKey> {
        self.0.store.follow()
    }

    /// The entry of a workload, including own writes that the watch does not show yet.
    pub fn entry(&self, namespace: &str, key: &str) -> Option<WorkloadSizes> {
        let row = self.row(namespace);
        let written = self.0.overlay.lock().get(namespace, key, row.as_deref());
        written.unwrap_or_else(|| row.and_then(|row| row.workloads.get(key).cloned()))
    }

    fn row(&self, namespace: &str) -> Option<Arc<SizesRow>> {
        self.0.store.entry(namespace, APPLIED_SIZES_NAME)?.ok()
    }

    /// All objects as the watch shows them, by namespace, except those that do not decode.
    pub fn rows(&self) -> Vec<(String, Arc<SizesRow>)> {
        self.0.store.entries().into_iter().filter_map(|((namespace, _), row)| Some((namespace, row.ok()?))).collect()
    }

    /// Sets the entry of a workload, replacing any existing one. Sends nothing if it is unchanged.
    ///
    /// # Errors
    /// The error of the API server.
    pub async fn put(&self, namespace: &str, key: &str, entry: WorkloadSizes) -> Result<(), ApplyError> {
        if self.is_complete() && self.entry(namespace, key).as_ref() == Some(&entry) {
            return Ok(());
        }
        self.submit(namespace, key, Change::Put(entry)).await
    }

    /// Removes the entry of a workload if it has this uid. Sends nothing if there is none.
    ///
    /// # Errors
    /// The error of the API server; [`ApplyError::Unavailable`] while the existing entries are not known.
    pub async fn drop_entry(&self, namespace: &str, key: &str, uid: &str) -> Result<(), ApplyError> {
        if !self.is_complete() {
            let message = "the AppliedSizes objects have not been listed yet".to_owned();
            return Err(ApplyError::Unavailable { message });
        }
        if self.entry(namespace, key).is_none_or(|entry| entry.uid != uid) {
            return Ok(());
        }
        self.submit(namespace, key, Change::Drop(uid.to_owned())).await
    }

    async fn submit(&self, namespace: &str, key: &str, change: Change) -> Result<(), ApplyError> {
        let (answer, answered) = oneshot::channel();
        let start = {
            let mut lanes = self.0.lanes.lock();
            let lane = lanes.entry(namespace.to_owned()).or_default();
            lane.waiting.push(Waiting { key: key.to_owned(), change, answer });
            !std::mem::replace(&mut lane.running, true)
        };
        if start {
            // A separate task: a waiting caller may be dropped while the others' writes continue.
            tokio::spawn(self.clone().run(namespace.to_owned()));
        }
        let gone = |_| Err(ApplyError::Unavailable { message: "this instance is shutting down".to_owned() });
        answered.await.unwrap_or_else(gone)
    }

    /// Writes the pending changes of a namespace until there are none.
    async fn run(self, namespace: String) {
        let mut gather = GATHER;
        loop {
            tokio::time::sleep(std::mem::replace(&mut gather, GATHER_MORE)).await;
            let waiting = {
                let mut lanes = self.0.lanes.lock();
                let waiting =
                    lanes.get_mut(&namespace).map(|lane| std::mem::take(&mut lane.waiting)).unwrap_or_default();
                if waiting.is_empty() {
                    lanes.remove(&namespace);
                    return;
                }
                waiting
            };
            self.write(&namespace, waiting).await;
        }
    }

    async fn write(&self, namespace: &str, waiting: Vec<Waiting>) {
        let batch = Batch::of(waiting.iter().map(|w| (w.key.as_str(), &w.change)), |key| self.entry(namespace, key));
        let result = self.send(namespace, &batch).await;
        // One rejected by the server must not fail the others.
        if waiting.len() > 1 && matches!(result, Err(ApplyError::Invalid { .. } | ApplyError::TooLarge { .. })) {
            for waiting in waiting {
                let change = [(waiting.key.as_str(), &waiting.change)];
                let alone = Batch::of(change.into_iter(), |key| self.entry(namespace, key));
                let _ = waiting.answer.send(self.send(namespace, &alone).await);
            }
            return;
        }
        for waiting in waiting {
            // The caller may be gone.
            let _ = waiting.answer.send(result.clone());
        }
    }

    async fn send(&self, namespace: &str, batch: &Batch) -> Result<(), ApplyError> {
        if let Some(version) = batch.send(&self.0.writer, namespace).await.map_err(|e| too_large(e, namespace))? {
            self.0.overlay.lock().wrote(namespace, &version, batch.entries());
        }
        Ok(())
    }
}

/// The API server reports an object that is too large for etcd (1.5 MiB, some 4,000 entries) as an internal error.
fn too_large(error: ApplyError, namespace: &str) -> ApplyError {
    match error {
        ApplyError::Unavailable { message } if message.contains("request is too large") => {
            let target = Target {
                verb: "patch",
                group: "trimtab.dev".to_owned(),
                resource: "appliedsizes".to_owned(),
                namespace: Some(namespace.to_owned()),
                name: APPLIED_SIZES_NAME.to_owned(),
            };
            ApplyError::TooLarge { target: Box::new(target), message }
        }
        other => other,
    }
}

#[cfg(test)]
#[path = "keeper_tests.rs"]
mod tests;
