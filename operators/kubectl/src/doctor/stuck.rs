//! The check of conditions: what Trimtab itself reports that it cannot do.
//!
//! In: the Recommendations and policies. Out: a line with their number and the first of them. Pure.

use trimtab_api::{
    OptimizationPolicy, Recommendation,
    conditions::{reasons, recommendation as rec, types},
};
use trimtab_core::text::{count, first_of};

use super::{Facts, Line, NAMED, Status};
use crate::{carried::rollout, words};

const CHECK: &str = "Conditions";

/// Reasons of `Ready` on a Recommendation that say that Trimtab cannot do what it has to.
const FAILED: [&str; 4] = [rec::FORBIDDEN, rec::WRITE_REFUSED, rec::UNDO_BLOCKED, rec::ROLLOUT_UNREADABLE];
/// Those that may end by themselves, or that somebody may know of.
const WAITING: [&str; 9] = [
    rec::APPROVAL_GUARD_MISSING,
    rec::APPROVAL_GUARD_OUTDATED,
    rec::APPROVAL_NOT_PROVEN,
    rec::NO_ANSWER,
    rec::NO_DISRUPTION_BUDGET,
    rec::PAUSED,
    rec::PODS_DIFFER,
    rec::RESIZE_SET_BACK,
    rec::SIZE_NOT_DELIVERED,
];
/// Why a rollout was undone, or is being undone, where the cluster refused it.
const REFUSED: [&str; 3] = [rec::PODS_REFUSED, rec::DELIVERY_REFUSED, rec::RESIZE_REFUSED];
/// Reasons of `Ready` on a policy.
const OF_POLICIES: [&str; 2] = [reasons::WRITE_FAILED, reasons::WORLD_INCOMPLETE];

/// An object that is stuck. The worst come first, and then they are sorted by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Stuck<'a> {
    is_waiting: bool,
    /// `shop/deploy-web`, or the name of a policy.
    name: String,
    reason: &'a str,
    /// The command that shows more.
    shown_by: String,
}

fn recommendation(found: &Recommendation) -> Option<Stuck<'_>> {
    let (ready, _) = words::ready(found)?;
    let undone = || rollout(found)?.undo.as_ref().map(|undo| undo.reason.as_str());
    let reason = match ready {
        rec::ROLLING_BACK | rec::ROLLED_BACK => undone().filter(|reason| REFUSED.contains(reason))?,
        ready if FAILED.contains(&ready) || WAITING.contains(&ready) => ready,
        _ => return None,
    };
    let namespace = found.metadata.namespace.as_deref().unwrap_or_default();
    Some(Stuck {
        is_waiting: !FAILED.contains(&reason),
        name: words::full_name(found),
        reason,
        shown_by: format!("kubectl trimtab explain {} -n {namespace}", words::name(found)),
    })
}

fn policy(found: &OptimizationPolicy) -> Option<Stuck<'_>> {
    let ready = found.status.as_ref()?.conditions.iter().find(|c| c.type_ == types::READY)?;
    let name = found.metadata.name.clone().unwrap_or_default();
    let shown_by = format!("kubectl describe optimizationpolicy {name}");
    let name = format!("policy {name}");
    OF_POLICIES.contains(&ready.reason.as_str()).then_some(Stuck {
        is_waiting: false,
        name,
        reason: &ready.reason,
        shown_by,
    })
}

