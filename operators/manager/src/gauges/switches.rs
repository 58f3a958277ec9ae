//! What is on or off for the whole cluster. In: the emergency stop. Out: samples of 0 or 1.

use std::{sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio::runtime::Handle;
use trimtab_recommendation::emergency_stop::{EmergencyStop, State};
use trimtab_runtime::metrics::Sample;

/// How old an answer about the emergency stop may be that is not asked for anew.
const AGE: Duration = Duration::from_secs(10);

/// 1 where `on`.
pub fn switch(on: bool) -> Vec<Sample> {
    vec![Sample::new(&[], f64::from(u8::from(on)))]
}

/// The emergency stop as the last scrape found it: a scrape cannot wait for the API server, so each has it read for the
/// next. Where nobody scrapes, nothing is read.
pub struct Stop {
    emergency_stop: EmergencyStop,
    last: Arc<Mutex<Option<bool>>>,
}

impl Stop {
    /// Nothing is known yet.
    pub fn new(emergency_stop: EmergencyStop) -> Self {
        Self { emergency_stop, last: Arc::default() }
    }

    /// What is known, and a new look.
    pub fn sample(&self) -> Vec<Sample> {
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
