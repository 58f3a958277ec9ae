//! When each profile is written.
//!
//! In: workloads and the time. Out: those whose turn it is. Each workload has its own slot in the interval, by a hash
//! of its name, so writes are spread out and keep their slots over time. Pure.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
};

use trimtab_core::WorkloadId;

/// The next turn of each workload.
#[derive(Debug)]
pub struct Schedule {
    interval_s: i64,
    next: HashMap<WorkloadId, i64>,
}

impl Schedule {
    /// One turn for each workload every `interval_s` seconds, at least one.
    pub fn new(interval_s: i64) -> Self {
        Self { interval_s: interval_s.max(1), next: HashMap::new() }
    }

    /// The first turn of `workload` after `now_s`, within one interval.
    pub fn turn(&self, workload: &WorkloadId, now_s: i64) -> i64 {
        now_s + 1 + (place(workload, self.interval_s) - now_s - 1).rem_euclid(self.interval_s)
    }

    /// Adds a workload, if it is new.
    pub fn add(&mut self, workload: &WorkloadId, now_s: i64) {
        if !self.next.contains_key(workload) {
            self.next.insert(workload.clone(), self.turn(workload, now_s));
        }
    }

    /// A workload was written, or had nothing new: its next turn is its regular one.
    pub fn done(&mut self, workload: &WorkloadId, now_s: i64) {
        self.next.insert(workload.clone(), self.turn(workload, now_s));
    }

    /// Sets the next turn of a workload to `at_s`.
    pub fn postpone(&mut self, workload: &WorkloadId, at_s: i64) {
        self.next.insert(workload.clone(), at_s);
    }

    /// Workloads whose turn has come, the longest waiting first, and at most twice the usual number for `tick_s`
    /// seconds: after an outage the backlog is worked off gradually, to spare the API server.
    pub fn due(&self, now_s: i64, tick_s: i64) -> Vec<WorkloadId> {
        let count = i64::try_from(self.next.len()).unwrap_or(i64::MAX);
        let most = (2 * count.saturating_mul(tick_s.max(1)) / self.interval_s).max(1);
        let mut due = self.waiting(|at| at <= now_s);
        due.truncate(usize::try_from(most).unwrap_or(usize::MAX));
        due
    }

    /// All workloads, ordered by next turn.
    pub fn all(&self) -> Vec<WorkloadId> {
        self.waiting(|_| true)
    }

    fn waiting(&self, which: impl Fn(i64) -> bool) -> Vec<WorkloadId> {
        let mut found: Vec<_> = self.next.iter().filter(|(_, at)| which(**at)).collect();
        found.sort_by_key(|(workload, at)| (**at, *workload));
        found.into_iter().map(|(workload, _)| workload.clone()).collect()
    }

    /// Keeps the workloads for which `keep` holds.
    pub fn retain(&mut self, keep: impl Fn(&WorkloadId) -> bool) {
        self.next.retain(|workload, _| keep(workload));
    }
}

/// The slot of a workload within the interval, in `0..interval_s`.
fn place(workload: &WorkloadId, interval_s: i64) -> i64 {
    let mut hasher = DefaultHasher::new();
    workload.hash(&mut hasher);
    i64::try_from(hasher.finish() % interval_s.unsigned_abs()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use trimtab_core::WorkloadKind;

    fn id(n: u32) -> WorkloadId {
        WorkloadId::new(WorkloadKind::Deployment, "shop", format!("web-{n}"))
    }

    fn thousand(now_s: i64) -> Schedule {
        let mut schedule = Schedule::new(3600);
        (0..1000).for_each(|n| schedule.add(&id(n), now_s));
        schedule
    }

    #[test]
    fn each_has_one_turn_an_interval_at_its_own_place() {
        let mut schedule = thousand(10_000);
        let mut written: HashMap<WorkloadId, Vec<i64>> = HashMap::new();
        let mut most = 0;
        for minute in 1..=180 {
            let now = 10_000 + minute * 60;
            let due = schedule.due(now, 60);
            most = most.max(due.len());
            for workload in due {
                schedule.done(&workload, now);
                written.entry(workload).or_default().push(now);
            }
        }
        assert_eq!(written.len(), 1000);
        assert!(written.values().all(|times| times.len() == 3 && times.windows(2).all(|w| w[1] - w[0] == 3600)));
        assert!((17..=34).contains(&most), "{most} in the busiest minute, 17 on average");
    }

    #[test]
    fn the_first_turn_is_within_one_interval() {
        let schedule = Schedule::new(3600);
        for now in [0, 1, 3599, 3600, 1_800_000_123] {
            for n in 0..50 {
                let turn = schedule.turn(&id(n), now);
                assert!((now + 1..=now + 3600).contains(&turn), "{turn} at {now}");
                assert_eq!(schedule.turn(&id(n), turn), turn + 3600);
            }
        }
    }

    #[test]
    fn a_backlog_is_worked_off_oldest_first() {
        let mut schedule = thousand(0);
        let late = 10 * 3600;
        assert_eq!(schedule.all().len(), 1000);
        let first = schedule.due(late, 60);
        assert_eq!((first.len(), &first[0]), (33, &schedule.all()[0]));
        first.iter().for_each(|workload| schedule.done(workload, late));
        assert!(!schedule.due(late, 60).iter().any(|workload| first.contains(workload)));
    }

    #[test]
    fn what_is_put_off_comes_back_and_what_is_gone_does_not() {
        let mut schedule = Schedule::new(3600);
        schedule.add(&id(1), 0);
        schedule.postpone(&id(1), 9_000);
        schedule.add(&id(1), 0);
        assert!(schedule.due(8_999, 60).is_empty());
        assert_eq!(schedule.due(9_000, 60), [id(1)]);
        schedule.retain(|_| false);
        assert!(schedule.due(9_000, 60).is_empty());
    }
}
