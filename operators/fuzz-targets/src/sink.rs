//! Receives the samples of a response, and checks each.
//!
//! In: a batch, and what is handed over of it. Out: every series, to be compared. It has two nodes, `n1` and `n2`; all pods are on
//! `n1` but those with `gone` in their name.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use trimtab_metrics_sources::{Batch, Difference, Nodes, ReadReport, Sample, SampleSink, SeriesKey, Together};

/// What was handed over, by a name for each series: the times, and the bits of the values.
pub(crate) type Handed = BTreeMap<String, Vec<(i64, u64)>>;

pub(crate) struct Sink<'b> {
    batch: &'b Batch,
    handed: Handed,
    series: u64,
    samples: u64,
    newest_s: Option<i64>,
    cluster: Cluster,
}

#[derive(Default)]
struct Cluster {
    forms: BTreeSet<String>,
}

impl<'b> Sink<'b> {
    pub(crate) fn new(batch: &'b Batch) -> Self {
        let (handed, cluster) = (Handed::new(), Cluster::default());
        Self { batch, handed, series: 0, samples: 0, newest_s: None, cluster }
    }

    /// All that was handed over, which is what the report says.
    pub(crate) fn all(self, report: &ReadReport) -> Handed {
        let told = (report.series, report.samples, report.newest_sample_s);
        assert_eq!(told, (self.series, self.samples, self.newest_s), "{report:?}");
        assert!(report.refused + report.duplicates <= report.points, "{report:?}");
        self.handed
    }
}

impl SampleSink for Sink<'_> {
    fn series(&mut self, key: SeriesKey<'_>, samples: &[Sample]) {
        let batch = self.batch;
        assert!(batch.metrics.contains(&key.metric), "{key:?} was not requested");
        assert!([key.namespace, key.pod, key.container].iter().all(|name| !name.is_empty()), "{key:?}");
        assert!(!samples.is_empty(), "{key:?}");
        let mut before = batch.start_s;
        for sample in samples {
            assert!(sample.time_s > before && sample.time_s <= batch.end_s, "{key:?}: {sample:?} after {before}");
            assert_eq!((sample.time_s - batch.start_s) % batch.step_s, 0, "{key:?}: {sample:?}");
            assert!(sample.value.is_finite() && sample.value >= 0.0, "{key:?}: {sample:?}");
            before = sample.time_s;
        }
        self.series += 1;
        self.samples += samples.len() as u64;
        self.newest_s = self.newest_s.max(Some(before));
        let name = (key.metric, key.namespace, key.pod, key.container);
        // Of one node there may be several series, from several scrape jobs.
        let name = match key.stranger {
            Some(stranger) => format!("{name:?} {stranger:?} {}", self.series),
            None => format!("{name:?}"),
        };
        let values = samples.iter().map(|sample| (sample.time_s, sample.value.to_bits())).collect();
        assert_eq!(self.handed.insert(name, values), None, "{key:?} was handed over before");
    }

    fn ambiguous(&mut self, key: SeriesKey<'_>, difference: &Difference) {
        assert_ne!(difference.left, difference.right, "{key:?}: {difference:?}");
    }

    fn recorded(&mut self, key: SeriesKey<'_>, first_s: i64, last_s: i64) {
        assert!(self.batch.start_s <= first_s && first_s <= last_s && last_s <= self.batch.end_s, "{key:?}");
    }

    fn at_odds(&mut self, key: SeriesKey<'_>, together: Together) {
        assert_ne!(together, Together::Fit, "{key:?}");
    }

    fn born(&self, _: &str, _: &str) -> Option<i64> {
        Some(self.batch.start_s)
    }

    fn nodes(&mut self) -> Option<&mut dyn Nodes> {
        Some(&mut self.cluster)
    }
}

impl Nodes for Cluster {
    fn node(&self, host: &str) -> Option<Arc<str>> {
        let known = [("n1", "n1"), ("10.0.0.1", "n1"), ("n2", "n2"), ("10.0.0.2", "n2")];
        known.iter().find(|(name, _)| *name == host).map(|(_, node)| Arc::from(*node))
    }

    fn home(&self, _: &str, pod: &str) -> Option<Arc<str>> {
        (!pod.contains("gone")).then(|| Arc::from("n1"))
    }

    fn vouch(&mut self, forms: BTreeSet<String>) -> BTreeSet<String> {
        self.forms.extend(forms);
        self.forms.clone()
    }
}
