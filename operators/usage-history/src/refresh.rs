//! Reading what is missing from the histories, from a source that knows the past.
//!
//! In: a source, the namespaces that matter, and the time. Out: histories in the store, and the name of each namespace
//! as soon as all of it has been read, so that decisions need not wait for the last one. A namespace is stored whole or
//! not at all: if one of its reads fails, the next refresh reads it from where it stood.

use std::{
    cmp::Reverse,
    collections::{HashMap, HashSet, VecDeque},
};

use futures::{StreamExt, stream::FuturesUnordered};
use tokio::sync::mpsc::UnboundedSender;
use trimtab_metrics_sources::{
    Batch, NamespaceLoad, ReadKind, ReadReport, ReadRequest, SampleSink, SourceError, UsageSource, read_batch,
};

use crate::{
    neighbours::When,
    news::News,
    sink::{Resolver, StoreSink},
    sizes::{BEFORE_S, Found, SizeSink},
    staging::Staging,
    store::UsageStore,
};

/// Number of concurrent reads: one that the server computes while another is in transit.
const READS_AT_ONCE: usize = 2;
/// The step of restarts and OOM kills in a history: what the first step shows may be older.
const EVENT_STEP_S: i64 = 3600;

/// The time span of a refresh.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    /// Its end, in seconds since the epoch.
    pub end_s: i64,
    /// The history window of the longest policy.
    pub window_s: i64,
    /// Distance of samples.
    pub step_s: i64,
}

/// The result of a refresh.
#[derive(Debug, Default)]
pub struct Refresh {
    /// The figures of all reads.
    pub report: ReadReport,
    /// Failed reads; their namespaces keep what they had.
    pub failures: Vec<Failure>,
}

/// A read that failed.
#[derive(Debug)]
pub struct Failure {
    /// Its namespaces.
    pub namespaces: Vec<String>,
    /// The error.
    pub error: SourceError,
}

/// The next read.
enum Job {
    /// One of the planned batches.
    Usage(Batch),
    /// Restarts and kills of namespaces whose other data is read, from series with exported labels.
    Exported(Vec<String>),
    /// The sizes in force at kills found in namespaces whose other data is read.
    Sizes(Vec<News>),
}

/// Its result.
enum Done {
    Usage(Batch),
    Exported(Vec<String>),
    Sizes(Vec<News>, SizeSink),
}

/// The context of a read.
#[derive(Clone, Copy)]
struct Reading<'a> {
    source: &'a dyn UsageSource,
    request: &'a ReadRequest,
    resolver: &'a dyn Resolver,
    staging: &'a Staging,
}

impl UsageStore {
    /// Reads what is missing for `loads` and sends each namespace to `ready` once it is complete. Nothing is kept of a
    /// namespace that could not be read whole: it stays as it was and is read again the next time.
    pub async fn refresh(
        &self,
        source: &dyn UsageSource,
        loads: Vec<NamespaceLoad>,
        span: Span,
        resolver: &dyn Resolver,
        ready: &UnboundedSender<Vec<String>>,
    ) -> Refresh {
        let due = self.ledger.lock().due(loads, span.end_s, span.window_s, span.step_s);
        if !due.current.is_empty() {
            // A dropped receiver means that the pass was given up; what is read stays useful.
            let _ = ready.send(due.current);
        }
        let mut refresh = Refresh::default();
        for request in due.requests {
            let staging = &Staging::new(request.start_s + EVENT_STEP_S);
            let reading = Reading { source, request: &request, resolver, staging };
            self.read(reading, ready, &mut refresh).await;
        }
        refresh
    }

    async fn read(&self, reading: Reading<'_>, ready: &UnboundedSender<Vec<String>>, refresh: &mut Refresh) {
        let request = reading.request;
        let mut batches = reading.source.plan(request);
        let mut open: HashMap<String, usize> = HashMap::new();
        for namespace in batches.iter().flat_map(|b| &b.namespaces) {
            *open.entry(namespace.clone()).or_default() += 1;
        }
        // Namespaces with nothing to read are complete already.
        let silent: Vec<String> =
            request.namespaces.iter().map(|n| n.name.clone()).filter(|n| !open.contains_key(n)).collect();
        // One namespace after the other, so that the first ones are decided on while the last ones are read. The newest
        // span comes first: it shows which labels name this cluster's nodes, and old spans may be of nodes that were
        // removed.
        batches.sort_by(|a, b| (&a.namespaces, Reverse(a.start_s)).cmp(&(&b.namespaces, Reverse(b.start_s))));
        let mut jobs: VecDeque<Job> = batches.into_iter().map(Job::Usage).collect();
        jobs.extend(self.close(reading, silent, ready));
        let mut running = FuturesUnordered::new();
        loop {
            while running.len() < READS_AT_ONCE
                && let Some(job) = jobs.pop_front()
            {
                running.push(run(reading, job));
            }
            let Some((report, done)) = running.next().await else { return };
            refresh.report.add(&report);
            // The rest of a namespace already begun goes before others.
            match done {
                // A batch that failed stays open, and with it its namespaces.
                Err(failure) => refresh.failures.push(failure),
                Ok(Done::Usage(batch)) => {
                    self.note_exported(report.exported_series);
                    let read = closed(&mut open, &batch);
                    let untold = self.untold(reading, &read);
                    let whole = read.into_iter().filter(|n| !untold.contains(n)).collect();
                    if !untold.is_empty() {
                        jobs.push_front(Job::Exported(untold));
                    }
                    self.close(reading, whole, ready).into_iter().for_each(|job| jobs.push_front(job));
                }
                Ok(Done::Exported(namespaces)) => {
                    self.probed_exported(report.series);
                    self.close(reading, namespaces, ready).into_iter().for_each(|job| jobs.push_front(job));
                }
                Ok(Done::Sizes(news, sizes)) => {
                    let news = news.into_iter().map(|mut news| {
                        let found = std::mem::take(&mut news.found);
                        news.add_kills(sizes.kills(found));
                        news
                    });
                    self.complete(request, news.collect(), ready);
                }
            }
        }
    }

