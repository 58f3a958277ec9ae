//! Assembles the input of the gates. In: what is known of one Recommendation and its workload. Out: the closed gates,
//! and how the size would be delivered.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use trimtab_api::{
    approval::{ApproverKind, HonouredApproval},
    delivery::DeliveryMode,
    gates::ClosedGate,
    names::MODE_ANNOTATION,
    rollout::Stage,
};
use trimtab_core::WorkloadId;
use trimtab_driver::{emergency_stop::State, limiter::Hold};
use trimtab_engine::{
    gate::closed_gates,
    input::{Around, Common, EmergencyStop, Found, Policy},
    parts::Parts,
};
use trimtab_gates::{FORWARD, Input, Rules, START, input::Surroundings};
use trimtab_recommendation_row::RecommendationRow;
use trimtab_rollout::Sizing;

use crate::{Key, gather::Sources, nodes, observed_rows::ObservedRows, policies::PolicyRules};

/// Maximum age of the emergency stop's state where it is only displayed.
const HALT_AGE: Duration = Duration::from_secs(1);

impl Sources {
    #[allow(clippy::too_many_arguments)]
    pub(crate) async fn gates(
        &self,
        row: &RecommendationRow,
        policy: &PolicyRules,
        numbers: &Rules,
        rows: &ObservedRows,
        honoured: &Result<Option<HonouredApproval>, ClosedGate>,
        ended_elsewhere: Option<Timestamp>,
        holder: Option<&(Key, Hold)>,
        starts: bool,
        now: Timestamp,
    ) -> (Vec<ClosedGate>, Vec<ClosedGate>, DeliveryMode) {
        let active = row.rollout.as_ref().filter(|r| r.is_under_way());
        if !starts && active.is_none() {
            return (Vec::new(), Vec::new(), DeliveryMode::Manual);
        }
        let emergency_stop = self.emergency_stop.lately(HALT_AGE).await;
        let key: Key = (row.namespace.clone(), row.name.clone());
        let counts = self.limiter.lock().counts(&row.policy.clone().unwrap_or_default(), &key, now);
        let rooms = self.nodes.get(&self.world).rooms(nodes::nodes_of(&self.world, &rows.pods));
        let peaks = self.peaks(row.workload.as_ref());
        let age = self.usage.as_ref().and_then(|u| u.store.newest_sample_s()).map(|newest| now.as_second() - newest);
        let missing = self.world.missing();
        let unknown_kinds: Vec<&str> = missing.iter().map(|m| m.kind.as_str()).collect();
        let last = row.rollout.as_ref().filter(|r| r.stage == Stage::Ended);
        let uid = rows.workload.as_deref().map(|workload| workload.uid.to_string());
        let found = rows.workload.as_deref().zip(uid.as_deref()).map(|(workload, uid)| Found {
            uid,
            terminating: workload.terminating,
            mode: workload.annotations.get(MODE_ANNOTATION),
        });
        let around = rows.namespace.as_deref().map(|namespace| Around {
            name: &namespace.name,
            terminating: namespace.terminating,
            mode: namespace.annotations.get(MODE_ANNOTATION),
        });
        let common = Common {
            now,
            emergency_stop: match &emergency_stop {
                State::Off => EmergencyStop::Off,
                State::On { by, reason, since } => {
                    EmergencyStop::On { by: by.as_deref(), reason: reason.as_deref(), since: since.as_deref() }
                }
                State::Unknown(error) => EmergencyStop::Unknown(error),
            },
            unknown_kinds: &unknown_kinds,
            policy_kind: "OptimizationPolicy",
            policy: match policy {
                PolicyRules::None => Policy::None,
                PolicyRules::Known(name, _) => Policy::Named(name),
                PolicyRules::Missing(name) => Policy::Missing(name),
                PolicyRules::Invalid(name, fault) => Policy::Invalid(name, fault),
            },
            limits: &numbers.limits,
            run: Sizing::WORDS.run,
            target: &row.target,
            approved_for: honoured.as_ref().ok().and_then(|a| a.as_ref()?.target_uid.as_deref()),
            found,
            namespace: around,
            under_way: counts.under_way,
            started_last_hour: counts.last_hour,
            last_ended: last.and_then(|r| r.ended.as_ref()).map(|ended| ended.0).max(ended_elsewhere),
        };
        let input = Input {
            common,
            rules: numbers,
            proposal: &row.proposal.containers,
            digest: &row.digest,
            approved_by_person: matches!(honoured, Ok(Some(a)) if a.by.kind == ApproverKind::Person),
            workload: rows.workload.as_deref(),
            pods: &rows.pods,
            hpas: &rows.hpas,
            vpas: &rows.vpas,
            pdbs: &rows.pdbs,
            quotas: &rows.quotas,
            limit_ranges: &rows.limit_ranges,
            nodes: &rooms,
            data_age_s: age,
            memory_peaks: &peaks,
            other: holder.map(|(other, hold)| (other.1.as_str(), *hold == Hold::UnderWay)),
            pod_resize: self.pod_resize(),
            admission: self.admission.in_force().is_ok(),
        };
        let delivery = input.delivery().unwrap_or(DeliveryMode::Manual);
        if starts {
            (closed_gates::<Surroundings>(START, &input), Vec::new(), delivery)
        } else {
            (Vec::new(), closed_gates::<Surroundings>(FORWARD, &input), delivery)
        }
    }

    /// The highest known memory working set of each container.
    fn peaks(&self, id: Option<&WorkloadId>) -> Vec<(Arc<str>, u64)> {
        let Some((usage, id)) = self.usage.as_ref().zip(id) else { return Vec::new() };
        usage.store.with_workload(id, |containers| {
            // A working set is positive and far below 2^53.
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            let bytes = |peak: f64| peak as u64;
            let peak = |h: &trimtab_sizing::ContainerHistory| {
                h.cells().iter().filter_map(|cell| cell.memory_peak()).reduce(f64::max).map(bytes)
            };
            containers.iter().filter_map(|(name, h)| Some((name.clone(), peak(h)?))).collect()
        })
    }
}
