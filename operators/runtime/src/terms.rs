//! The terms during which this instance leads: the loop of every controller, until the program ends.
//!
//! In: leadership, the shutdown token. Out: when a term begins, and when and why it is over.

use tokio_util::sync::CancellationToken;

use crate::Leadership;

/// Why a term is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// This instance no longer leads. It may lead again.
    Lost,
    /// The program is shutting down.
    Shutdown,
}

/// The terms of one controller.
#[derive(Clone, Debug)]
pub struct Terms {
    leadership: Leadership,
    shutdown: CancellationToken,
}

impl Terms {
    /// The terms during which `leadership` is held, until `shutdown`.
    pub const fn new(leadership: Leadership, shutdown: CancellationToken) -> Self {
        Self { leadership, shutdown }
    }

    /// The shutdown token.
    pub const fn shutdown(&self) -> &CancellationToken {
        &self.shutdown
    }

    /// Waits until this instance leads, and then for `ready`: what has to be known before anything is decided. Returns
    /// whether a term begins; if not, the program is shutting down.
    ///
    /// Leadership may be lost while waiting for `ready`: then the term is over as it begins.
    pub async fn begin(&mut self, ready: impl Future<Output = ()>) -> bool {
        let led = async {
            self.leadership.acquired().await;
            ready.await;
        };
        tokio::select! {
            biased;
            () = self.shutdown.cancelled() => false,
            () = led => true,
        }
    }

    /// Whether this instance leads now, see [`Leadership::is_leader`].
    pub fn leads(&self) -> bool {
        self.leadership.is_leader()
    }

    /// Whether the term goes on.
    pub fn go_on(&self) -> bool {
        self.leads() && !self.shutdown.is_cancelled()
    }

    /// Completes when the term is over. A shutdown is reported first: news is written while the Lease is still held.
    pub async fn over(&mut self) -> Over {
        tokio::select! {
            biased;
            () = self.shutdown.cancelled() => Over::Shutdown,
            () = self.leadership.lost() => Over::Lost,
        }
    }

    /// The result of `work` in this term; if the term is over before it completes, `work` is dropped.
    ///
    /// # Errors
    /// Why the term is over.
    pub async fn within<T>(&mut self, work: impl Future<Output = T>) -> Result<T, Over> {
        tokio::select! {
            biased;
            over = self.over() => Err(over),
            done = work => Ok(done),
        }
    }

    /// The result of `work`, whoever leads then; `None` if the program shuts down first, and then `work` is dropped.
    pub async fn before_shutdown<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.shutdown.cancelled() => None,
            done = work => Some(done),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    #[tokio::test]
    async fn no_term_begins_without_the_lead_or_after_the_end() {
        let stop = CancellationToken::new();
        let mut standby = Terms::new(Leadership::never(), stop.clone());
        assert!(!standby.go_on());
        assert_eq!(standby.over().await, Over::Lost);
        let waits = tokio::spawn(async move { standby.begin(ready(())).await });
        let mut leader = Terms::new(Leadership::always(), stop.clone());
        assert!(leader.begin(ready(())).await && leader.go_on());
        stop.cancel();
        assert!(matches!(waits.await, Ok(false)), "whoever never led ends as well");
        assert!(leader.leads() && !leader.go_on());
        assert!(!leader.begin(ready(())).await);
    }

    #[tokio::test]
    async fn what_is_waited_for_ends_with_the_program() {
        let stop = CancellationToken::new();
        let mut terms = Terms::new(Leadership::always(), stop.clone());
        assert_eq!(terms.within(ready(1)).await, Ok(1));
        assert_eq!(terms.before_shutdown(ready(1)).await, Some(1));
        let mut other = terms.clone();
        let begins = tokio::spawn(async move { other.begin(pending()).await });
        let mut other = terms.clone();
        let works = tokio::spawn(async move { other.within(pending::<()>()).await });
        stop.cancel();
        assert!(matches!(begins.await, Ok(false)));
        assert!(matches!(works.await, Ok(Err(Over::Shutdown))));
        assert_eq!(terms.before_shutdown(ready(1)).await, None);
    }

    #[tokio::test]
    async fn work_is_dropped_with_the_lead_and_the_end_comes_before_the_loss() {
        let stop = CancellationToken::new();
        let mut lost = Terms::new(Leadership::never(), stop.clone());
        assert_eq!(lost.within(pending::<()>()).await, Err(Over::Lost));
        assert_eq!(lost.before_shutdown(ready(1)).await, Some(1), "the lead is not asked for");
        stop.cancel();
        assert_eq!(lost.over().await, Over::Shutdown);
    }
}
