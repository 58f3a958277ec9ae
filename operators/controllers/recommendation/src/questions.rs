//! The queries of verification to the metrics server. In: the queries of one evaluation, the purpose of their answers,
//! the time. Out: answers, fresh or recent.
//!
//! All queries of an evaluation are sent concurrently under one time budget; what is not answered by its end is
//! unanswered. Answers are cached for a while, so that an evaluation every other second sends nothing. Only a few
//! evaluations query at the same time. Dropping the future drops its queries in flight; nothing of them is kept.

use std::collections::HashMap;

use futures::{StreamExt, stream::FuturesUnordered};
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use tokio::sync::Semaphore;
use trimtab_api::{
    approval::{Decision, HonouredApproval},
    gates::ClosedGate,
    rollout::{RolloutStatus, Stage},
    verification::VerificationQuery,
};
use trimtab_metrics_sources::{SourceError, UsageSource};
use trimtab_recommendation_row::RecommendationRow;
use trimtab_rollout::{view::Settings, watch_end};

use crate::{
    Key,
    measure::{self, Answers, BUDGET, Heard},
};

/// How long answers are reused.
const KEEP: SignedDuration = SignedDuration::from_secs(15);
/// How many evaluations query at the same time.
const AT_ONCE: usize = 8;

/// The purpose of answers.
#[derive(Clone, Debug, PartialEq)]
pub struct Purpose {
    /// The Recommendation.
    pub key: Key,
    /// The digest of what is, or would be, applied.
    pub digest: String,
    /// The watch that they judge; `None` if they are the state before the change.
    pub watch: Option<Watch>,
    /// Whether anything depends on them at present.
    pub decides: bool,
}

/// A period in which a workload is watched.
#[derive(Clone, Debug, PartialEq)]
pub struct Watch {
    /// The stage.
    pub stage: Stage,
    /// Its beginning.
    pub since: Timestamp,
    /// Its end, after which a verdict lets the rollout continue.
    pub ends: Timestamp,
}

impl Purpose {
    /// The purpose of the answers about `row`. Nothing depends on them while the rollout machine undoes, or waits
    /// regardless of them: then a server that hangs must not delay showing a rejection or the emergency stop.
    pub fn of(
        row: &RecommendationRow,
        active: Option<&RolloutStatus>,
        settings: &Settings,
        honoured: &Result<Option<HonouredApproval>, ClosedGate>,
        forward_gates: &[ClosedGate],
    ) -> Self {
        let approved =
            matches!(honoured, Ok(Some(a)) if a.decision == Decision::Approved && a.proposal_digest == row.digest);
        let stopped = forward_gates.iter().any(|gate| gate.gate == "EmergencyStop");
        Self {
            key: (row.namespace.clone(), row.name.clone()),
            digest: active.map_or(&row.digest, |r| &r.proposal_digest).clone(),
            watch: active
                .and_then(|r| Some(Watch { stage: r.stage, since: r.stage_since.0, ends: watch_end(settings, r)? })),
            decides: approved && !stopped && !row.terminating && active.is_none_or(|r| r.proposal_digest == row.digest),
        }
    }
}

/// The last answers for a Recommendation.
#[derive(Clone, Debug)]
struct Kept {
    purpose: Purpose,
    queries: Vec<VerificationQuery>,
    at: Timestamp,
    answers: Answers,
}

impl Kept {
    /// After the clock was set back, nothing counts as fresh.
    fn is_fresh(&self, now: Timestamp) -> bool {
        (SignedDuration::ZERO..KEEP).contains(&now.duration_since(self.at))
    }
}

/// Where an evaluation takes its answers from.
#[derive(Debug, PartialEq)]
enum Origin {
    /// The server is queried now.
    Server,
    /// Recent answers are reused.
    Before(Answers),
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
fn origin(kept: Option<&Kept>, purpose: &Purpose, queries: &[VerificationQuery], now: Timestamp) -> Origin {
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

/// Queries the server, and caches its answers. Shared by all evaluations.
#[derive(Debug)]
pub struct Questions {
    kept: Mutex<HashMap<Key, Kept>>,
    places: Semaphore,
}

impl Default for Questions {
    fn default() -> Self {
        Self { kept: Mutex::default(), places: Semaphore::new(AT_ONCE) }
    }
}

impl Questions {
    /// The answers for `purpose`: about throttling, if there is a query for it, and to the policy's own queries.
    pub async fn answers(
        &self,
        source: Option<&dyn UsageSource>,
        purpose: &Purpose,
        throttling: Option<String>,
        queries: &[VerificationQuery],
        now: Timestamp,
    ) -> Answers {
        let Some(source) = source else { return measure::answers(None, queries, Vec::new()) };
        match origin(self.kept.lock().get(&purpose.key), purpose, queries, now) {
            Origin::Before(answers) => return answers,
            Origin::Nowhere(why) => return measure::silence(queries, why),
            Origin::Server => {}
        }
        let texts: Vec<&str> =
            throttling.as_deref().into_iter().chain(queries.iter().map(|q| q.promql.as_str())).collect();
        let mut heard = self.ask(source, &texts, now.as_second()).await.into_iter();
        let throttled = throttling.as_ref().and_then(|_| heard.next());
        let answers = measure::answers(throttled, queries, heard.collect());
        let kept = Kept { purpose: purpose.clone(), queries: queries.to_vec(), at: now, answers: answers.clone() };
        let mut all = self.kept.lock();
        all.retain(|_, k| k.is_fresh(now));
        all.insert(purpose.key.clone(), kept);
        answers
    }

    /// Sends all queries concurrently. Answers that arrived before the budget was spent are kept.
    async fn ask(&self, source: &dyn UsageSource, texts: &[&str], now_s: i64) -> Vec<Heard> {
        let mut heard: Vec<Option<Result<Option<f64>, SourceError>>> = texts.iter().map(|_| None).collect();
        let asking = async {
            // The semaphore is never closed.
            let Ok(_place) = self.places.acquire().await else { return };
            let mut asked = FuturesUnordered::new();
            for (slot, text) in heard.iter_mut().zip(texts) {
                asked.push(async move { *slot = Some(source.ask(text, now_s).await) });
            }
            while asked.next().await.is_some() {}
        };
        let _ = tokio::time::timeout(BUDGET, asking).await;
        heard.into_iter().map(|answer| answer.map_or(Heard::Late, Heard::from)).collect()
    }
}

#[cfg(test)]
mod tests;
