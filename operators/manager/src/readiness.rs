//! The checks of watches in `/readyz`. In: the state of the watches, polled every second, whether leading or not. Out:
//! a check for each watched kind, which fails until it has been listed, and while its watch is broken.
//!
//! A watch that works again reports nothing until something happens. So a failure is judged by those around it:
//! failures that follow each other for longer than [`GRACE`] mean a broken watch, a single reconnect does not, and a
//! watch that should have failed again but has not is working.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use trimtab_guard::{Guard, GuardFault};
use trimtab_runtime::{
    admin::Checks,
    store::{Cause, Failure, Store},
};
use trimtab_world::{Fares, Kind, World};

/// How long a watch may fail. A restart of an API server takes less.
const GRACE: Duration = Duration::from_secs(30);
/// Minimum time without another failure after which a watch counts as working. A call takes up to that long to be
/// refused.
const SETTLES: Duration = Duration::from_secs(10);
/// Maximum of that time: kube waits for 30 s, plus up to as much again as jitter; a call takes up to 30 s.
const HOLDS: Duration = Duration::from_secs(90);
/// The pause between two attempts is at most this multiple of the previous one: kube doubles it, and jitter may double
/// it again.
const GROWS: u32 = 4;
/// Polling interval of the watches.
const LOOK: Duration = Duration::from_secs(1);

type Look = Box<dyn Fn(Instant) -> Fares + Send + Sync>;

/// The watches that have to work.
#[derive(Default)]
pub struct Readiness(Vec<(String, Look)>);

impl Readiness {
    fn watch(&mut self, name: impl Into<String>, look: impl Fn(Instant) -> Fares + Send + Sync + 'static) {
        self.0.push((name.into(), Box::new(look)));
    }

    /// The kinds of the world. Those that the API server need not serve, [`Kind::is_optional`], may be missing.
    pub fn world(&mut self, world: &Arc<World>, kinds: impl IntoIterator<Item = Kind>) {
        for kind in kinds {
            let world = world.clone();
            let name = match kind.custom() {
                Some(_) => format!("{}.{}", kind.plural(), kind.group()),
                None => kind.plural().to_owned(),
            };
            self.watch(name, move |_| world.fares(kind));
        }
    }

    /// A kind that the API server has to serve.
    pub fn store<R: Send + Sync + 'static>(&mut self, name: &str, store: &Store<R>) {
        let store = store.clone();
        self.watch(name, move |_| fares(&store));
    }

    /// A kind that the API server need not serve, and that Trimtab need not be allowed to watch: a feature depends on it.
    pub fn optional<R: Send + Sync + 'static>(&mut self, name: &str, store: &Store<R>) {
        let store = store.clone();
        self.watch(name, move |_| match store.failure() {
            Some(Failure { cause: Cause::NotServed | Cause::Forbidden, .. }) => Fares::Well,
            _ => fares(&store),
        });
    }

    /// The admission policy that guards approvals, and its binding. Whether it is in force is another matter.
    pub fn guard(&mut self, guard: &Guard) {
        let guard = guard.clone();
        self.watch("validatingadmissionpolicies", move |now| guarded(&guard.state(), now));
    }

    /// Polls them until `stop`.
    pub fn start(self, stop: CancellationToken) -> Checks {
        let checks = Checks::new();
        let mut watches = Vec::new();
        for (name, look) in self.0 {
            let said = Arc::new(Mutex::new(Err(UNLISTED.to_owned())));
            let shown = said.clone();
            checks.add(name.clone(), move || shown.lock().clone());
            watches.push((name, look, Course::default(), said));
        }
        tokio::spawn(async move {
            let mut ticks = interval(LOOK);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                let now = tokio::select! {
                    () = stop.cancelled() => return,
                    now = ticks.tick() => now.into_std(),
                };
                for (name, look, course, said) in &mut watches {
                    let was_well = course.told && course.well;
                    let news = course.see(look(now), now);
                    match &news {
                        Err(why) if was_well => tracing::warn!(watch = %name, why, "a watch is broken: not ready"),
                        Ok(()) if course.told && !was_well => tracing::debug!(watch = %name, "a watch works"),
                        _ => {}
                    }
                    *said.lock() = news;
                }
            }
        });
        checks
    }
}

