//! The status of a policy: what it selects, proposes, saves, and skips, with the reasons.
//!
//! In: the outcomes of its workloads and the obstacles. Out: an [`OptimizationPolicyStatus`]. Pure. It changes only if
//! something visible to people changed: no times of passes, no ages, no sample counts.

mod observed;

use std::collections::BTreeMap;

use jiff::Timestamp;
use trimtab_api::{
    OptimizationPolicyStatus,
    conditions::{reasons, types},
    money::Currency,
    optimization_policy::{PolicyRealisedSavings, PolicySavings, SkippedWorkloads, WorkloadCounts},
    runbooks::Runbooks,
};
use trimtab_core::{
    WorkloadId,
    conditions::{Observation, merge, no_page},
};
use trimtab_pricing::Money;
use trimtab_recommendation_row::RealisedAmounts;

use crate::{
    outcome::{Skip, Tally},
    text::cut,
    unmatched::Names,
    unowned,
    validate::PolicyError,
};

/// Maximum number of workloads named per reason.
const MOST_OF_A_REASON: usize = 200;
/// Maximum number of workloads named for all reasons together, so that the object stays small.
const MOST_NAMED: usize = 500;

/// Maximum number of annotation faults reported for one reason, and maximum length of its message.
const FAULTS_SHOWN: usize = 3;
const LONGEST_MESSAGE: usize = 1024;

