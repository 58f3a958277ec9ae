//! Switches of the whole cluster. In: the emergency stop. Out: samples of 0 or 1.

use std::{sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio::runtime::Handle;
use trimtab_recommendation::emergency_stop::{EmergencyStop, State};
use trimtab_runtime::metrics::Sample;

/// Maximum age of an answer about the emergency stop that is reused.
const AGE: Duration = Duration::from_secs(10);

/// 1 if `on`.
pub fn switch(on: bool) -> Vec<Sample> {
    vec![Sample::new(&[], f64::from(u8::from(on)))]
}

/// The emergency stop as of the last scrape: a scrape cannot wait for the API server, so each triggers the read for the
/// next one. Without scrapes, nothing is read.
pub struct Stop {
    emergency_stop: EmergencyStop,
    last: Arc<Mutex<Option<bool>>>,
}

impl Stop {
    /// Nothing is known yet.
    pub fn new(emergency_stop: EmergencyStop) -> Self {
        Self { emergency_stop, last: Arc::default() }
    }

    /// The known state; triggers a new read.
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
