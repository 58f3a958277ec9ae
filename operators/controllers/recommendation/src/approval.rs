//! Which decision on a Recommendation is honoured. In: the row, its policy, the guard. Out: the decision, or the gate
//! that is closed because the decision cannot be determined.

use jiff::Timestamp;
use trimtab_api::{approval::HonouredApproval, gates::ClosedGate, names::MODE_ANNOTATION};
use trimtab_core::WorkloadId;
use trimtab_engine::{
    approval::{self, Auto, Question},
    approval_guard,
    gate::closed,
    mode::mode,
};
use trimtab_gates::approve::{Figures, auto_approve};
use trimtab_recommendation_row::RecommendationRow;
use trimtab_runtime::Explain;
use trimtab_world::row::{NamespaceRow, WorkloadRow};

use crate::{gather::Sources, policies::PolicyRules};

impl Sources {
    /// The gate that is closed while the workload or its pods cannot be seen: not seen does not mean gone.
    pub(crate) fn blind(&self, id: Option<&WorkloadId>) -> Option<ClosedGate> {
        let needed = |kind: &str, id: &WorkloadId| {
            matches!(kind, "Namespace" | "Pod" | "ReplicaSet" | "Job") || id.kind.as_str() == kind
        };
        let Some(id) = id else {
            // This Trimtab is not configured to watch this kind.
            let message = "Trimtab does not size this kind of workload, so its state is not known";
            return Some(closed("World", "WorldIncomplete", message));
        };
        let unseen = self.world.missing().into_iter().chain(self.world.missing_custom());
        let missing = unseen.into_iter().find(|m| needed(m.kind.as_str(), id))?;
        let message = format!("{} cannot be watched, so nothing is changed: {}", missing.kind, missing.reason);
        Some(closed("World", "WorldIncomplete", &message))
    }

    /// Which decision is honoured; an error if it cannot be determined. `rejected`: who rejected this size on another
    /// Recommendation of the workload, if somebody did.
    pub(crate) fn honoured(
        &self,
        row: &RecommendationRow,
        policy: &PolicyRules,
        rows: Option<(&WorkloadRow, &NamespaceRow)>,
        rejected: Option<String>,
        now: Timestamp,
    ) -> Result<Option<HonouredApproval>, ClosedGate> {
        let vouched = match &row.for_guard {
            // The guard vouches for a decision that counts; any other has no effect, whoever made it.
            Some(rec) if row.approval.as_ref().is_some_and(|a| a.counts(&row.digest, row.applied_digest())) => {
                self.guard.trust(rec, now)
            }
            _ => self.guard.state(),
        };
        let guard = vouched
            .map_err(|fault| closed(approval_guard::NAME, fault.reason(), &format!("{fault}. {}", fault.what_to_do())));
        let answer = match policy {
            PolicyRules::Known(name, rules) => rules.auto_approve.as_ref().map(|rule| {
                let (monthly, currency) =
                    row.savings.as_ref().map_or((None, ""), |s| (Some(s.monthly.as_str()), s.currency.as_str()));
                let risk = row.risk.as_ref().map(|risk| risk.level);
                let figures = Figures { confidence_percent: row.confidence_percent, risk, monthly, currency };
                let answer = match (rejected, rows) {
                    // Figures of another proposal say nothing about this one.
                    _ if row.shown_digest.as_deref() != Some(&row.digest) => {
                        Err("its figures are not written yet".to_owned())
                    }
                    // A rejection holds for the workload, and outlives the object that it was made on.
                    (Some(rejected), _) => Err(rejected),
                    (None, Some((workload, namespace))) => {
                        let of = (&workload.annotations, &namespace.annotations);
                        let mode = mode(of.0.get(MODE_ANNOTATION), of.1.get(MODE_ANNOTATION));
                        auto_approve(name, rule, figures, &mode)
                    }
                    (None, None) => Err("its workload does not exist".to_owned()),
                };
                (name.as_str(), answer)
            }),
            _ => None,
        };
        let uid = rows.map(|(workload, _)| workload.uid.to_string());
        approval::honoured(&Question {
            spec: row.approval.as_ref(),
            digest: &row.digest,
            applied: row.applied_digest(),
            guard,
            auto: answer.as_ref().map(|(policy, answer)| Auto { policy, answer }),
            target_uid: uid.as_deref(),
            earlier: row.honoured.as_ref(),
            under_way: row.rollout.as_ref().is_some_and(|r| r.is_under_way() && r.proposal_digest == row.digest),
            now,
        })
    }
}
