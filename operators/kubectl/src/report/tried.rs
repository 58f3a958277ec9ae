//! What is reported about tried policies, besides the workloads: what `autoApprove` would approve, and which select
//! nothing.
//!
//! In: the policies, the result of a preview, their plan. Out: a line for each. Pure, and by the rule that the
//! controller approves by.

use std::sync::Arc;

use trimtab_api::{OptimizationPolicy, approval::AutoApprove, mode::Mode, names::MODE_ANNOTATION};
use trimtab_core::text::{count, first_of};
use trimtab_engine::mode::{UnreadableMode, mode};
use trimtab_gates::approve::{self, Figures};
use trimtab_optimization_policy::{
    outcome::Outcome,
    plan::Plan,
    preview::{Preview, Previewed},
};
use trimtab_world::row::NamespaceRow;

use crate::{decided_before::DecidedBefore, target};

/// How many workloads are named.
const SHOWN: usize = 10;

/// The proposal for a workload, as far as an approval depends on it.
struct Candidate<'a> {
    name: String,
    figures: Figures<'a>,
    mode: Result<(Mode, bool), UnreadableMode>,
    /// Somebody rejected this size before: no policy approves it.
    rejected: bool,
}

/// For each policy with `autoApprove`: what it would approve once created.
pub fn auto_approved(
    preview: &Preview,
    tried: &[OptimizationPolicy],
    namespace: impl Fn(&str) -> Option<Arc<NamespaceRow>>,
    before: &DecidedBefore,
) -> Vec<String> {
    let of = |policy: &OptimizationPolicy| {
        let rule = policy.spec.auto_approve.as_ref()?;
        let name = policy.metadata.name.as_deref().unwrap_or_default();
        let taken = preview.workloads.iter().filter(|w| w.policy == name);
        let candidates: Vec<Candidate<'_>> = taken.filter_map(|w| candidate(w, &namespace, before)).collect();
        Some(line(name, rule, &candidates))
    };
    tried.iter().filter_map(of).collect()
}

/// `None` where nothing is proposed.
fn candidate<'a>(
    previewed: &'a Previewed,
    namespace: &impl Fn(&str) -> Option<Arc<NamespaceRow>>,
    before: &DecidedBefore,
) -> Option<Candidate<'a>> {
    let Outcome::Recommend(draft) = &previewed.outcome else { return None };
    let id = previewed.id();
    let around = namespace(&id.namespace)?;
    Some(Candidate {
        name: format!("{} in {}", target::typed(id), id.namespace),
        figures: Figures {
            confidence_percent: Some(draft.confidence_percent),
            risk: Some(draft.risk.level),
            monthly: Some(draft.savings.monthly.as_str()),
            currency: &draft.savings.currency.0,
        },
        mode: mode(previewed.row.annotations.get(MODE_ANNOTATION), around.annotations.get(MODE_ANNOTATION)),
        rejected: before.is_rejected(id, &draft.uid, &draft.proposal.containers),
    })
}

fn line(policy: &str, rule: &AutoApprove, candidates: &[Candidate<'_>]) -> String {
    let approves = |c: &&Candidate<'_>| !c.rejected && approve::auto_approve(policy, rule, c.figures, &c.mode).is_ok();
    let approved: Vec<&str> = candidates.iter().filter(approves).map(|c| c.name.as_str()).collect();
    let all = count(candidates.len(), "recommendation");
    if approved.is_empty() {
        return format!("{policy}: autoApprove would approve none of {all}.");
    }
    let shown = first_of(&approved, SHOWN);
    format!("{policy}: autoApprove would approve {} of {all} at once: {shown}.", approved.len())
}

/// Each policy that selects no workload. `plan` contains the tried ones alone: a workload that another of them takes
/// still counts as selected.
pub fn select_nothing(plan: &Plan) -> Vec<String> {
    let nothing = |at: usize| {
        !plan.assigned.values().any(|taker| *taker == at) && plan.lost_to.get(at).is_none_or(|lost| lost.is_empty())
    };
    let policies = plan.policies.iter().enumerate().filter(|(at, _)| nothing(*at));
    policies
        .map(|(_, p)| format!("{} selects no workload: check namespaces, workloadSelector and kinds", p.name))
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeMap;

    use serde_json::json;
    use trimtab_api::risk::RiskLevel;
    use trimtab_core::{WorkloadId, WorkloadKind};
    use trimtab_optimization_policy::validate::validate;

    use super::*;

    fn candidate(name: &str, confidence: i32, risk: RiskLevel, mode: Mode) -> Candidate<'static> {
        let figures =
            Figures { confidence_percent: Some(confidence), risk: Some(risk), monthly: Some("12.30"), currency: "USD" };
        Candidate { name: name.to_owned(), figures, mode: Ok((mode, false)), rejected: false }
    }

    #[test]
    fn what_would_be_approved_at_once_is_named() {
        let rule: AutoApprove =
            serde_json::from_value(json!({"minConfidencePercent": 90, "maxRiskLevel": "Low"})).unwrap();
        let found = [
            candidate("deploy/a in shop", 96, RiskLevel::Low, Mode::Apply),
            candidate("deploy/b in shop", 89, RiskLevel::Low, Mode::Apply),
            candidate("deploy/c in shop", 96, RiskLevel::Medium, Mode::Apply),
            candidate("deploy/d in shop", 96, RiskLevel::Low, Mode::Recommend),
        ];
        assert_eq!(
            line("services", &rule, &found),
            "services: autoApprove would approve 1 of 4 recommendations at once: deploy/a in shop."
        );
        assert_eq!(
            line("services", &rule, &found[1..]),
            "services: autoApprove would approve none of 3 recommendations."
        );
        let refused = Candidate { rejected: true, ..candidate("deploy/a in shop", 96, RiskLevel::Low, Mode::Apply) };
        let text = line("services", &rule, &[refused]);
        assert_eq!(text, "services: autoApprove would approve none of 1 recommendation.");
        let many: Vec<_> =
            (0..12).map(|n| candidate(&format!("deploy/w{n} in shop"), 96, RiskLevel::Low, Mode::Apply)).collect();
        let text = line("services", &rule, &many);
        assert!(text.contains("12 of 12 ") && text.ends_with("deploy/w9 in shop and 2 more."), "{text}");
    }

    #[test]
    fn each_policy_that_selects_nothing_is_named() {
        let policy = |name: &str| {
            let object = json!({"apiVersion": "trimtab.dev/v1alpha1", "kind": "OptimizationPolicy", "metadata": {"name": name},
                "spec": {"targetNamespaces": ["shop"]}});
            validate(&serde_json::from_value(object).unwrap()).unwrap()
        };
        let plan = Plan {
            policies: ["takes", "empty", "loses"].map(policy).into(),
            assigned: BTreeMap::from([(WorkloadId::new(WorkloadKind::Deployment, "shop", "web"), 0)]),
            lost_to: vec![BTreeMap::new(), BTreeMap::new(), BTreeMap::from([("takes".to_owned(), 1)])],
            ..Plan::default()
        };
        assert_eq!(select_nothing(&plan), ["empty selects no workload: check namespaces, workloadSelector and kinds"]);
    }
}