const UNLISTED: &str = "the first list is not complete";

fn fares<R: Send + Sync + 'static>(store: &Store<R>) -> Fares {
    match (store.is_complete(), store.failure()) {
        (false, failure) => Fares::Unlisted(failure.map(|failure| failure.reason)),
        (true, Some(failure)) => Fares::Failed { reason: failure.reason, at: failure.at },
        (true, None) => Fares::Well,
    }
}

fn guarded(state: &Result<(), GuardFault>, now: Instant) -> Fares {
    match state {
        Err(GuardFault::NotRead) => Fares::Unlisted(None),
        Err(fault @ GuardFault::Unwatchable(..)) => Fares::Failed { reason: fault.to_string(), at: now },
        _ => Fares::Well,
    }
}

/// Consecutive failures.
#[derive(Debug)]
struct Failing {
    first: Instant,
    last: Instant,
    /// The time between the last two.
    pause: Duration,
    reason: String,
}

impl Failing {
    /// The time by which the next failure has come, if the watch still fails.
    fn holds(&self) -> Duration {
        (self.pause * GROWS).clamp(SETTLES, HOLDS)
    }
}

/// The course of one watch so far.
#[derive(Debug, Default)]
struct Course {
    /// Whether it ever worked.
    told: bool,
    failing: Option<Failing>,
    /// The result of the last poll.
    well: bool,
}

impl Course {
    /// Records a poll.
    ///
    /// # Errors
    /// Why the watch cannot be relied on.
    fn see(&mut self, fares: Fares, now: Instant) -> Result<(), String> {
        let said = match fares {
            Fares::Unlisted(why) => Err(why.unwrap_or_else(|| UNLISTED.to_owned())),
            Fares::Failed { reason, at } => {
                self.failed(reason, at);
                self.judged(now, Failing::holds)
            }
            Fares::Well => {
                // One that works for a moment and fails again is still broken.
                self.told = true;
                self.failing = self.failing.take().filter(|f| now.saturating_duration_since(f.last) <= SETTLES);
                self.judged(now, |_| SETTLES)
            }
        };
        self.well = said.is_ok();
        said
    }

    fn failed(&mut self, reason: String, at: Instant) {
        let Some(before) = &self.failing else {
            self.failing = Some(Failing { first: at, last: at, pause: Duration::ZERO, reason });
            return;
        };
        if at > before.last {
            let pause = at.saturating_duration_since(before.last);
            let first = if pause <= before.holds() { before.first } else { at };
            self.failing = Some(Failing { first, last: at, pause: pause.min(HOLDS), reason });
        }
    }

