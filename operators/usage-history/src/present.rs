//! Sampling the present, from a source that knows no past.
//!
//! In: a source and the time. Out: at most one sample per container and sampling in the store. Samples that the source
//! repeats count once, and outdated ones not at all.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
};

use trimtab_metrics_sources::{
    Batch, NamespaceLoad, ReadKind, ReadReport, ReadRequest, Sample, SampleSink, SeriesKey, SourceError, UsageSource,
    read_batch,
};

use crate::{
    news::News,
    sink::{Resolver, StoreSink},
    staging::Staging,
    store::UsageStore,
};

/// A sample older than this many sampling intervals is not current.
const MAX_AGE_STEPS: i64 = 5;

/// The result of a sampling.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sampled {
    /// The figures of the read.
    pub report: ReadReport,
    /// Samples stored, or that would have been if their pod had a workload.
    pub fresh: u64,
    /// Samples that were repeated, too old or in the future.
    pub stale: u64,
}

impl UsageStore {
    /// Takes one sample of the present for all namespaces of `loads`, at the time `now_s`; `step_s` is the usual time
    /// between two samplings. Samples of one sampling share its time, so that the pods of a workload can be compared.
    ///
    /// # Errors
    /// The source's. Nothing was stored then.
    pub async fn sample(
        &self,
        source: &dyn UsageSource,
        loads: Vec<NamespaceLoad>,
        now_s: i64,
        step_s: i64,
        resolver: &dyn Resolver,
    ) -> Result<Sampled, SourceError> {
        let names: Vec<String> = loads.iter().map(|l| l.name.clone()).collect();
        let request =
            ReadRequest { namespaces: loads, start_s: now_s - step_s, end_s: now_s, step_s, kind: ReadKind::Recent };
        let staging = Staging::new(now_s);
        let mut sampled = Sampled::default();
        let before = self.sampled.lock().clone();
        let mut after = HashMap::with_capacity(before.len());
        for batch in source.plan(&request) {
            let mut sink = Present {
                sink: StoreSink::new(&staging, resolver, 1),
                before: &before,
                after: &mut after,
                now_s,
                step_s,
                fresh: 0,
                stale: 0,
            };
            let report = read_batch(source, &batch, &mut sink).await?;
            sampled.fresh += sink.fresh;
            sampled.stale += sink.stale;
            sampled.report.add(&report);
        }
        *self.sampled.lock() = after;
        for name in names {
            let mut space = staging.take(&name);
            // metrics-server knows this cluster alone: a pod missing here has just been deleted.
            let guests = std::mem::take(&mut space.guests).into_iter().collect();
            self.take_in(News::new(name, space, guests), false);
        }
        Ok(sampled)
    }
}

/// Passes on what is new.
struct Present<'a> {
    sink: StoreSink<'a>,
    before: &'a HashMap<u64, i64>,
    after: &'a mut HashMap<u64, i64>,
    now_s: i64,
    step_s: i64,
    fresh: u64,
    stale: u64,
}

impl SampleSink for Present<'_> {
    fn series(&mut self, key: SeriesKey<'_>, samples: &[Sample]) {
        let Some(newest) = samples.last() else { return };
        let mut hasher = DefaultHasher::new();
        (key.namespace, key.pod).hash(&mut hasher);
        let pod = hasher.finish();
        let last = self.before.get(&pod).copied();
        let span = self.now_s - MAX_AGE_STEPS * self.step_s..=self.now_s + self.step_s;
        if span.contains(&newest.time_s) && last.is_none_or(|last| newest.time_s > last) {
            self.fresh += 1;
            self.after.insert(pod, newest.time_s);
            // The very first sampling says nothing about when a pod began.
            let begins = last.is_none() && !self.before.is_empty();
            self.sink.series(SeriesKey { begins, ..key }, &[Sample { time_s: self.now_s, value: newest.value }]);
        } else {
            self.stale += 1;
            self.after.entry(pod).or_insert(last.unwrap_or(newest.time_s));
        }
    }

    fn done(&mut self, batch: &Batch) {
        self.sink.done(batch);
    }
}