pub(super) fn line(facts: &Facts) -> Line {
    let recommendations = match &facts.recommendations {
        Err(why) => return Line::not_checked(CHECK, why),
        Ok(recommendations) => recommendations,
    };
    let policies = facts.policies.as_deref().unwrap_or_default();
    let mut stuck: Vec<Stuck> = recommendations.iter().filter_map(recommendation).collect();
    stuck.extend(policies.iter().filter_map(policy));
    stuck.sort();
    let Some(first) = stuck.first() else {
        let all = count(recommendations.len(), "Recommendation");
        return Line::ok(CHECK, format!("none of {all} says that Trimtab is stuck"));
    };
    let named: Vec<String> = stuck.iter().map(|one| format!("{} ({})", one.name, one.reason)).collect();
    let message = format!("Trimtab is stuck with {}: {}", count(stuck.len(), "object"), first_of(&named, NAMED));
    let remedy = format!("{}, and docs/runbooks/{}.md", first.shown_by, first.reason);
    let status = if first.is_waiting { Status::Warning } else { Status::Failed };
    Line { remedy: Some(remedy), ..Line::new(CHECK, status, message) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::{Value, json};
    use trimtab_api::conditions::has_runbook;

    use super::*;
    use crate::{
        doctor::tests::facts,
        testkit::{rec as recommended, rollout},
    };

    fn ready(name: &str, reason: &str, more: Value) -> Recommendation {
        let mut change = json!({"metadata": {"name": name}, "status": {"conditions": [{"type": "Ready", "status": "False",
            "reason": reason, "message": "it says so", "lastTransitionTime": "2026-11-20T12:00:00Z"}]}});
        json_patch::merge(&mut change, &more);
        recommended(change)
    }

    #[test]
    fn every_reason_that_is_told_has_a_runbook() {
        for reason in FAILED.iter().chain(&WAITING).chain(&REFUSED).chain(&OF_POLICIES) {
            assert!(has_runbook(reason), "{reason}");
        }
    }

    #[test]
    fn what_is_stuck_is_counted_and_the_worst_are_named() {
        let mut facts = facts();
        let undone = |reason: &str| {
            let undo = json!({"reason": reason, "message": "it says so", "since": "2026-11-21T11:50:00Z"});
            json!({"status": {"rollout": rollout(json!({"stage": "Ended", "result": "RolledBack", "undo": undo}))}})
        };
        let ordinary = vec![
            ready("a", "PendingApproval", json!({})),
            ready("b", "Blocked", json!({})),
            ready("c", "RolledBack", undone("ChecksFailed")),
            recommended(json!({"status": null})),
        ];
        facts.recommendations = Ok(ordinary.clone());
        assert_eq!(line(&facts), Line::ok(CHECK, "none of 4 Recommendations says that Trimtab is stuck"));

        let mut waiting = ordinary;
        waiting.extend([ready("d", "ApprovalNotProven", json!({})), ready("e", "RolledBack", undone("PodsRefused"))]);
        facts.recommendations = Ok(waiting.clone());
        let found = line(&facts);
        assert_eq!(found.status, Status::Warning, "{found:?}");
        let says = "Trimtab is stuck with 2 objects: shop/d (ApprovalNotProven), shop/e (PodsRefused)";
        assert_eq!(found.message, says);
        let remedy = "kubectl trimtab explain d -n shop, and docs/runbooks/ApprovalNotProven.md";
        assert_eq!(found.remedy.as_deref(), Some(remedy));

        let mut failed = waiting;
        failed.extend([ready("z", "Forbidden", json!({})), ready("y", "UndoBlocked", json!({}))]);
        facts.recommendations = Ok(failed);
        let found = line(&facts);
        assert_eq!(found.status, Status::Failed, "{found:?}");
        let says = "Trimtab is stuck with 4 objects: shop/y (UndoBlocked), shop/z (Forbidden), shop/d \
                    (ApprovalNotProven) and 1 more";
        assert_eq!(found.message, says);

        facts.recommendations = Err("no permission".to_owned());
        assert_eq!(line(&facts), Line::not_checked(CHECK, "no permission"));
    }

    #[test]
    fn a_policy_that_cannot_be_written_is_stuck_too() {
        let mut facts = facts();
        let policies = facts.policies.as_mut().unwrap();
        policies[0].status = serde_json::from_value(json!({"conditions": [{"type": "Ready", "status": "False",
            "reason": "WriteFailed", "message": "m", "lastTransitionTime": "2026-11-20T12:00:00Z"}]}))
        .unwrap();
        let found = line(&facts);
        assert_eq!(
            (found.status, found.message.as_str()),
            (Status::Failed, "Trimtab is stuck with 1 object: policy services (WriteFailed)")
        );
        let remedy = "kubectl describe optimizationpolicy services, and docs/runbooks/WriteFailed.md";
        assert_eq!(found.remedy.as_deref(), Some(remedy));
    }
}
