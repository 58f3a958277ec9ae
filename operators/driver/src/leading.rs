//! The loop of a reconciler while this instance leads. In: terms, changes of what is reconciled. Out: concurrent
//! reconciles of what is due, each counted as a pass.

use std::{fmt, hash::Hash, pin::pin};

use trimtab_runtime::{
    Metrics, Terms,
    metrics::{ControllerMetrics, QueueMetrics},
};

use crate::{ran::Ran, work_queue::WorkQueue};

/// A reconciler's terms, and what is counted in all of them.
#[derive(Debug)]
pub struct Leading {
    terms: Terms,
    at_once: u16,
    passes: ControllerMetrics,
    queue: QueueMetrics,
}

impl Leading {
    /// The terms of `controller`, which reconciles at most `at_once` objects concurrently.
    pub fn new(controller: &'static str, at_once: u16, metrics: &Metrics, terms: Terms) -> Self {
        let (passes, queue) = (metrics.controller(controller, at_once), metrics.queue(controller));
        Self { terms, at_once, passes, queue }
    }

    /// Waits until this instance leads, and then for `known`: what has to be loaded before anything is reconciled. `None`
    /// if the program is shutting down.
    pub async fn term<K: Clone + Eq + Hash>(&mut self, known: impl Future<Output = ()>) -> Option<Term<'_, K>> {
        if !self.terms.begin(known).await {
            return None;
        }
        let queue = WorkQueue::new(usize::from(self.at_once), self.queue.clone());
        Some(Term { leading: self, queue })
    }
}

/// A term in which this instance leads, with what is due in it.
pub struct Term<'a, K> {
    leading: &'a mut Leading,
    queue: WorkQueue<K>,
}

impl<K: fmt::Debug> fmt::Debug for Term<'_, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Term").field("queue", &self.queue).finish_non_exhaustive()
    }
}

impl<K: Clone + Eq + Hash> Term<'_, K> {
    /// The result of `work` in this term; `None` if the term is over before it completes, and then `work` is dropped.
    pub async fn within<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        self.leading.terms.within(work).await.ok()
    }

    /// Requests a reconcile of each of these, see [`WorkQueue::enqueue`].
    pub fn enqueue(&self, keys: impl IntoIterator<Item = K>) {
        keys.into_iter().for_each(|key| self.queue.enqueue(key));
    }

    /// Reconciles what is due by `reconcile`, until `change` completes; returns its result, or `None` if the term is over
    /// before. Reconciles that are in progress then go on.
    pub async fn until<T, F>(&mut self, change: impl Future<Output = T>, reconcile: impl Fn(K) -> F) -> Option<T>
    where
        F: Future<Output = Ran> + Send + 'static,
    {
        let Self { leading: Leading { terms, passes, .. }, queue } = self;
        let of_runs = terms.clone();
        let run = |key: K| {
            let (passes, terms, reconcile) = (passes.clone(), of_runs.clone(), reconcile(key));
            async move {
                let pass = passes.start();
                let ran = reconcile.await;
                pass.finish(ran.outcome(terms.leads()));
                ran
            }
        };
        let mut change = pin!(change);
        while terms.go_on() {
            tokio::select! {
                _ = terms.over() => break,
                () = queue.next(&run) => {}
                changed = &mut change => return Some(changed),
            }
        }
        None
    }

    /// Waits for the reconciles in progress to end, so that no request is left half answered.
    pub async fn finish(self) {
        self.queue.finish().await;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use std::{
        future::{pending, ready},
        sync::Arc,
        time::Duration,
    };

    use parking_lot::Mutex;
    use tokio::time::{Instant, sleep};
    use tokio_util::sync::CancellationToken;
    use trimtab_runtime::Leadership;

    use super::*;

    /// The number that `/metrics` shows of reconciles that ended so.
    fn counted(metrics: &Metrics, result: &str) -> String {
        let (text, start) = (metrics.encode(), "controller_runtime_reconcile_total{controller=\"test\",result=");
        let found = text.lines().find_map(|l| l.strip_prefix(&format!("{start}\"{result}\"}} ")));
        found.unwrap_or_else(|| panic!("{text}")).to_owned()
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_due_is_reconciled_until_something_changes_and_finished_when_the_term_is_over() {
        let (stop, metrics, began) = (CancellationToken::new(), Metrics::new("1", None), Instant::now());
        let terms = Terms::new(Leadership::always(), stop.clone());
        let mut leading = Leading::new("test", 2, &metrics, terms);
        let ended = Arc::new(Mutex::new(Vec::new()));
        let reconcile = |key: &'static str| {
            let ended = ended.clone();
            async move {
                sleep(Duration::from_secs(2)).await;
                ended.lock().push((key, began.elapsed().as_secs()));
                Ran { again: None, failed: key == "bad" }
            }
        };
        let mut term = leading.term(ready(())).await.unwrap();
        assert_eq!(term.within(ready(1)).await, Some(1));
        term.enqueue(["good", "bad"]);
        let change = async {
            sleep(Duration::from_secs(5)).await;
            ["new"]
        };
        let changed = term.until(change, reconcile).await;
        assert_eq!((changed, began.elapsed().as_secs()), (Some(["new"]), 5));
        assert_eq!((counted(&metrics, "success"), counted(&metrics, "error")), ("1".to_owned(), "1".to_owned()));
        term.enqueue(["new"]);
        let end = async {
            sleep(Duration::from_secs(1)).await;
            stop.cancel();
        };
        let (changed, ()) = tokio::join!(term.until(pending::<()>(), reconcile), end);
        assert_eq!((changed, began.elapsed().as_secs()), (None, 6));
        term.finish().await;
        let mut ended = ended.lock().clone();
        ended.sort_unstable();
        assert_eq!(ended, [("bad", 2), ("good", 2), ("new", 7)]);
        assert!(leading.term::<&str>(ready(())).await.is_none());
    }
}