    fn judged(&mut self, now: Instant, holds: impl Fn(&Failing) -> Duration) -> Result<(), String> {
        let Some(failing) = &self.failing else { return Ok(()) };
        if now.saturating_duration_since(failing.last) > holds(failing) {
            self.told = true;
            return Ok(());
        }
        let lasted = failing.last.saturating_duration_since(failing.first);
        match self.told {
            false => Err(failing.reason.clone()),
            true if lasted < GRACE => Ok(()),
            true => Err(format!("its watch has failed for {} s: {}", lasted.as_secs(), failing.reason)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The result at each of these seconds; `f` is a failure at that second, `.` the same failure as before, `w` a
    /// watch that reported something.
    fn said(looks: &[(u64, char)]) -> String {
        let (start, mut course) = (Instant::now(), Course::default());
        let mut failed = start;
        let said = looks.iter().map(|(second, look)| {
            let now = start + Duration::from_secs(*second);
            let fares = match look {
                'u' => Fares::Unlisted(None),
                'w' => Fares::Well,
                look => {
                    failed = if *look == 'f' { now } else { failed };
                    Fares::Failed { reason: "refused".to_owned(), at: failed }
                }
            };
            if course.see(fares, now).is_ok() { '+' } else { '-' }
        });
        said.collect()
    }

    #[test]
    fn nothing_is_ready_before_it_was_listed() {
        assert_eq!(said(&[(0, 'u'), (1, 'u'), (600, 'u'), (601, 'w')]), "---+");
        // A guard that could never be watched has not been listed either.
        assert_eq!(said(&[(0, 'u'), (1, 'f'), (2, 'f'), (5, 'w'), (20, 'w')]), "---++");
    }

    #[test]
    fn a_reconnect_is_no_fault_and_failures_that_go_on_are() {
        let restart = [(0, 'w'), (1, 'f'), (2, 'f'), (4, 'f'), (8, 'f'), (16, 'f'), (40, '.'), (200, '.'), (201, 'w')];
        assert_eq!(said(&restart), "+++++++++");
        let outage = [(0, 'w'), (1, 'f'), (10, 'f'), (32, 'f'), (60, '.'), (90, 'f'), (150, '.'), (181, '.')];
        assert_eq!(said(&outage), "+++----+");
        let mended = [(0, 'w'), (1, 'f'), (9, 'f'), (32, 'f'), (40, 'w'), (43, 'w')];
        assert_eq!(said(&mended), "+++--+", "once it has settled");
        let twice = [(0, 'w'), (1, 'f'), (2, 'f'), (4, 'f'), (30, 'f'), (31, 'f'), (33, 'f'), (36, '.'), (60, '.')];
        assert_eq!(said(&twice), "+++++++++", "two restarts");
        // A server that does not answer: each call takes half a minute to fail.
        assert_eq!(said(&[(0, 'w'), (30, 'f'), (62, 'f'), (96, 'f'), (110, '.')]), "+++--");
        assert_eq!(said(&[(0, 'w'), (1, 'f'), (100, '.'), (3600, 'f'), (3610, '.')]), "+++++", "two, an hour apart");
    }

    #[test]
    fn a_watch_that_is_listed_and_refused_again_and_again_is_broken() {
        let flaps: Vec<(u64, char)> = (0..60).map(|s| (s, if s % 2 == 0 { 'w' } else { 'f' })).collect();
        let said = said(&flaps);
        assert!(said.starts_with(&"+".repeat(30)) && said.ends_with(&"-".repeat(20)), "{said}");
    }

    #[test]
    fn a_guard_that_is_missing_is_watched_all_the_same() {
        let now = Instant::now();
        assert_eq!(guarded(&Err(GuardFault::NotRead), now), Fares::Unlisted(None));
        assert_eq!(guarded(&Err(GuardFault::Missing(trimtab_guard::Kind::Policy)), now), Fares::Well);
        let refused = GuardFault::Unwatchable(trimtab_guard::Kind::Policy, "forbidden".to_owned());
        assert!(matches!(guarded(&Err(refused), now), Fares::Failed { reason, .. } if reason.contains("forbidden")));
    }

    #[tokio::test]
    async fn each_watch_has_its_check_and_a_kind_that_the_server_has_not_is_none() {
        let mut readiness = Readiness::default();
        readiness.world(&World::fixed(trimtab_world::Tables::default()), Kind::ALL);
        readiness.store("recommendations", &Store::<()>::fixed([]));
        readiness.watch("broken", |_| Fares::Unlisted(Some("Forbidden: verb list on broken".to_owned())));
        let stop = CancellationToken::new();
        let checks = readiness.start(stop.clone());
        assert!(!checks.evaluate(false).0, "nothing was looked at yet");
        tokio::time::sleep(Duration::from_millis(50)).await;
        let (ready, body) = checks.evaluate(true);
        assert!(!ready && body.contains("[-]broken failed: Forbidden: verb list on broken\n"), "{body}");
        assert!(body.contains("[+]pods ok\n") && body.contains("[+]recommendations ok\n"), "{body}");
        assert_eq!(body.lines().filter(|line| line.starts_with("[-]")).count(), 1, "{body}");
        stop.cancel();
    }
}
