//! The histories in memory, and reading what is missing of them.
//!
//! In: a source, the namespaces that matter, and the time. Out: histories by workload and container, and the name of each
//! namespace as soon as all of it has been read, so that decisions need not wait for the last one.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures::{StreamExt, stream};
use tokio::sync::mpsc::UnboundedSender;
use trimtab_core::WorkloadId;
use trimtab_sizing::ContainerHistory;
use trimtab_sources::{Batch, NamespaceLoad, ReadKind, ReadReport, ReadRequest, SourceError, UsageSource, read_batch};

use crate::{
    ledger::Ledger,
    sink::{Resolver, StoreSink},
};

/// How many batches are read at the same time: one that the server computes while another is on its way.
const READS_AT_ONCE: usize = 2;

/// The histories of one workload, a container each, in the order in which they were first seen.
pub type Containers = Vec<(Arc<str>, ContainerHistory)>;

/// What time a refresh is about.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    /// Up to which time, in seconds since the epoch.
    pub end_s: i64,
    /// How far back the longest policy looks.
    pub window_s: i64,
    /// Distance of samples.
    pub step_s: i64,
}

/// What a refresh read.
#[derive(Debug, Default)]
pub struct Refresh {
    /// The figures of all reads.
    pub report: ReadReport,
    /// Reads that failed; the namespaces that they were for keep what they had.
    pub failures: Vec<Failure>,
}

/// A read that failed.
#[derive(Debug)]
pub struct Failure {
    /// The namespaces that it was for.
    pub namespaces: Vec<String>,
    /// Why.
    pub error: SourceError,
}

/// Histories of all workloads that matter.
#[derive(Debug, Default)]
pub struct UsageStore {
    histories: Mutex<HashMap<WorkloadId, Containers>>,
    ledger: Mutex<Ledger>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // The tables hold no invariant that a panic between two observations could break.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl UsageStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Calls `f` with the histories of a workload; with none where nothing is known of it.
    pub fn with_workload<R>(&self, workload: &WorkloadId, f: impl FnOnce(&[(Arc<str>, ContainerHistory)]) -> R) -> R {
        f(lock(&self.histories).get(workload).map_or(&[], Vec::as_slice))
    }

    /// Calls `f` with the history of one container, made if it is not there yet.
    pub fn with_container(&self, workload: &WorkloadId, container: &str, f: impl FnOnce(&mut ContainerHistory)) {
        let mut histories = lock(&self.histories);
        let containers = match histories.get_mut(workload) {
            Some(containers) => containers,
            None => histories.entry(workload.clone()).or_default(),
        };
        let index = containers.iter().position(|(name, _)| &**name == container).unwrap_or_else(|| {
            containers.push((Arc::from(container), ContainerHistory::new()));
            containers.len() - 1
        });
        if let Some((_, history)) = containers.get_mut(index) {
            f(history);
        }
    }

    /// The workloads of which something is known.
    pub fn workloads(&self) -> Vec<WorkloadId> {
        lock(&self.histories).keys().cloned().collect()
    }

    /// Time of the newest sample of any workload, in seconds since the epoch.
    pub fn newest_sample_s(&self) -> Option<i64> {
        lock(&self.histories).values().flatten().filter_map(|(_, h)| h.last_sample_time()).max()
    }

    /// Drops samples before `time_s`, workloads that `exists` does not know, and namespaces that hold none of them.
    pub fn forget(&self, time_s: i64, exists: impl Fn(&WorkloadId) -> bool) {
        let mut histories = lock(&self.histories);
        histories.retain(|workload, containers| {
            containers.iter_mut().for_each(|(_, h)| h.forget_before(time_s));
            containers.retain(|(_, h)| !h.is_empty());
            exists(workload) && !containers.is_empty()
        });
    }

    /// Drops everything about namespaces that `wanted` does not name.
    pub fn forget_namespaces(&self, wanted: impl Fn(&str) -> bool) {
        lock(&self.histories).retain(|workload, _| wanted(&workload.namespace));
        lock(&self.ledger).retain(wanted);
    }

