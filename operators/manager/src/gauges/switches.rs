//! Switches of the whole cluster. In: the guard, the admission policy, the emergency stop. Out: samples of 0 or 1.

use std::{sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio::runtime::Handle;
use trimtab_driver::emergency_stop::{EmergencyStop, State};
use trimtab_guard::GuardFault;
use trimtab_runtime::{
    Metrics,
    metrics::{Sample, gauges},
};

use crate::caches::Caches;

/// Maximum age of an answer about the emergency stop that is reused.
const AGE: Duration = Duration::from_secs(10);

/// Registers them.
pub fn register(metrics: &Metrics, caches: &Caches) {
    let (guard, admission) = (caches.guard.clone(), caches.admission.clone());
    let replaced = guard.clone();
    let stop = Stop::new(caches.emergency_stop.clone());
    metrics.on_scrape(gauges::GUARD, move || switch(guard.state().is_ok()));
    metrics.on_scrape(gauges::GUARD_OUTDATED, move || {
        switch(matches!(replaced.state(), Err(GuardFault::Outdated { .. })))
    });
    metrics.on_scrape(gauges::ADMISSION, move || switch(admission.in_force().is_ok()));
    metrics.on_scrape(gauges::HALTED, move || stop.sample());
}

/// 1 if `on`.
fn switch(on: bool) -> Vec<Sample> {
    vec![Sample::new(&[], f64::from(u8::from(on)))]
}

/// The emergency stop as of the last scrape: a scrape cannot wait for the API server, so each triggers the read for the
/// next one. Without scrapes, nothing is read.
struct Stop {
    emergency_stop: EmergencyStop,
    last: Arc<Mutex<Option<bool>>>,
}

impl Stop {
    /// Nothing is known yet.
    fn new(emergency_stop: EmergencyStop) -> Self {
        Self { emergency_stop, last: Arc::default() }
    }

    /// The known state; triggers a new read.
    fn sample(&self) -> Vec<Sample> {
        if let Ok(runtime) = Handle::try_current() {
            let (emergency_stop, last) = (self.emergency_stop.clone(), self.last.clone());
            drop(runtime.spawn(async move {
                let halted = emergency_stop.lately(AGE).await != State::Off;
                *last.lock() = Some(halted);
            }));
        }
        let known = *self.last.lock();
        known.map(switch).unwrap_or_default()
    }
}
