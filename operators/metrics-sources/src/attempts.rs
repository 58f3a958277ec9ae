//! Retries and the circuit breaker around one attempt, shared by both adapters.
//!
//! In: an attempt that can be repeated. Out: its result, or the error left after all tries. The only clock is tokio's.

use std::future::Future;
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use parking_lot::{Mutex, MutexGuard};
use tokio::time::Instant;

use crate::circuit::{Circuit, Verdict};
use crate::error::{Responsible, SourceError};

/// The circuit breaker of one server, and the number and duration of tries.
#[derive(Debug)]
pub(crate) struct Attempts {
    server: String,
    attempts: u32,
    deadline: Duration,
    first_delay: Duration,
    started: Instant,
    circuit: Mutex<Circuit>,
}

impl Attempts {
    pub(crate) fn new(server: &str, attempts: u32, deadline: Duration) -> Self {
        Self {
            server: server.to_owned(),
            attempts,
            deadline,
            first_delay: Duration::from_millis(500),
            started: Instant::now(),
            circuit: Mutex::default(),
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.circuit().is_open()
    }

    /// Makes attempts, with growing and jittered pauses, until one succeeds, one fails for good, or the deadline has
    /// passed. Returns the number of attempts with the result.
    pub(crate) async fn run<T, F>(&self, mut attempt: impl FnMut() -> F) -> (u32, Result<T, SourceError>)
    where
        F: Future<Output = Result<T, SourceError>>,
    {
        let mut made = 0;
        let mut last = None;
        let pauses = ExponentialBuilder::default()
            .with_min_delay(self.first_delay)
            .with_max_delay(Duration::from_secs(10))
            .with_max_times(self.attempts.saturating_sub(1) as usize)
            .with_jitter();
        let tries = (|| {
            let admitted = self.admit();
            if admitted.is_ok() {
                made += 1;
            }
            let attempt = admitted.map(|()| attempt());
            async move {
                let result = attempt?.await;
                self.record(&result);
                result
            }
        })
        .retry(pauses)
        .when(SourceError::retryable)
        .notify(|error, pause| {
            tracing::debug!(server = self.server, %error, ?pause, "reading usage failed, retrying");
            last = Some(error.clone());
        });
        let result = tokio::time::timeout(self.deadline, tries).await;
        let result = match result {
            Ok(result) => result,
            Err(_) => Err(SourceError::Timeout { server: self.server.clone(), after_s: self.deadline.as_secs() }),
        };
        // If the circuit opened between two tries, or time ran out in a pause, the failure before it says more.
        let result = match (result, last) {
            (Err(SourceError::CircuitOpen { .. } | SourceError::Timeout { .. }), Some(earlier)) => Err(earlier),
            (result, _) => result,
        };
        (made, result)
    }

    fn admit(&self) -> Result<(), SourceError> {
        match self.circuit().admit(self.now_ms()) {
            Verdict::Go => Ok(()),
            Verdict::Wait { failures, retry_in_ms, last } => Err(SourceError::CircuitOpen {
                server: self.server.clone(),
                failures,
                retry_in_s: (retry_in_ms + 999) / 1_000,
                last,
            }),
        }
    }

    fn record<T>(&self, result: &Result<T, SourceError>) {
        match result {
            Ok(_) | Err(SourceError::TooLarge { .. }) => self.circuit().succeeded(),
            Err(error) if error.fault() == Responsible::System => {
                // While requests are held back, the next reads report the cause, not only that something failed.
                let told = error.to_string();
                let why = told.strip_prefix(&format!("{}: ", self.server)).unwrap_or(&told);
                self.circuit().failed(self.now_ms(), why);
            }
            // The server refused: it is alive, and only a person can help.
            Err(
                SourceError::Unauthorized { .. }
                | SourceError::NotFound { .. }
                | SourceError::MetricsApiAbsent { .. }
                | SourceError::BadQuery { .. },
            ) => self.circuit().succeeded(),
            Err(_) => {}
        }
    }

    fn now_ms(&self) -> i64 {
        i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX)
    }

    fn circuit(&self) -> MutexGuard<'_, Circuit> {
        self.circuit.lock()
    }
}
