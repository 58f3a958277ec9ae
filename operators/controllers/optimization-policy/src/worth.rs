//! Whether a change is worth a Recommendation.
//!
//! In: sizes now and proposed, and the thresholds of the policy. Out: the remaining changes, or why there are none.
//! Pure.

use trimtab_api::recommendation::Proposal;
use trimtab_pricing::Money;
use trimtab_sizing::{Bound, ContainerDecision, RefuseReason, ResourceDecision, Verdict};

use crate::{
    decided::{Decided, Left},
    outcome::{Outcome, Skip},
    sized::SizedContainer,
    validate::Thresholds,
};

/// Reverts changes that are not worth making. A resource changes with its limit or not at all. Headroom after an OOM
/// kill is always worth it, however small: without it the container is killed again.
pub fn keep_small_changes(thresholds: &Thresholds, decision: &ContainerDecision, sized: &mut SizedContainer) {
    let percent = thresholds.min_change_percent;
    let (from, to) = (sized.from, &mut sized.to);
    if !is_worth(from.cpu_request, to.cpu_request, thresholds.min_cpu, percent)
        && !is_worth(from.cpu_limit, to.cpu_limit, thresholds.min_cpu, percent)
    {
        (to.cpu_request, to.cpu_limit) = (from.cpu_request, from.cpu_limit);
    }
    let rescued = decision.memory.bounds.contains(&Bound::OomKill)
        && (grows(from.memory_request, to.memory_request) || grows(from.memory_limit, to.memory_limit));
    if !rescued
        && !is_worth(from.memory_request, to.memory_request, thresholds.min_memory, percent)
        && !is_worth(from.memory_limit, to.memory_limit, thresholds.min_memory, percent)
    {
        (to.memory_request, to.memory_limit) = (from.memory_request, from.memory_limit);
    }
}

fn grows(from: Option<i64>, to: Option<i64>) -> bool {
    from.zip(to).is_some_and(|(from, to)| to > from)
}

/// Whether a change reaches both thresholds. Setting an unset value, or removing one, always does.
fn is_worth(from: Option<i64>, to: Option<i64>, least: i64, least_percent: i64) -> bool {
    match (from, to) {
        (Some(from), Some(to)) => {
            let change = from.abs_diff(to);
            change >= least.unsigned_abs()
                && u128::from(change) * 100
                    >= u128::from(least_percent.unsigned_abs()) * u128::from(from.unsigned_abs())
        }
        (from, to) => from != to,
    }
}

/// The outcome of a workload in which nothing changes. It is right-sized only if every container that the policy sizes
/// could be judged; else the reason that a person can most easily fix takes precedence.
///
/// What `former` proposes for containers that are judged, and that have their size now, no longer holds; doubt about
/// other containers must not keep it.
pub fn nothing_changes(thresholds: &Thresholds, decided: &[Decided], former: Option<&Proposal>) -> Outcome {
    let in_doubt = |name: &str| decided.iter().any(|d| &*d.sized.name == name && doubts(d).next().is_some());
    if let Some(former) = former
        && !former.containers.iter().any(|c| in_doubt(&c.name))
        && refusal(thresholds, decided).is_some_and(Skip::is_doubt)
    {
        return Outcome::RightSized;
    }
    refusal(thresholds, decided).map_or(Outcome::RightSized, Outcome::Skip)
}

fn refusal(thresholds: &Thresholds, decided: &[Decided]) -> Option<Skip> {
    let found: Vec<Skip> = decided.iter().flat_map(|d| doubts(d).chain(conflicts(thresholds, d))).collect();
    [
        Skip::ContradictingBounds,
        Skip::FarAboveUse,
        Skip::AboveNode,
        Skip::InsufficientHistory,
        Skip::StaleMetrics,
        Skip::NoUsageData,
        Skip::HpaOnSameResource,
    ]
    .into_iter()
    .find(|skip| found.contains(skip))
}

