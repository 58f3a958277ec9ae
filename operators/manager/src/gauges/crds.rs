//! Which installed CRDs are behind this release. In: what is known of them. Out: samples of 0 or 1.

use trimtab_runtime::{
    Metrics,
    metrics::{Sample, gauges},
};

use crate::installed_crds::InstalledCrds;

/// Registers them.
pub fn register(metrics: &Metrics, crds: &InstalledCrds) {
    let installed = crds.clone();
    metrics.on_scrape(gauges::CRD_OUTDATED, move || {
        let outdated = installed.outdated().into_iter();
        outdated.map(|(name, is)| Sample::new(&[("crd", name)], f64::from(u8::from(is)))).collect()
    });
}
