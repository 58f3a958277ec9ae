//! Reading what is missing of the histories, from a source that knows the past.
//!
//! In: a source, the namespaces that matter, and the time. Out: histories in the store, and the name of each namespace as
//! soon as all of it has been read, so that decisions need not wait for the last one. A namespace comes into the store
//! whole or not at all: when one of its reads fails, the next refresh reads it from where it stood.

use std::collections::HashMap;

use futures::{StreamExt, stream};
use tokio::sync::mpsc::UnboundedSender;
use trimtab_sources::{Batch, NamespaceLoad, ReadKind, ReadReport, ReadRequest, SourceError, UsageSource, read_batch};

use crate::{
    sink::{Resolver, StoreSink},
    staging::Staging,
    store::{UsageStore, lock},
};

/// How many batches are read at the same time: one that the server computes while another is on its way.
const READS_AT_ONCE: usize = 2;
/// The step at which a source tells of restarts and OOM kills in a history: what the first step shows may be older.
const EVENT_STEP_S: i64 = 3600;

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

impl UsageStore {
    /// Reads what is missing of `loads` and names each namespace on `ready` once all of it is known. Of a namespace that
    /// could not be read whole nothing is kept: it stays as it was and is read again the next time.
    pub async fn refresh(
        &self,
        source: &dyn UsageSource,
        loads: Vec<NamespaceLoad>,
        span: Span,
        resolver: &dyn Resolver,
        ready: &UnboundedSender<Vec<String>>,
    ) -> Refresh {
        let due = lock(&self.ledger).due(loads, span.end_s, span.window_s, span.step_s);
        if !due.current.is_empty() {
            // A receiver that is gone means that the pass was given up; what is read stays useful.
            let _ = ready.send(due.current);
        }
        let mut refresh = Refresh::default();
        for request in due.requests {
            self.read(source, &request, resolver, ready, &mut refresh).await;
        }
        refresh
    }

    async fn read(
        &self,
        source: &dyn UsageSource,
        request: &ReadRequest,
        resolver: &dyn Resolver,
        ready: &UnboundedSender<Vec<String>>,
        refresh: &mut Refresh,
    ) {
        let staging = &Staging::new(request.start_s + EVENT_STEP_S);
        let mut batches = source.plan(request);
        let mut open: HashMap<String, usize> = HashMap::new();
        for namespace in batches.iter().flat_map(|b| &b.namespaces) {
            *open.entry(namespace.clone()).or_default() += 1;
        }
        // Namespaces of which nothing is to be read are known already.
        let silent: Vec<String> =
            request.namespaces.iter().map(|n| n.name.clone()).filter(|n| !open.contains_key(n)).collect();
        self.complete(silent, request, staging, resolver, ready);
        // One namespace after the other, so that the first ones are decided on while the last ones are read.
        batches.sort_by(|a, b| (&a.namespaces, a.start_s).cmp(&(&b.namespaces, b.start_s)));
        let mut reads = stream::iter(batches)
            .map(|batch| async move {
                let result = read_batch(source, &batch, &mut StoreSink::new(staging, resolver)).await;
                (batch, result)
            })
            .buffer_unordered(READS_AT_ONCE);
        while let Some((batch, result)) = reads.next().await {
            match result {
                Ok(report) => {
                    refresh.report.add(&report);
                    let done = close(&mut open, &batch);
                    self.complete(done, request, staging, resolver, ready);
                }
                // A batch that failed stays open, and with it its namespaces.
                Err(error) => refresh.failures.push(Failure { namespaces: batch.namespaces, error }),
            }
        }
    }

    /// Moves namespaces that have been read to their end into the store.
    fn complete(
        &self,
        namespaces: Vec<String>,
        request: &ReadRequest,
        staging: &Staging,
        resolver: &dyn Resolver,
        ready: &UnboundedSender<Vec<String>>,
    ) {
        if namespaces.is_empty() {
            return;
        }
        for namespace in &namespaces {
            let read = staging.take(namespace, resolver);
            lock(&self.levels).merge(staging.take_levels(namespace));
            match request.kind {
                ReadKind::History => {
                    // Before the first read there are only OOM kills of living pods, of which sources do not tell.
                    if lock(&self.ledger).knows(namespace) {
                        self.replace(namespace, read);
                    } else {
                        self.add(read);
                    }
                    lock(&self.ledger).read_history(namespace, request.start_s, request.end_s);
                }
                ReadKind::Recent => {
                    self.add(read);
                    lock(&self.ledger).read_recent(namespace, request.end_s);
                }
            }
        }
        let _ = ready.send(namespaces);
    }
}

/// Counts a batch as read and says which namespaces are complete with it.
fn close(open: &mut HashMap<String, usize>, batch: &Batch) -> Vec<String> {
    let mut done = Vec::new();
    for namespace in &batch.namespaces {
        if let Some(left) = open.get_mut(namespace) {
            *left = left.saturating_sub(1);
            if *left == 0 {
                done.push(namespace.clone());
            }
        }
    }
    done
}
