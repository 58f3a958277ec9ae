//! Waiting for a condition, never for a fixed time.

use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};

/// The polling interval.
const POLL: Duration = Duration::from_millis(50);

/// Runs `check` until it is `Ok` and gives its value. An `Err` means *not yet* and says what was seen instead; the last
/// one is part of the error when `within` has passed.
///
/// # Errors
/// When the deadline has passed.
///
/// # Examples
/// ```no_run
/// # async fn f(pods: kube::Api<k8s_openapi::api::core::v1::Pod>) -> anyhow::Result<()> {
/// # use std::time::Duration;
/// trimtab_e2e::eventually(Duration::from_secs(10), "three pods", async || {
///     let n = pods.list(&Default::default()).await?.items.len();
///     anyhow::ensure!(n == 3, "{n} pods");
///     Ok(())
/// })
/// .await
/// # }
/// ```
pub async fn eventually<T>(within: Duration, what: &str, mut check: impl AsyncFnMut() -> Result<T>) -> Result<T> {
    let start = Instant::now();
    let mut last = anyhow!("it was never looked at");
    loop {
        let left = within.saturating_sub(start.elapsed());
        match tokio::time::timeout(left, check()).await {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(seen)) => last = seen,
            Err(_) => return Err(last.context(format!("not within {within:?}: {what} (the last look hung); before"))),
        }
        if start.elapsed() + POLL >= within {
            return Err(last.context(format!("not within {within:?}: {what}; last seen")));
        }
        tokio::time::sleep(POLL).await;
    }
}
