//! Schedules reconciles. In: keys that something changed, finished reconciles. Out: concurrent reconciles, at most one
//! per key at a time and up to a limit, in the order in which they became due; a key's first reconcile goes before mere
//! rechecks. Due times are kept by kube's scheduler: however often a key is enqueued, it comes up once, at the earliest
//! of the times.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    fmt,
    hash::Hash,
    pin::Pin,
    time::Duration,
};

use futures::{
    StreamExt,
    channel::mpsc::{self, UnboundedReceiver, UnboundedSender},
};
use kube::runtime::scheduler::{ScheduleRequest, Scheduler, scheduler};
use tokio::{
    task::{Id, JoinSet},
    time::Instant,
};

use trimtab_runtime::metrics::QueueMetrics;

use crate::ran::Ran;

/// Delay before a key whose reconcile panicked is retried.
const AFTER_PANIC: Duration = Duration::from_secs(10);

/// Keys that are due, scheduled, or being reconciled.
pub struct WorkQueue<K> {
    at_once: usize,
    metrics: QueueMetrics,
    requests: UnboundedSender<ScheduleRequest<K>>,
    scheduler: Pin<Box<Scheduler<K, UnboundedReceiver<ScheduleRequest<K>>>>>,
    /// Due, and waiting for a slot; since when.
    queue: VecDeque<(K, Instant)>,
    queued: HashSet<K>,
    runs: JoinSet<Ran>,
    /// Being reconciled, and since when.
    keys: HashMap<Id, (K, Instant)>,
    busy: HashSet<K>,
}

impl<K: fmt::Debug> fmt::Debug for WorkQueue<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkQueue").field("busy", &self.busy).finish_non_exhaustive()
    }
}

impl<K: Clone + Eq + Hash> WorkQueue<K> {
    /// An empty queue that reconciles at most `at_once` keys concurrently.
    pub fn new(at_once: usize, metrics: QueueMetrics) -> Self {
        let (requests, receiver) = mpsc::unbounded();
        Self {
            at_once,
            metrics,
            requests,
            scheduler: Box::pin(scheduler(receiver)),
            queue: VecDeque::new(),
            queued: HashSet::new(),
            runs: JoinSet::new(),
            keys: HashMap::new(),
            busy: HashSet::new(),
        }
    }

    /// Requests a reconcile of `key` as soon as there is a free slot. If one is in progress, the next waits for its
    /// end.
    pub fn enqueue(&self, key: K) {
        self.at(key, Instant::now());
    }

    fn at(&self, message: K, run_at: Instant) {
        // The receiver lives as long as `self`.
        let _ = self.requests.unbounded_send(ScheduleRequest { message, run_at });
    }

    /// Waits until a key is due, or until a reconcile ends and says when it wants to be repeated; then calls `run` for
    /// as many keys as there are free slots. Dropping the future loses nothing.
    pub async fn next<F>(&mut self, run: impl Fn(K) -> F)
    where
        F: Future<Output = Ran> + Send + 'static,
    {
        let Self { scheduler, runs, busy, .. } = self;
        let mut due = scheduler.as_mut().hold_unless(|key| !busy.contains(key));
        tokio::select! {
            Some(ended) = runs.join_next_with_id() => {
                let (id, ran) = match ended {
                    Ok(ended) => ended,
                    // The panic has already been reported.
                    Err(error) => (error.id(), Ran { again: Some(AFTER_PANIC), failed: true }),
                };
                if let Some((key, begun)) = self.keys.remove(&id) {
                    self.busy.remove(&key);
                    self.metrics.done(begun.elapsed());
                    if let Some(after) = ran.again {
                        if ran.failed {
                            self.metrics.retried();
                        }
                        self.at(key, Instant::now() + after);
                    }
                }
            }
            Some(key) = due.next() => {
                if self.queued.insert(key.clone()) {
                    self.queue.push_back((key, Instant::now()));
                    self.metrics.added();
                }
            }
        }
        while self.busy.len() < self.at_once
            && let Some((key, since)) = self.queue.pop_front()
        {
            self.queued.remove(&key);
            self.metrics.started(since.elapsed());
            let task = self.runs.spawn(run(key.clone()));
            self.keys.insert(task.id(), (key.clone(), Instant::now()));
            self.busy.insert(key);
        }
        self.metrics.set_depth(self.queue.len());
    }

