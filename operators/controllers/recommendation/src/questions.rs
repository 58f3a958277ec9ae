//! What is asked of the metrics server about one Recommendation. In: the row, its rollout, the policy's queries. Out: the
//! purpose of the answers, on which it depends when queries are sent (see [`trimtab_driver::questions`]), and the answers.

use jiff::Timestamp;
use trimtab_api::{
    approval::{Decision, HonouredApproval},
    gates::ClosedGate,
    rollout::RolloutStatus,
    verification::VerificationQuery,
};
use trimtab_driver::questions::{Purpose, Questions, Watch};
use trimtab_metrics_sources::UsageSource;
use trimtab_recommendation_row::RecommendationRow;
use trimtab_rollout::{view::Settings, watch_end};

use crate::{
    Key,
    measure::{self, Answers, Heard},
};

/// The purpose of the answers about `row`. Nothing depends on them while the rollout machine undoes, or waits regardless
/// of them: then a server that hangs must not delay showing a rejection or the emergency stop.
pub fn purpose(
    row: &RecommendationRow,
    active: Option<&RolloutStatus>,
    settings: &Settings,
    honoured: &Result<Option<HonouredApproval>, ClosedGate>,
    forward_gates: &[ClosedGate],
) -> Purpose<Key> {
    let approved =
        matches!(honoured, Ok(Some(a)) if a.decision == Decision::Approved && a.proposal_digest == row.digest);
    let stopped = forward_gates.iter().any(|gate| gate.gate == "EmergencyStop");
    Purpose {
        key: (row.namespace.clone(), row.name.clone()),
        digest: active.map_or(&row.digest, |r| &r.proposal_digest).clone(),
        watch: active.and_then(|r| Some(Watch { since: r.stage_since.0, ends: watch_end(settings, r)? })),
        decides: approved && !stopped && !row.terminating && active.is_none_or(|r| r.proposal_digest == row.digest),
    }
}

/// The answers for `purpose`: about throttling, if there is a query for it, and to the policy's own queries.
pub async fn answers(
    questions: &Questions<Key, Answers>,
    source: Option<&dyn UsageSource>,
    purpose: &Purpose<Key>,
    throttling: Option<String>,
    queries: &[VerificationQuery],
    now: Timestamp,
) -> Answers {
    let Some(source) = source else { return measure::answers(None, queries, Vec::new()) };
    let ask = async {
        let texts = throttling.as_deref().into_iter().chain(queries.iter().map(|q| q.promql.as_str()));
        let asked: Vec<_> = texts.map(|text| source.ask(text, now.as_second())).collect();
        let heard = questions.ask(asked).await;
        let mut heard = heard.into_iter().map(|answer| answer.map_or(Heard::Late, Heard::from));
        let throttled = throttling.as_ref().and_then(|_| heard.next());
        measure::answers(throttled, queries, heard.collect())
    };
    questions.answers(purpose, queries, now, ask).await.unwrap_or_else(|why| measure::silence(queries, why))
}

#[cfg(test)]
mod tests;