    /// Namespaces without data from kube-state-metrics, whose series may be under exported labels.
    fn untold(&self, reading: Reading<'_>, namespaces: &[String]) -> Vec<String> {
        if reading.request.kind != ReadKind::History || !self.exported.lock().worth_asking() {
            return Vec::new();
        }
        namespaces.iter().filter(|n| reading.staging.is_untold(n)).cloned().collect()
    }

    /// Judges namespaces that have been read. Those without kills are complete; the others need one more read.
    fn close(
        &self,
        reading: Reading<'_>,
        namespaces: Vec<String>,
        ready: &UnboundedSender<Vec<String>>,
    ) -> Option<Job> {
        let request = reading.request;
        let when = When { end_s: request.end_s, step_s: request.step_s };
        let (mut whole, mut killed) = (Vec::new(), Vec::new());
        for namespace in namespaces {
            let space = reading.staging.take(&namespace);
            let news = self.judge(namespace, space, when, request.kind == ReadKind::History);
            if news.found.is_empty() { whole.push(news) } else { killed.push(news) }
        }
        self.complete(request, whole, ready);
        (!killed.is_empty()).then_some(Job::Sizes(killed))
    }

    /// Moves fully read namespaces into the store.
    fn complete(&self, request: &ReadRequest, news: Vec<News>, ready: &UnboundedSender<Vec<String>>) {
        if news.is_empty() {
            return;
        }
        let mut names = Vec::with_capacity(news.len());
        for news in news {
            let namespace = news.namespace.clone();
            match request.kind {
                ReadKind::History => {
                    // Before the first read there are only OOM kills of living pods, which not every source reports.
                    let replaced = self.ledger.lock().knows(&namespace);
                    self.take_in(news, replaced);
                    self.ledger.lock().read_history(&namespace, request.start_s, request.end_s);
                }
                ReadKind::Recent | ReadKind::Sizes | ReadKind::Exported => {
                    self.take_in(news, false);
                    self.ledger.lock().read_recent(&namespace, request.end_s);
                }
            }
            names.push(namespace);
        }
        let _ = ready.send(names);
    }
}

/// Runs one job. Failed requests are in the report too.
async fn run(reading: Reading<'_>, job: Job) -> (ReadReport, Result<Done, Failure>) {
    let mut report = ReadReport::default();
    let store_sink = || StoreSink::new(reading.staging, reading.resolver, reading.request.step_s);
    let done = match job {
        Job::Usage(batch) => match read_batch(reading.source, &batch, &mut store_sink()).await {
            Ok(read) => {
                report = read;
                Ok(Done::Usage(batch))
            }
            Err(error) => Err(Failure { namespaces: batch.namespaces, error }),
        },
        Job::Exported(namespaces) => {
            let request = more(reading.request, &namespaces, ReadKind::Exported, None);
            match read_all(reading.source, &request, &mut store_sink(), &mut report).await {
                Ok(()) => Ok(Done::Exported(namespaces)),
                Err(error) => Err(Failure { namespaces, error }),
            }
        }
        Job::Sizes(news) => {
            let found: Vec<Found> = news.iter().flat_map(|news| news.found.iter().cloned()).collect();
            let namespaces: Vec<String> = news.iter().map(|news| news.namespace.clone()).collect();
            let times = found.iter().map(|kill| kill.time_s);
            let span = times.clone().min().zip(times.max()).map(|(first, last)| (first - BEFORE_S, last));
            let request = more(reading.request, &namespaces, ReadKind::Sizes, span);
            let mut sink = SizeSink::new(&found);
            match read_all(reading.source, &request, &mut sink, &mut report).await {
                Ok(()) => Ok(Done::Sizes(news, sink)),
                Err(error) => Err(Failure { namespaces, error }),
            }
        }
    };
    (report, done)
}

/// A request for more of these namespaces.
fn more(request: &ReadRequest, namespaces: &[String], kind: ReadKind, span: Option<(i64, i64)>) -> ReadRequest {
    let wanted: HashSet<&str> = namespaces.iter().map(String::as_str).collect();
    let (start_s, end_s) = span.unwrap_or((request.start_s, request.end_s));
    ReadRequest {
        namespaces: request.namespaces.iter().filter(|n| wanted.contains(n.name.as_str())).cloned().collect(),
        start_s,
        end_s,
        kind,
        ..request.clone()
    }
}

async fn read_all(
    source: &dyn UsageSource,
    request: &ReadRequest,
    sink: &mut dyn SampleSink,
    report: &mut ReadReport,
) -> Result<(), SourceError> {
    for batch in source.plan(request) {
        report.add(&read_batch(source, &batch, sink).await?);
    }
    Ok(())
}

/// Counts a batch as read and returns the namespaces that it completes.
fn closed(open: &mut HashMap<String, usize>, batch: &Batch) -> Vec<String> {
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
