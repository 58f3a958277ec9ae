//! Disruption budgets, summed up over all pods that a drain evicts, as the API server applies them one eviction after the other.
//!
//! In: the pods, the budgets, and the pods that fit on no other node. Out: what the evictions wait for, each with a verdict: room
//! will come, or never will as things stand. A dry run of each eviction alone would show neither.

use std::fmt;

use trimtab_core::text::{count, first_of};

use crate::observed::{Budget, Pod, PodPhase};

/// How many names a message has.
const NAMES: usize = 3;

/// Whether evictions get through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Room will come, as pods become ready elsewhere.
    Slow,
    /// It will not, as things stand.
    Never,
}

/// What evictions wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// Two budgets select the same pod: the API server refuses its eviction for good.
    TwoBudgets,
    /// The budget lets no pod go even if all are healthy, as with minAvailable = replicas.
    NoDisruptions,
    /// Unhealthy pods may only go while enough others are healthy, and too few are.
    Unhealthy,
    /// More pods go than may be missing at once, and no other node has room for their replacements.
    NoRoom,
    /// More pods go than may be missing at once.
    OneByOne,
    /// The status of the budget is not up to date.
    Outdated,
}

/// A budget that evictions wait for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocker {
    /// The budget, or the budgets.
    pub budgets: Vec<String>,
    /// The pods of the plan that wait for it.
    pub pods: Vec<String>,
    /// Whether room will come.
    pub verdict: Verdict,
    /// Why.
    pub why: Why,
    /// How many pods it lets go now, and how many healthy ones it has, needs and expects.
    pub figures: (u32, u32, u32, u32),
}

impl Blocker {
    /// Whether the pods themselves may end it, by becoming healthy.
    pub fn may_recover(&self) -> bool {
        self.why == Why::Unhealthy
    }
}

impl fmt::Display for Blocker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (allowed, healthy, desired, expected) = self.figures;
        let verdict = match self.verdict {
            Verdict::Slow => "Slow",
            Verdict::Never => "Never",
        };
        let pods = format!("{} ({})", count(self.pods.len(), "pod"), first_of(&self.pods, NAMES));
        let budgets = self.budgets.join(" and ");
        write!(f, "{verdict}: PodDisruptionBudget {budgets}: {pods}: ")?;
        match self.why {
            Why::TwoBudgets => f.write_str("two budgets select the same pod, which the API server never evicts then"),
            Why::NoDisruptions => {
                write!(f, "it needs {desired} healthy of {expected}, so that none may ever be missing: relax it first")
            }
            Why::Unhealthy => write!(
                f,
                "they are not ready, and may only go while {desired} others are healthy, of which there are {healthy}"
            ),
            Why::NoRoom => write!(f, "{allowed} may be missing now, and no other node has room for what replaces them"),
            Why::OneByOne => {
                write!(f, "{allowed} may be missing now; the others wait until what replaces them is ready")
            }
            Why::Outdated => f.write_str("its status is not up to date yet"),
        }
    }
}

/// Whether the API server asks no budget for `pod`.
fn is_free(pod: &Pod) -> bool {
    pod.has_ended() || pod.phase == PodPhase::Pending || pod.is_terminating
}

/// What the evictions of `pods` wait for, the worst first. `homeless`: those of them that fit on no other node.
pub fn blockers(pods: &[&Pod], budgets: &[Budget], homeless: &[&Pod]) -> Vec<Blocker> {
    let counted: Vec<&Pod> = pods.iter().filter(|pod| !is_free(pod)).copied().collect();
    let of = |pod: &Pod| budgets.iter().filter(|b| b.selects(pod)).collect::<Vec<_>>();
    let mut found: Vec<Blocker> = Vec::new();
    for pod in &counted {
        let several = of(pod);
        if several.len() < 2 {
            continue;
        }
        let names: Vec<String> = several.iter().map(|b| b.title()).collect();
        match found.iter_mut().find(|b| b.budgets == names) {
            Some(known) => known.pods.push(pod.title()),
            None => found.push(Blocker {
                budgets: names,
                pods: vec![pod.title()],
                verdict: Verdict::Never,
                why: Why::TwoBudgets,
                figures: (0, 0, 0, 0),
            }),
        }
    }
    for budget in budgets {
        let own: Vec<&Pod> = counted.iter().filter(|pod| budget.selects(pod) && of(pod).len() == 1).copied().collect();
        found.extend(of_one(budget, &own, homeless));
    }
    found.sort_by(|a, b| (b.verdict, a.why).cmp(&(a.verdict, b.why)));
    found
}

/// What `own`, the pods that only this budget counts for, wait for.
fn of_one(budget: &Budget, own: &[&Pod], homeless: &[&Pod]) -> Option<Blocker> {
    let titles = |pods: &[&Pod]| pods.iter().map(|pod| pod.title()).collect::<Vec<_>>();
    let blocker = |pods: &[&Pod], verdict, why| {
        let figures = (budget.allowed, budget.healthy, budget.desired, budget.expected);
        Some(Blocker { budgets: vec![budget.title()], pods: titles(pods), verdict, why, figures })
    };
    // Unhealthy pods go without taking anything from the budget, or they are asked for as the healthy ones are.
    let has_enough = budget.desired > 0 && budget.healthy >= budget.desired;
    let goes_anyway = |pod: &&Pod| !pod.is_ready && (budget.always_allow_unhealthy || has_enough);
    let asking: Vec<&Pod> = own.iter().filter(|pod| !goes_anyway(pod)).copied().collect();
    if asking.is_empty() {
        return None;
    }
    if budget.is_outdated {
        return blocker(&asking, Verdict::Slow, Why::Outdated);
    }
    if asking.len() <= usize::try_from(budget.allowed).unwrap_or(usize::MAX) {
        return None;
    }
    if budget.desired >= budget.expected {
        return blocker(&asking, Verdict::Never, Why::NoDisruptions);
    }
    let unhealthy: Vec<&Pod> = asking.iter().filter(|pod| !pod.is_ready).copied().collect();
    if !unhealthy.is_empty() && budget.healthy < budget.desired {
        return blocker(&unhealthy, Verdict::Never, Why::Unhealthy);
    }
    if asking.iter().all(|pod| homeless.iter().any(|homeless| homeless.uid == pod.uid)) {
        return blocker(&asking, Verdict::Never, Why::NoRoom);
    }
    blocker(&asking, Verdict::Slow, Why::OneByOne)
}

#[cfg(test)]
#[path = "budgets_tests.rs"]
mod tests;
