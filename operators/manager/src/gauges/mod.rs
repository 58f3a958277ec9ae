//! Gauges that are computed from caches at each scrape: they keep no state, so nothing can be out of date.
//!
//! In: the world, the stores, the guard, the emergency stop. Out: families registered with the metrics.
//!
//! Series are bounded. Counts have labels with few values: namespaces, policies, stages, reasons. Objects have series
//! of their own only if they may need a person's attention: see [`conditions`] and [`rollouts`].

mod conditions;
mod recommendations;
mod rollouts;
mod switches;
#[cfg(test)]
mod testkit;

use std::sync::Arc;

use jiff::Timestamp;
use trimtab_admission_sizes::AppliedSizesWriter;
use trimtab_runtime::{
    Metrics,
    metrics::{Sample, gauges},
    store::Store,
};

use crate::caches::Caches;

/// Registers all of them except [`sizes`].
pub fn register(metrics: &Metrics, caches: &Caches) {
    let Caches { world, policies, books, recommendations, .. } = caches;
    let (guard, admission, emergency_stop) =
        (caches.guard.clone(), caches.admission.clone(), caches.emergency_stop.clone());
    metrics.expect_recommendations("RightSize", recommendations::RESULTS);
    let seen = world.clone();
    metrics.on_scrape(gauges::WORLD_OBJECTS.0, gauges::WORLD_OBJECTS.1, move || {
        seen.read(|tables| tables.counts())
            .into_iter()
            .map(|(kind, n)| Sample::new(&[("cluster", ""), ("kind", kind.as_str())], n as f64))
            .collect()
    });
    let seen = world.clone();
    metrics.on_scrape(gauges::WORLD_AGE.0, gauges::WORLD_AGE.1, move || {
        vec![Sample::new(&[("cluster", "")], seen.last_event_age().as_secs_f64())]
    });

    let rows = recommendations.clone();
    metrics.on_scrape(gauges::RECOMMENDATIONS.0, gauges::RECOMMENDATIONS.1, move || {
        recommendations::counted(&read(&rows))
    });
    let rows = recommendations.clone();
    metrics.on_scrape(gauges::SAVINGS_MONTHLY.0, gauges::SAVINGS_MONTHLY.1, move || {
        recommendations::proposed(&read(&rows))
    });
    let rows = recommendations.clone();
    metrics.on_scrape(gauges::REALISED_MONTHLY.0, gauges::REALISED_MONTHLY.1, move || {
        recommendations::realised(&read(&rows), |saved| saved.monthly)
    });
    let rows = recommendations.clone();
    metrics.on_scrape(gauges::REALISED.0, gauges::REALISED.1, move || {
        recommendations::realised(&read(&rows), |saved| saved.total)
    });
    let rows = recommendations.clone();
    metrics.on_scrape(gauges::OLDEST_PENDING.0, gauges::OLDEST_PENDING.1, move || {
        recommendations::oldest_pending(&read(&rows), Timestamp::now())
    });

    let (rows, of) = (recommendations.clone(), policies.clone());
    metrics.on_scrape(gauges::ROLLOUTS.0, gauges::ROLLOUTS.1, move || {
        let names = of.entries().into_iter().map(|((_, name), _)| name).collect::<Vec<_>>();
        rollouts::counted(&read(&rows), &names)
    });
    let rows = recommendations.clone();
    metrics.on_scrape(gauges::STAGE_AGE.0, gauges::STAGE_AGE.1, move || rollouts::ages(&read(&rows), Timestamp::now()));
    let rows = recommendations.clone();
    metrics.on_scrape(gauges::GATES_CLOSED.0, gauges::GATES_CLOSED.1, move || rollouts::gates(&read(&rows)));

    let (policies, books, rows) = (policies.clone(), books.clone(), recommendations.clone());
    metrics.on_scrape(gauges::CONDITION.0, gauges::CONDITION.1, move || {
        let mut samples = Vec::new();
        for policy in read(&policies) {
            let conditions = policy.status.as_ref().map_or(&[][..], |s| &s.conditions);
            conditions::states("OptimizationPolicy", policy.metadata.name.as_deref(), conditions, &mut samples);
        }
        for book in read(&books) {
            let conditions = book.status.as_ref().map_or(&[][..], |s| &s.conditions);
            conditions::states("PriceBook", book.metadata.name.as_deref(), conditions, &mut samples);
        }
        conditions::troubles(&read(&rows), &mut samples);
        samples
    });

    metrics.on_scrape(gauges::GUARD.0, gauges::GUARD.1, move || switches::switch(guard.state().is_ok()));
    metrics.on_scrape(gauges::ADMISSION.0, gauges::ADMISSION.1, move || switches::switch(admission.in_force().is_ok()));
    let stop = switches::Stop::new(emergency_stop);
    metrics.on_scrape(gauges::HALTED.0, gauges::HALTED.1, move || stop.sample());
}

/// Registers the number of workloads that get their sizes by admission.
pub fn sizes(metrics: &Metrics, keeper: AppliedSizesWriter) {
    metrics.on_scrape(gauges::APPLIED_SIZES.0, gauges::APPLIED_SIZES.1, move || {
        let rows = keeper.rows();
        let counts = rows.iter().map(|(namespace, row)| (namespace.as_str(), row.workloads.len()));
        counts.filter(|(_, n)| *n > 0).map(|(of, n)| Sample::new(&[("namespace", of)], n as f64)).collect()
    });
}

/// The rows of a store that decode.
fn read<R: Send + Sync + 'static>(store: &Store<R>) -> Vec<Arc<R>> {
    store.entries().into_iter().filter_map(|(_, entry)| entry.ok()).collect()
}