    /// Waits for the reconciles in progress to end. Queued keys are left to the next leader.
    pub async fn finish(mut self) {
        self.metrics.set_depth(0);
        while self.runs.join_next().await.is_some() {}
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic)]
    use std::sync::{Arc, Mutex};

    use trimtab_runtime::Metrics;

    use super::*;

    /// Namespace and name.
    type Key = (String, String);

    fn work_queue(at_once: usize) -> WorkQueue<Key> {
        WorkQueue::new(at_once, Metrics::new("1", None).queue("test"))
    }

    fn key(name: &str) -> Key {
        ("shop".to_owned(), name.to_owned())
    }

    /// Runs until nothing more happens within `span`, and returns which keys were reconciled, at which second.
    async fn ran(
        work_queue: &mut WorkQueue<Key>,
        span: u64,
        again: fn(&Key) -> Option<Duration>,
    ) -> Vec<(String, u64)> {
        let (seen, began) = (Arc::new(Mutex::new(Vec::new())), Instant::now());
        let end = began + Duration::from_secs(span);
        let run = |key: Key| {
            let seen = seen.clone();
            async move {
                let at = began.elapsed().as_secs();
                seen.lock().unwrap_or_else(|e| panic!("{e}")).push((key.1.clone(), at));
                tokio::time::sleep(Duration::from_secs(1)).await;
                Ran::from(again(&key))
            }
        };
        while tokio::time::timeout_at(end, work_queue.next(run)).await.is_ok() {}
        let mut seen = seen.lock().unwrap_or_else(|e| panic!("{e}")).clone();
        seen.sort_by_key(|(name, at)| (*at, name.clone()));
        seen
    }

    fn expected(list: &[(&str, u64)]) -> Vec<(String, u64)> {
        list.iter().map(|(name, at)| ((*name).to_owned(), *at)).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn a_key_that_is_asked_for_often_runs_once() {
        let mut work_queue = work_queue(8);
        for name in ["a", "b", "a", "a"] {
            work_queue.enqueue(key(name));
        }
        assert_eq!(ran(&mut work_queue, 30, |_| None).await, expected(&[("a", 0), ("b", 0)]));
    }

    #[tokio::test(start_paused = true)]
    async fn a_key_that_changes_while_it_runs_runs_again_after_its_end() {
        let mut work_queue = work_queue(8);
        work_queue.enqueue(key("a"));
        work_queue
            .next(|_| async {
                tokio::time::sleep(Duration::from_secs(3)).await;
                Ran::default()
            })
            .await;
        work_queue.enqueue(key("a"));
        assert_eq!(ran(&mut work_queue, 30, |_| None).await, expected(&[("a", 3)]));
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_run_at_once_than_allowed() {
        let mut work_queue = work_queue(1);
        for name in ["a", "b", "c"] {
            work_queue.enqueue(key(name));
        }
        let seconds: Vec<u64> = ran(&mut work_queue, 30, |_| None).await.into_iter().map(|(_, at)| at).collect();
        assert_eq!(seconds, [0, 1, 2]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_only_looks_again_goes_behind_what_waits_for_its_first_turn() {
        let mut work_queue = work_queue(1);
        for name in ["a", "b", "c", "d"] {
            work_queue.enqueue(key(name));
        }
        let names: Vec<String> =
            ran(&mut work_queue, 4, |_| Some(Duration::ZERO)).await.into_iter().map(|(name, _)| name).collect();
        let mut first = names.clone();
        first.sort();
        first.dedup();
        assert_eq!(first, ["a", "b", "c", "d"], "in the order {names:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_run_says_when_the_next_one_is_due_and_a_change_comes_before_it() {
        let mut work_queue = work_queue(8);
        work_queue.enqueue(key("a"));
        let often = |_: &Key| Some(Duration::from_secs(10));
        assert_eq!(ran(&mut work_queue, 25, often).await, expected(&[("a", 0), ("a", 11), ("a", 22)]));
        work_queue.enqueue(key("a"));
        assert_eq!(ran(&mut work_queue, 5, often).await, expected(&[("a", 0)]));
    }

    #[tokio::test(start_paused = true)]
    async fn only_the_key_whose_run_panicked_waits() {
        let mut work_queue = work_queue(8);
        work_queue.enqueue(key("broken"));
        work_queue.enqueue(key("slow"));
        for _ in 0..2 {
            work_queue
                .next(|key| async move {
                    assert_eq!(key.1, "slow", "a defect");
                    tokio::time::sleep(Duration::from_secs(60)).await;
                    Ran::default()
                })
                .await;
        }
        work_queue.enqueue(key("slow"));
        assert_eq!(ran(&mut work_queue, 90, |_| None).await, expected(&[("broken", 10), ("slow", 60)]));
    }

    /// What `/metrics` shows of the queue: depth, adds, retries, reconciles started and finished, seconds queued and at
    /// work.
    fn shown(metrics: &Metrics) -> Vec<f64> {
        let text = metrics.encode();
        let value = |name: &str| -> f64 {
            let line = text
                .lines()
                .find_map(|l| l.strip_prefix(&format!("workqueue_{name}{{name=\"test\",controller=\"test\"}} ")));
            line.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("no {name} in {text}"))
        };
        let names =
            ["depth", "adds_total", "retries_total", "queue_duration_seconds_count", "work_duration_seconds_count"];
        let sums = ["queue_duration_seconds_sum", "work_duration_seconds_sum"];
        names.iter().chain(&sums).map(|name| value(name).round()).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn every_series_of_the_queue_moves() {
        let metrics = Metrics::new("1", None);
        let mut work_queue = WorkQueue::new(1, metrics.queue("test"));
        assert_eq!(shown(&metrics), [0.0; 7]);
        for name in ["a", "b", "c"] {
            work_queue.enqueue(key(name));
        }
        let run = |key: Key| async move {
            tokio::time::sleep(Duration::from_secs(2)).await;
            let failed = key.1 == "b";
            Ran { again: failed.then_some(Duration::from_secs(100)), failed }
        };
        for _ in 0..3 {
            work_queue.next(run).await;
        }
        assert_eq!(shown(&metrics), [2.0, 3.0, 0.0, 1.0, 0.0, 0.0, 0.0], "one at work, two in line");
        for _ in 0..3 {
            work_queue.next(run).await;
        }
        assert_eq!(
            shown(&metrics),
            [0.0, 3.0, 1.0, 3.0, 3.0, 6.0, 6.0],
            "b waited for 2 s, c for 4 s; b is tried again"
        );
        for name in ["a", "b", "c"] {
            work_queue.enqueue(key(name));
        }
        for _ in 0..3 {
            work_queue.next(run).await;
        }
        assert_eq!(shown(&metrics)[0], 2.0);
        work_queue.finish().await;
        assert_eq!(shown(&metrics)[0], 0.0, "who no longer leads has nothing in line");
    }
}