    /// Reads what is missing of `loads` and names each namespace on `ready` once all of it is known. A namespace whose
    /// history could not be read whole is not kept half: it is read anew the next time.
    pub async fn refresh(
        &self,
        source: &dyn UsageSource,
        loads: Vec<NamespaceLoad>,
        span: Span,
        resolver: &dyn Resolver,
        ready: &UnboundedSender<Vec<String>>,
    ) -> Refresh {
        let due = lock(&self.ledger).due(loads, span.end_s, span.window_s, span.step_s);
        self.drop_namespaces(&due.restart);
        // A receiver that is gone means that the pass was given up; what was read stays useful.
        let _ = ready.send(due.current);
        let mut refresh = Refresh::default();
        for request in due.requests {
            let mut batches = source.plan(&request);
            let mut open: HashMap<String, usize> = HashMap::new();
            for namespace in batches.iter().flat_map(|b| &b.namespaces) {
                *open.entry(namespace.clone()).or_default() += 1;
            }
            // Namespaces of which nothing is to be read are known already.
            let silent: Vec<String> =
                request.namespaces.iter().map(|n| n.name.clone()).filter(|n| !open.contains_key(n)).collect();
            self.complete(&silent, request.kind, request.start_s, request.end_s, ready);
            // One namespace after the other, so that the first ones are decided on while the last ones are read.
            batches.sort_by(|a, b| (&a.namespaces, a.start_s).cmp(&(&b.namespaces, b.start_s)));
            let (mut failed, mut begun): (HashSet<String>, HashSet<String>) = Default::default();
            let mut reads = stream::iter(batches)
                .map(|batch| async move {
                    let mut sink = StoreSink::new(self, resolver, request.start_s + 3600);
                    let result = read_batch(source, &batch, &mut sink).await;
                    (batch, sink.parts() > 0, result)
                })
                .buffer_unordered(READS_AT_ONCE);
            while let Some((batch, kept, result)) = reads.next().await {
                if kept {
                    begun.extend(batch.namespaces.iter().cloned());
                }
                match result {
                    Ok(report) => {
                        refresh.report.add(&report);
                        let done = close(&mut open, &batch, &failed);
                        self.complete(&done, request.kind, request.start_s, request.end_s, ready);
                    }
                    Err(error) => {
                        failed.extend(batch.namespaces.iter().cloned());
                        refresh.failures.push(Failure { namespaces: batch.namespaces, error });
                    }
                }
            }
            // What was read in part would count twice when it is read again.
            self.drop_namespaces(&failed.intersection(&begun).cloned().collect::<Vec<_>>());
        }
        refresh
    }

    /// Takes one sample of the present from a source that knows no past, for all namespaces of `loads`.
    ///
    /// # Errors
    /// The source's. Nothing was kept then.
    pub async fn sample(
        &self,
        source: &dyn UsageSource,
        loads: Vec<NamespaceLoad>,
        now_s: i64,
        step_s: i64,
        resolver: &dyn Resolver,
    ) -> Result<ReadReport, SourceError> {
        let request =
            ReadRequest { namespaces: loads, start_s: now_s - step_s, end_s: now_s, step_s, kind: ReadKind::Recent };
        let mut report = ReadReport::default();
        for batch in source.plan(&request) {
            report.add(&read_batch(source, &batch, &mut StoreSink::new(self, resolver, now_s)).await?);
        }
        Ok(report)
    }

    fn complete(
        &self,
        namespaces: &[String],
        kind: ReadKind,
        from_s: i64,
        until_s: i64,
        ready: &UnboundedSender<Vec<String>>,
    ) {
        if namespaces.is_empty() {
            return;
        }
        let mut ledger = lock(&self.ledger);
        for namespace in namespaces {
            match kind {
                ReadKind::History => ledger.read_history(namespace, from_s, until_s),
                ReadKind::Recent => ledger.read_recent(namespace, until_s),
            }
        }
        drop(ledger);
        let _ = ready.send(namespaces.to_vec());
    }

    fn drop_namespaces(&self, namespaces: &[String]) {
        if namespaces.is_empty() {
            return;
        }
        lock(&self.histories).retain(|workload, _| !namespaces.iter().any(|n| **n == *workload.namespace));
        let mut ledger = lock(&self.ledger);
        namespaces.iter().for_each(|n| ledger.forget(n));
    }
}

/// Counts a batch as read and says which namespaces are complete with it.
fn close(open: &mut HashMap<String, usize>, batch: &Batch, failed: &HashSet<String>) -> Vec<String> {
    let mut done = Vec::new();
    for namespace in &batch.namespaces {
        if let Some(left) = open.get_mut(namespace) {
            *left -= 1;
            if *left == 0 && !failed.contains(namespace) {
                done.push(namespace.clone());
            }
        }
    }
    done
}