/// What is unknown about a container.
fn doubts(d: &Decided) -> impl Iterator<Item = Skip> {
    let unmeasured = matches!(d.decision, Err(Left::Unmeasured)).then_some(Skip::NoUsageData);
    resources(d).filter_map(|(_, resource)| doubt(refused(resource)?)).chain(unmeasured)
}

/// The obstacles to a change of a container.
fn conflicts(thresholds: &Thresholds, d: &Decided) -> impl Iterator<Item = Skip> {
    let from = d.sized.from;
    resources(d).filter_map(move |(is_cpu, resource)| match refused(resource)? {
        RefuseReason::ContradictingBounds => Some(Skip::ContradictingBounds),
        RefuseReason::FarAboveUse => Some(Skip::FarAboveUse),
        RefuseReason::AboveNode => Some(Skip::AboveNode),
        RefuseReason::HpaOnThisResource => {
            // An autoscaler is an obstacle only if there would be something to change.
            let (now, least) = if is_cpu {
                (from.cpu_request, thresholds.min_cpu)
            } else {
                (from.memory_request, thresholds.min_memory)
            };
            is_worth(now, resource.target, least, thresholds.min_change_percent).then_some(Skip::HpaOnSameResource)
        }
        _ => None,
    })
}

fn resources(d: &Decided) -> impl Iterator<Item = (bool, &ResourceDecision)> {
    d.decision.as_ref().ok().into_iter().flat_map(|x| [(true, &x.cpu), (false, &x.memory)])
}

fn refused(decision: &ResourceDecision) -> Option<RefuseReason> {
    match decision.request {
        Verdict::Refuse { reason } => Some(reason),
        _ => None,
    }
}

/// The skip reason for a refusal due to missing knowledge; `None` for a refusal that is certain.
fn doubt(reason: RefuseReason) -> Option<Skip> {
    match reason {
        RefuseReason::InsufficientHistory => Some(Skip::InsufficientHistory),
        RefuseReason::StaleHistory => Some(Skip::StaleMetrics),
        RefuseReason::NoSamples => Some(Skip::NoUsageData),
        RefuseReason::HpaOnThisResource
        | RefuseReason::ContradictingBounds
        | RefuseReason::FarAboveUse
        | RefuseReason::AboveNode => None,
    }
}

/// Whether a change that only reduces saves nothing, or less than the policy requires. A lower limit alone frees
/// nothing, nor does a request that is lowered by less than a cent a month for all `pods`: neither is a reason to touch
/// running pods. A change that increases something concerns reliability and is never held back by money. A standing
/// proposal (`stands`) is withdrawn only if it saves less than half of that: savings vary with the number of pods, and
/// a Recommendation must not appear and disappear with it.
pub fn saves_too_little(
    monthly: Money,
    pods: i32,
    thresholds: &Thresholds,
    sized: &[SizedContainer],
    stands: bool,
) -> bool {
    let gives_limit = |from: Option<i64>, to: Option<i64>| to.unwrap_or(i64::MAX) > from.unwrap_or(i64::MAX);
    let gives_request = |from: Option<i64>, to: Option<i64>| to.unwrap_or(0) > from.unwrap_or(0);
    let reliability = sized.iter().any(|c| {
        gives_limit(c.from.cpu_limit, c.to.cpu_limit)
            || gives_limit(c.from.memory_limit, c.to.memory_limit)
            || gives_request(c.from.cpu_request, c.to.cpu_request)
            || gives_request(c.from.memory_request, c.to.memory_request)
    });
    let half = thresholds.min_savings.checked_mul_div(1, 2).unwrap_or(thresholds.min_savings);
    let least = if stands { half } else { thresholds.min_savings };
    !reliability && (monthly < least || pods > 0 && !frees_something(monthly))
}

/// Whether an amount is at least the smallest one that is displayed.
fn frees_something(monthly: Money) -> bool {
    monthly.fixed(2).bytes().any(|digit| (b'1'..=b'9').contains(&digit))
}
