//! The queries of verification to a metrics server. In: the queries of one evaluation, the purpose of their answers, the
//! time. Out: answers, fresh or recent.
//!
//! All queries of an evaluation are sent concurrently under one time budget; what is not answered by its end is
//! unanswered. Answers are cached for a while, so that an evaluation every other second sends nothing. Only a few
//! evaluations query at the same time. Dropping the future drops its queries in flight; nothing of them is kept.

use std::{collections::HashMap, hash::Hash, time::Duration};

use futures::{StreamExt, stream::FuturesUnordered};
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use tokio::sync::Semaphore;
use trimtab_api::verification::VerificationQuery;

/// Time budget for all queries of one evaluation, including the wait for a slot.
pub const BUDGET: Duration = Duration::from_secs(10);
/// How long answers are reused.
const KEEP: SignedDuration = SignedDuration::from_secs(15);
/// How many evaluations query at the same time.
const AT_ONCE: usize = 8;

/// The purpose of answers.
#[derive(Clone, Debug, PartialEq)]
pub struct Purpose<K> {
    /// The object whose change they judge.
    pub key: K,
    /// The digest of what is, or would be, applied.
    pub digest: String,
    /// The watch that they judge; `None` if they are the state before the change.
    pub watch: Option<Watch>,
    /// Whether anything depends on them at present.
    pub decides: bool,
}

/// A period in which the target of a change is watched.
#[derive(Clone, Debug, PartialEq)]
pub struct Watch {
    /// Its beginning.
    pub since: Timestamp,
    /// Its end, after which a verdict lets the change continue.
    pub ends: Timestamp,
}

/// The last answers for an object.
#[derive(Clone, Debug)]
struct Kept<K, A> {
    purpose: Purpose<K>,
    queries: Vec<VerificationQuery>,
    at: Timestamp,
    answers: A,
}

impl<K, A> Kept<K, A> {
    /// After the clock was set back, nothing counts as fresh.
    fn is_fresh(&self, now: Timestamp) -> bool {
        (SignedDuration::ZERO..KEEP).contains(&now.duration_since(self.at))
    }
}

/// Where an evaluation takes its answers from.
#[derive(Debug, PartialEq)]
enum Origin<A> {
    /// The server is queried now.
    Server,
    /// Recent answers are reused.
    Before(A),
    /// There are none, and none are needed; the reason.
    Nowhere(&'static str),
}

/// Where the answers for `purpose` come from at `now`.
///
/// The state before a change, and an evaluation during a watch, take answers from within [`KEEP`], whatever the stage
/// in which they arrived: there only a failure counts. The verdict that ends a watch is different. It rests on answers
/// from after the end of that very watch, never on fresh ones from before it: answers from during a watch do not cover
/// its rest, and after the last watch there is no further evaluation. So nothing is queried in the last [`KEEP`] before
/// the end, and queries stay that far apart; only watches shorter than that have one round of queries each.
fn origin<K, A: Clone>(
    kept: Option<&Kept<K, A>>,
    purpose: &Purpose<K>,
    queries: &[VerificationQuery],
    now: Timestamp,
) -> Origin<A> {
    let kept = kept.filter(|k| k.purpose.digest == purpose.digest && k.queries == queries).filter(|k| k.is_fresh(now));
    let before = |why| kept.map_or(Origin::Nowhere(why), |k| Origin::Before(k.answers.clone()));
    if !purpose.decides {
        return before("it is not run, since nothing depends on the result now");
    }
    match &purpose.watch {
        Some(watch) if now >= watch.ends => match kept {
            Some(k) if k.at >= watch.ends && k.purpose.watch.as_ref().is_some_and(|w| w.since == watch.since) => {
                Origin::Before(k.answers.clone())
            }
            _ => Origin::Server,
        },
        Some(watch) if watch.ends.duration_since(now) < KEEP => before("it is run at the end of this watch"),
        _ => kept.map_or(Origin::Server, |k| Origin::Before(k.answers.clone())),
    }
}

/// Decides when queries are sent, and caches their answers `A`. Shared by all evaluations.
#[derive(Debug)]
pub struct Questions<K, A> {
    kept: Mutex<HashMap<K, Kept<K, A>>>,
    places: Semaphore,
}

impl<K, A> Default for Questions<K, A> {
    fn default() -> Self {
        Self { kept: Mutex::default(), places: Semaphore::new(AT_ONCE) }
    }
}

impl<K: Clone + Eq + Hash, A: Clone> Questions<K, A> {
    /// The answers to `queries` for `purpose`: recent ones, or those of `ask`, which is not polled before they are needed.
    ///
    /// # Errors
    /// Why there are none, as a clause about one query: none are needed now.
    pub async fn answers(
        &self,
        purpose: &Purpose<K>,
        queries: &[VerificationQuery],
        now: Timestamp,
        ask: impl Future<Output = A>,
    ) -> Result<A, &'static str> {
        match origin(self.kept.lock().get(&purpose.key), purpose, queries, now) {
            Origin::Before(answers) => return Ok(answers),
            Origin::Nowhere(why) => return Err(why),
            Origin::Server => {}
        }
        let answers = ask.await;
        let kept = Kept { purpose: purpose.clone(), queries: queries.to_vec(), at: now, answers: answers.clone() };
        let mut all = self.kept.lock();
        all.retain(|_, k| k.is_fresh(now));
        all.insert(purpose.key.clone(), kept);
        Ok(answers)
    }

    /// Sends all queries of one evaluation concurrently. Answers that arrived before the budget was spent are kept; the
    /// others are `None`.
    pub async fn ask<R>(&self, queries: Vec<impl Future<Output = R>>) -> Vec<Option<R>> {
        let mut heard: Vec<Option<R>> = queries.iter().map(|_| None).collect();
        let asking = async {
            // The semaphore is never closed.
            let Ok(_place) = self.places.acquire().await else { return };
            let mut asked = FuturesUnordered::new();
            for (slot, query) in heard.iter_mut().zip(queries) {
                asked.push(async move { *slot = Some(query.await) });
            }
            while asked.next().await.is_some() {}
        };
        let _ = tokio::time::timeout(BUDGET, asking).await;
        heard
    }
}

#[cfg(test)]
mod tests;