/// The findings of a pass about one policy.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// The workloads that it selects and that no other policy takes, with their outcomes. Sorted by id.
    pub outcomes: Vec<(WorkloadId, Tally)>,
    /// Namespaces that it names and that do not exist.
    pub missing_namespaces: Vec<String>,
    /// Pods in its namespaces that belong to no workload, by owner kind.
    pub unowned: unowned::Counts,
    /// Custom resources that it would size and that are not visible, with the remedy.
    pub unseen: Vec<String>,
    /// Other policies that take workloads which it selects too, with how many.
    pub lost_to: BTreeMap<String, usize>,
    /// Other policies that select workloads which it takes, with how many.
    pub won_from: BTreeMap<String, usize>,
    /// The usage source.
    pub source: &'static str,
    /// The problem with the source, if any: a reason and a message.
    pub metrics_fault: Option<(&'static str, String)>,
    /// Series of the source that belong to another cluster, or whose cluster is ambiguous: a reason and a message.
    pub ambiguity: Option<(&'static str, String)>,
    /// Kinds that cannot be watched and without which nothing can be decided, each with the reason.
    pub blind: Vec<String>,
    /// Recommendations that could not be written, with the first error.
    pub write_failures: Option<(usize, String)>,
    /// The realised savings of its applied Recommendations.
    pub realised: Vec<RealisedAmounts>,
    /// Names that match nothing.
    pub names: Names,
    /// The annotation fault of each workload that is skipped for it.
    pub annotations: BTreeMap<WorkloadId, String>,
}

/// The status of a policy with an invalid spec.
pub fn invalid(
    before: &OptimizationPolicyStatus,
    error: &PolicyError,
    runbooks: &Runbooks,
    generation: Option<i64>,
    now: Timestamp,
) -> OptimizationPolicyStatus {
    let reason = match error {
        PolicyError::EmptySelector { .. } => reasons::EMPTY_SELECTOR,
        _ => reasons::INVALID_SPEC,
    };
    let observed = stuck(reason, error.to_string());
    OptimizationPolicyStatus {
        observed_generation: generation,
        conditions: merge(&before.conditions, &observed, |reason| runbooks.page(reason), generation, now),
        workloads: Some(WorkloadCounts::default()),
        realised_savings: before.realised_savings.clone(),
        ..OptimizationPolicyStatus::default()
    }
}

/// Only a person can resolve it.
pub(crate) fn stuck(reason: &str, message: String) -> [Observation; 2] {
    [Observation::no(types::READY, reason, message.clone()), Observation::yes(types::STALLED, reason, message)]
}

/// The status of a suspended policy: its counts stay, because its Recommendations do.
pub fn suspended(
    before: &OptimizationPolicyStatus,
    generation: Option<i64>,
    now: Timestamp,
) -> OptimizationPolicyStatus {
    let observed = [Observation::no(
        types::READY,
        reasons::SUSPENDED,
        "spec.suspend is true: its recommendations stay as they are",
    )];
    OptimizationPolicyStatus {
        observed_generation: generation,
        conditions: merge(&before.conditions, &observed, no_page, generation, now),
        ..before.clone()
    }
}

/// The status of a policy after a pass.
pub fn analyzed(
    before: &OptimizationPolicyStatus,
    findings: &Findings,
    requested_at: Option<String>,
    runbooks: &Runbooks,
    generation: Option<i64>,
    now: Timestamp,
) -> OptimizationPolicyStatus {
    let counts = counts(&findings.outcomes);
    let unowned_pods = unowned::listed(&findings.unowned, &before.unowned_pods);
    let observed = observed::observations(findings, &counts, unowned::sentence(&unowned_pods));
    OptimizationPolicyStatus {
        observed_generation: generation,
        conditions: merge(&before.conditions, &observed, |reason| runbooks.page(reason), generation, now),
        unowned_pods,
        last_requested_at: requested_at,
        metrics_source: (!findings.source.is_empty()).then(|| findings.source.to_owned()),
        savings: savings(&findings.outcomes),
        realised_savings: realised(&findings.realised),
        skipped: skipped(&findings.outcomes, &findings.annotations),
        workloads: Some(counts),
    }
}

fn counts(outcomes: &[(WorkloadId, Tally)]) -> WorkloadCounts {
    let count =
        |f: fn(&Tally) -> bool| i32::try_from(outcomes.iter().filter(|(_, o)| f(o)).count()).unwrap_or(i32::MAX);
    WorkloadCounts {
        selected: count(|_| true),
        recommended: count(|o| matches!(o, Tally::Recommended { .. })),
        right_sized: count(|o| matches!(o, Tally::RightSized)),
        skipped: count(|o| matches!(o, Tally::Skipped(_))),
    }
}

/// The sum over all Recommendations. With more than one currency there is no sum.
fn savings(outcomes: &[(WorkloadId, Tally)]) -> Option<PolicySavings> {
    let mut currency: Option<&str> = None;
    let (mut total, mut real) = (Money::ZERO, Money::ZERO);
    for (_, outcome) in outcomes {
        let Tally::Recommended { monthly, realisable, currency: own, .. } = outcome else { continue };
        if currency.is_some_and(|c| c != own) {
            return None;
        }
        currency = Some(own);
        total = total.checked_add(*monthly)?;
        real = real.checked_add(*realisable)?;
    }
    currency.map(|c| PolicySavings {
        monthly: total.fixed(2),
        realisable_monthly: (real != total).then(|| real.fixed(2)),
        currency: Currency(c.to_owned()),
    })
}

/// The sum of realised savings. With more than one currency there is no sum.
fn realised(changes: &[RealisedAmounts]) -> Option<PolicyRealisedSavings> {
    let currency = &changes.first()?.currency;
    let (mut monthly, mut total) = (Money::ZERO, Money::ZERO);
    for change in changes {
        if change.currency != *currency {
            return None;
        }
        monthly = monthly.checked_add(change.monthly)?;
        total = total.checked_add(change.total)?;
    }
    Some(PolicyRealisedSavings {
        monthly: monthly.fixed(2),
        total: total.fixed(2),
        currency: Currency(currency.clone()),
    })
}

/// The remedy for workloads skipped for one reason; for those with an annotation that cannot be applied, the first
/// faults.
fn about(skip: Skip, workloads: &[&WorkloadId], annotations: &BTreeMap<WorkloadId, String>) -> String {
    let general = skip.message().to_owned();
    if skip != Skip::InvalidAnnotation {
        return general;
    }
    let faults = workloads.iter().filter_map(|id| annotations.get(*id)).take(FAULTS_SHOWN);
    cut(faults.fold(general, |text, fault| format!("{text}; {fault}")), LONGEST_MESSAGE)
}

fn skipped(outcomes: &[(WorkloadId, Tally)], annotations: &BTreeMap<WorkloadId, String>) -> Vec<SkippedWorkloads> {
    let mut by_reason: BTreeMap<Skip, Vec<&WorkloadId>> = BTreeMap::new();
    for (workload, outcome) in outcomes {
        if let Tally::Skipped(skip) = outcome {
            by_reason.entry(*skip).or_default().push(workload);
        }
    }
    let mut groups: Vec<(Skip, Vec<&WorkloadId>)> = by_reason.into_iter().collect();
    // Rare reasons are named in full before frequent ones use up the available space.
    groups.sort_by(|a, b| a.1.len().cmp(&b.1.len()).then_with(|| b.0.reason().cmp(a.0.reason())));
    let mut room = MOST_NAMED;
    let mut list: Vec<SkippedWorkloads> = groups
        .into_iter()
        .map(|(skip, workloads)| {
            let named: Vec<String> =
                workloads.iter().take(MOST_OF_A_REASON.min(room)).map(ToString::to_string).collect();
            room -= named.len();
            SkippedWorkloads {
                reason: skip.reason().to_owned(),
                count: i32::try_from(workloads.len()).unwrap_or(i32::MAX),
                message: about(skip, &workloads, annotations),
                workloads: named,
            }
        })
        .collect();
    list.reverse();
    list
}

#[cfg(test)]
mod tests;
