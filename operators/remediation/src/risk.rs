//! The risk of a step, and of a whole action.
//!
//! In: the entry of the registry, the cases that apply, and facts that raise the risk. Out: the level, and a factor for each
//! reason. The level is that of the highest factor.

use trimtab_actions::action::Action;
use trimtab_api::risk::{Risk, RiskFactor, RiskLevel};
use trimtab_core::text::cut;

/// The longest message of a factor.
const MESSAGE: usize = 512;
/// How many factors a status lists.
const MOST: usize = 32;

/// A fact about the target that raises the risk by one level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raise {
    /// The name of the factor.
    pub reason: &'static str,
    /// The details, with values.
    pub message: String,
}

impl Raise {
    /// The fact `reason`.
    pub fn new(reason: &'static str, message: impl Into<String>) -> Self {
        Self { reason, message: message.into() }
    }
}

fn next(level: RiskLevel) -> RiskLevel {
    match level {
        RiskLevel::Low => RiskLevel::Medium,
        RiskLevel::Medium => RiskLevel::High,
        RiskLevel::High | RiskLevel::Critical => RiskLevel::Critical,
    }
}

/// The risk of one step: the floor of the action or the highest case that applies, raised by one level for each fact.
pub fn of_step(action: &Action, cases: &[&str], raises: &[Raise]) -> Risk {
    let mut factors = Vec::new();
    if action.risk.floor > RiskLevel::Low {
        factors.push(factor(
            "Action",
            action.risk.floor,
            &format!("{} is never below {}", action.name, action.risk.floor.as_str()),
        ));
    }
    let applies = action.risk.cases.iter().filter(|case| cases.contains(&case.reason));
    factors.extend(applies.map(|case| factor(case.reason, case.level, &format!("{} {}", action.name, case.when))));
    let mut level = factors.iter().map(|f| f.level).fold(action.risk.floor, RiskLevel::max);
    for raise in raises {
        level = next(level);
        factors.push(factor(raise.reason, level, &raise.message));
    }
    finished(level, factors)
}

/// The risk of several steps: that of the riskiest one.
pub fn of_all<'a>(steps: impl Iterator<Item = &'a Risk>) -> Risk {
    let (mut level, mut factors) = (RiskLevel::Low, Vec::<RiskFactor>::new());
    for risk in steps {
        level = level.max(risk.level);
        for new in &risk.factors {
            match factors.iter_mut().find(|known| known.reason == new.reason) {
                Some(known) if known.level >= new.level => {}
                Some(known) => *known = new.clone(),
                None => factors.push(new.clone()),
            }
        }
    }
    finished(level, factors)
}

fn finished(level: RiskLevel, mut factors: Vec<RiskFactor>) -> Risk {
    factors.sort_by_key(|f| std::cmp::Reverse(f.level));
    factors.truncate(MOST);
    Risk { level, factors, proposal_digest: None }
}

fn factor(reason: &str, level: RiskLevel, message: &str) -> RiskFactor {
    RiskFactor { reason: reason.to_owned(), level, message: cut(message, MESSAGE) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use trimtab_actions::registry::named;

    use super::*;

    #[test]
    fn the_highest_case_counts_and_each_fact_adds_a_level() {
        let scale = named("ScaleWorkload").unwrap();
        let raise = |reason| Raise::new(reason, "x");
        for (cases, raises, expected) in [
            (&[][..], vec![], RiskLevel::Low),
            (&[], vec![raise("Production")], RiskLevel::Medium),
            (&["FewerReplicas"], vec![], RiskLevel::Medium),
            (&["FewerReplicas", "ZeroReplicas"], vec![raise("Production")], RiskLevel::Critical),
            (&["ZeroReplicas"], vec![raise("Production"), raise("StatefulSet")], RiskLevel::Critical),
        ] {
            let risk = of_step(scale, cases, &raises);
            assert_eq!(risk.level, expected, "{cases:?} {raises:?}");
            let highest = risk.factors.iter().map(|f| f.level).max();
            assert_eq!(highest.unwrap_or(RiskLevel::Low), expected, "the level is that of the highest factor");
            assert!(risk.factors.is_sorted_by_key(|f| std::cmp::Reverse(f.level)));
        }
    }

    #[test]
    fn an_action_is_as_risky_as_its_riskiest_step_and_no_reason_stands_twice() {
        let steps = [
            of_step(named("CordonNode").unwrap(), &[], &[Raise::new("Production", "n1")]),
            of_step(named("DrainNode").unwrap(), &[], &[Raise::new("Production", "n1")]),
        ];
        let all = of_all(steps.iter());
        let reasons: Vec<_> = all.factors.iter().map(|f| (f.reason.as_str(), f.level)).collect();
        assert_eq!(all.level, RiskLevel::Critical);
        assert_eq!(reasons, [("Production", RiskLevel::Critical), ("Action", RiskLevel::High)]);
    }
}
