//! A named deadline around a future. In: the name of an operation and how long it may take. Out: its result, or which
//! operation took too long.

use std::{future::Future, time::Duration};

use crate::errors::{Class, Explain};

/// An operation did not finish in time. Whether it took effect is not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{operation} did not finish within {}", crate::timeout::show(*after))]
pub struct TimedOut {
    /// What was being done, for example `apply recommendations`.
    pub operation: String,
    /// The time it was given.
    pub after: Duration,
}

impl Explain for TimedOut {
    fn class(&self) -> Class {
        Class::System
    }
    fn reason(&self) -> &'static str {
        "Timeout"
    }
    fn what_to_do(&self) -> String {
        "Trimtab retries. If it continues, check the load and latency of that server.".to_owned()
    }
}

/// Runs `future` for at most `after`.
///
/// # Errors
/// [`TimedOut`] with `operation` when the time is up; the future is dropped then.
pub async fn with_timeout<F: Future>(
    operation: impl Into<String>,
    after: Duration,
    future: F,
) -> Result<F::Output, TimedOut> {
    tokio::time::timeout(after, future).await.map_err(|_| TimedOut { operation: operation.into(), after })
}

/// `1.5s`, `250ms`: durations as people write them.
pub(crate) fn show(duration: Duration) -> String {
    if duration < Duration::from_secs(1) {
        format!("{}ms", duration.as_millis())
    } else {
        let secs = duration.as_secs_f64();
        if secs.fract() == 0.0 { format!("{secs:.0}s") } else { format!("{secs:.1}s") }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn names_the_operation_that_hangs() {
        let err = with_timeout("read prices", Duration::from_millis(1500), std::future::pending::<()>()).await;
        assert_eq!(err.unwrap_err().to_string(), "read prices did not finish within 1.5s");
        assert_eq!(with_timeout("quick", Duration::from_secs(1), async { 7 }).await.unwrap(), 7);
    }
}
