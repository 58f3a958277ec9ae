//! A Recommendation before it is an object: the proposal with all its figures and texts.
//!
//! In: the decisions on the containers of one workload. Out: a [`Draft`], or why there is none. Pure.

use jiff::Timestamp;
use trimtab_api::{recommendation::Proposal, recommendation_status::Summary, savings::Savings, target::TargetRef};
use trimtab_core::digest;
use trimtab_pricing::{Money, Resources};

use crate::{
    amount,
    decided::Decided,
    evidence, explain, limits,
    observed::Observed,
    outcome::{Draft, Skip},
    realisable, risk,
    sized::{self, SizedContainer},
    text, uneven,
    validate::ValidatedPolicy,
};

/// Maximum length of a price source in the schema.
const MAX_SOURCE: usize = 512;

/// Builds the draft for the change of `sized`. At least one of them changes.
///
/// # Errors
/// If the change has no price.
pub fn draft(
    policy: &ValidatedPolicy,
    observed: &Observed<'_>,
    decided: &[Decided],
    sized: &[SizedContainer],
    now: Timestamp,
) -> Result<Draft, Skip> {
    let row = observed.workload;
    let changed = || decided.iter().filter(|d| d.sized.changes());
    let proposal = Proposal { containers: changed().map(|d| sized::written(&d.sized.name, d.sized.to)).collect() };
    let current = changed().map(|d| sized::written(&d.sized.name, d.sized.from)).collect();
    let (from, to) = (sized::pod_request(sized, |c| c.from), sized::pod_request(sized, |c| c.to));
    let pods = evidence::average_pods(observed, decided, now);
    let (monthly, savings) = savings(observed, decided, pods, from, to)?;
    let evidence = evidence::evidence(policy, observed, decided, now);
    let confidence = evidence::weakest(decided).percent;
    let risk = risk::assess(observed, decided, sized);
    let target = TargetRef {
        api_version: row.id.kind.api_version().to_owned(),
        kind: row.id.kind.as_str().to_owned(),
        name: row.id.name.to_string(),
        uid: Some(row.uid.to_string()),
    };
    // Plain data always serialises to JSON; an empty digest would match no approval.
    let digest = digest::of(&(&target, &proposal)).unwrap_or_default();
    let summary = Summary {
        cpu: sized::arrow(from.0, to.0, amount::cpu),
        memory: sized::arrow(from.1, to.1, amount::memory),
        cpu_limit: limits::change(sized.iter().map(|c| (c.from.cpu_limit, c.to.cpu_limit)), amount::cpu),
        memory_limit: limits::change(sized.iter().map(|c| (c.from.memory_limit, c.to.memory_limit)), amount::memory),
    };
    let uneven = uneven::find(observed, decided);
    let step_seconds = observed.step_seconds;
    let told = explain::Told { pods, savings: &savings, risk: &risk, step_seconds, uneven: uneven.as_ref() };
    let explanation = explain::explain(policy, decided, &told);
    Ok(Draft {
        uid: row.uid.to_string(),
        proposal,
        current,
        summary,
        digest,
        confidence_percent: i32::from(confidence),
        risk,
        monthly,
        savings,
        evidence,
        explanation,
        patch: sized::patch(row.id.kind, sized, &row.template).to_string(),
    })
}

/// The savings of the change over all pods: the price of the requests, or of the usage if that is higher, before and
/// after.
fn savings(
    observed: &Observed<'_>,
    decided: &[Decided],
    pods: evidence::AveragePods,
    from: (i64, i64),
    to: (i64, i64),
) -> Result<(Money, Savings), Skip> {
    let typical = decided
        .iter()
        .filter_map(|d| d.decision.as_ref().ok())
        .fold((0.0, 0.0), |sum, d| (sum.0 + d.evidence.cpu_p50 * 1000.0, sum.1 + d.evidence.memory_typical_peak));
    let shape = |cpu: i64, memory: i64| Resources {
        cpu_millis: u64::try_from(cpu).unwrap_or(0),
        memory_bytes: u64::try_from(memory).unwrap_or(0),
        gpus: 0,
    };
    let usage = shape(typical.0 as i64, typical.1 as i64);
    let prices = observed.prices.ok_or(Skip::PriceUnknown)?;
    let one = trimtab_pricing::savings(shape(from.0, from.1), shape(to.0, to.1), usage, prices, 1)
        .map_err(|_| Skip::PriceUnknown)?;
    let monthly = pods.times(one.monthly).ok_or(Skip::PriceUnknown)?;
    let written = Savings {
        monthly: monthly.fixed(2),
        currency: trimtab_api::money::Currency(one.currency.as_str().to_owned()),
        price_source: text::cut(one.price_source, MAX_SOURCE),
        as_of: one.as_of.map(|date| date.to_string()),
        estimated: one.estimated,
        pods: pods.whole(),
        realisable_monthly: None,
        not_realisable: None,
    };
    Ok((monthly, realisable::with_realisable(observed, monthly, written)))
}
