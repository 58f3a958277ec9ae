//! Turns signals into a cancellation token. In: SIGTERM or SIGINT. Out: a cancelled token; a second signal ends the
//! process at once, for people who cannot wait for the Lease to be released.

use tokio_util::sync::CancellationToken;

/// The handlers could not be installed.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen for termination signals: {0}")]
pub struct SignalError(#[from] std::io::Error);

/// Listens for SIGTERM and SIGINT from now on. The token is cancelled by the first; the second exits with status 1.
///
/// # Errors
/// [`SignalError`] when the process may not install handlers.
///
/// # Panics
/// Outside a Tokio runtime.
pub fn on_signal() -> Result<CancellationToken, SignalError> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut term = signal(SignalKind::terminate())?;
    let mut int = signal(SignalKind::interrupt())?;
    let token = CancellationToken::new();
    let cancel = token.clone();
    tokio::spawn(async move {
        let mut first = true;
        loop {
            let name = tokio::select! {
                _ = term.recv() => "SIGTERM",
                _ = int.recv() => "SIGINT",
            };
            if !first {
                tracing::warn!(signal = name, "second signal, exiting at once");
                std::process::exit(1);
            }
            first = false;
            tracing::info!(signal = name, "shutting down");
            cancel.cancel();
        }
    });
    Ok(token)
}
