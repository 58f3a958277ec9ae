//! Workloads that get their sizes by admission. In: AppliedSizes. Out: samples.

use trimtab_admission_sizes::SizesRow;
use trimtab_runtime::{
    Metrics,
    metrics::{Sample, gauges},
    store::Store,
};

/// Registers their number, by namespace.
pub fn register(metrics: &Metrics, applied: &Store<SizesRow>) {
    let seen = applied.clone();
    metrics.on_scrape(gauges::APPLIED_SIZES, move || {
        let rows = seen.entries().into_iter().filter_map(|((namespace, _), row)| Some((namespace, row.ok()?)));
        let counts = rows.map(|(namespace, row)| (namespace, row.workloads.len())).filter(|(_, n)| *n > 0);
        counts.map(|(namespace, n)| Sample::new(&[("resource_namespace", &namespace)], n as f64)).collect()
    });
}
