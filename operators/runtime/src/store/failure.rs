//! Why a watch fails, whether that is news, and how long it rests where the server does not have the kind.
//!
//! In: the events and errors of one watch. Out: the cause, whether to tell it, a pause.

use std::time::{Duration, Instant};

use kube::runtime::watcher::{self, Event};

use crate::one_line;

/// The first pause before a server is asked again for a kind that it does not have. Each further one is twice as long.
const SHORTEST: Duration = Duration::from_secs(30);
/// The longest: a server that is upgraded may have the kind then, and is asked six times an hour.
const LONGEST: Duration = Duration::from_secs(600);

/// The last failure of a watch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The error message.
    pub reason: String,
    /// When it failed.
    pub at: Instant,
    /// What kind of failure it is.
    pub cause: Cause,
}

/// Why a watch fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The server does not have the kind.
    NotServed,
    /// Trimtab may not watch it.
    Forbidden,
    /// Anything else.
    Other,
}

impl Failure {
    /// What this error is, now.
    pub(super) fn of(error: &watcher::Error) -> Self {
        Self { reason: one_line::text(error), at: Instant::now(), cause: cause(error) }
    }
}

fn cause(error: &watcher::Error) -> Cause {
    use watcher::Error::{InitialListFailed, NoResourceVersion, WatchError, WatchFailed, WatchStartFailed};
    let code = match error {
        InitialListFailed(kube::Error::Api(status))
        | WatchStartFailed(kube::Error::Api(status))
        | WatchFailed(kube::Error::Api(status)) => status.code,
        WatchError(status) => status.code,
        InitialListFailed(_) | WatchStartFailed(_) | WatchFailed(_) | NoResourceVersion => 0,
    };
    match code {
        404 => Cause::NotServed,
        403 => Cause::Forbidden,
        _ => Cause::Other,
    }
}

/// The failures of one watch since it last delivered anything.
#[derive(Debug, Default)]
pub(super) struct Failures {
    told: Option<String>,
    pause: Duration,
}

impl Failures {
    /// Whether an event shows that the watch works, which ends them. `Init` shows nothing: every attempt begins with
    /// it, also one that fails.
    pub(super) fn end_with<K>(&mut self, event: &Event<K>) -> bool {
        let works = !matches!(event, Event::Init);
        if works {
            *self = Self::default();
        }
        works
    }

    /// Whether a failure is another one than the last. What lasts, such as a right that is not granted on purpose, is
    /// told once.
    pub(super) fn is_news(&mut self, failure: &Failure) -> bool {
        let news = self.told.as_ref() != Some(&failure.reason);
        if news {
            self.told = Some(failure.reason.clone());
        }
        news
    }

    /// How long to wait until a server is asked again that does not have the kind.
    pub(super) fn pause(&mut self) -> Duration {
        self.pause = (self.pause * 2).clamp(SHORTEST, LONGEST);
        self.pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(reason: &str) -> Failure {
        Failure { reason: reason.to_owned(), at: Instant::now(), cause: Cause::Other }
    }

    #[test]
    fn what_lasts_is_told_once_although_each_attempt_has_a_beginning() {
        let mut failures = Failures::default();
        let told = ["not found", "not found", "not found", "forbidden", "forbidden"].map(|reason| {
            assert!(!failures.end_with(&Event::<()>::Init), "an attempt that begins has delivered nothing");
            failures.is_news(&failure(reason))
        });
        assert_eq!(told, [true, false, false, true, false]);
        assert!(failures.end_with(&Event::<()>::InitDone));
        assert!(failures.is_news(&failure("forbidden")), "it worked meanwhile");
    }

    #[test]
    fn a_kind_that_is_not_there_is_asked_for_less_and_less_often() {
        let mut failures = Failures::default();
        let pauses: Vec<u64> = (0..7).map(|_| failures.pause().as_secs()).collect();
        assert_eq!(pauses, [30, 60, 120, 240, 480, 600, 600]);
        failures.end_with(&Event::Apply(()));
        assert_eq!(failures.pause(), SHORTEST, "it was there meanwhile");
    }
}
