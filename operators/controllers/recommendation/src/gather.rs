//! Gathers the input of the gates and the rollout machine for one Recommendation at one moment. In: the watches, caches
//! and clients of the operator. Out: a [`View`] for the machine and what is shown beside it. Writes nothing; queries
//! Prometheus.

use std::sync::Arc;

use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::sync::watch;
use trimtab_admission_sizes::{AppliedSizesWriter, Bounds, SizesAdmission};
use trimtab_api::{
    applied_sizes::key,
    approval::{Decision, HonouredApproval},
    delivery::DeliveryMode,
    rollout::{RolloutStatus, Stage},
    verification::{Baseline, Check},
};
use trimtab_driver::{
    emergency_stop::EmergencyStop,
    questions::{Purpose, Questions},
};
use trimtab_gates::{PodResize, Rules, verify};
use trimtab_guard::Guard;
use trimtab_metrics_sources::UsageSource;
use trimtab_recommendation_row::RecommendationRow;
use trimtab_rollout::{
    elsewhere::Past,
    sizes::{Has, has},
    start, start_gates, undone,
    view::{Deletion, View},
};
use trimtab_runtime::store::Store;
use trimtab_usage_history::UsageStore;
use trimtab_world::World;

use crate::{
    Key, delivered,
    limiter::RolloutLimiter,
    measure::{self, Answers, Rows},
    nodes,
    observed_rows::ObservedRows,
    outlived::{self, Outlived},
    pending_pods::PendingPods,
    pods,
    policies::{PolicyRow, PolicyRules, rules_for},
    questions,
    refused_pods::RefusedPods,
};

/// Usage, as far as rollouts need it.
#[derive(Clone)]
pub struct Usage {
    /// Answers queries.
    pub source: Arc<dyn UsageSource>,
    /// Knows peaks and the time of the newest sample.
    pub store: Arc<UsageStore>,
}

/// The sources that are read.
#[derive(Clone)]
pub struct Sources {
    /// The cluster.
    pub world: Arc<World>,
    /// What policies say about rollouts.
    pub policies: Store<PolicyRow>,
    /// The approval guard.
    pub guard: Guard,
    /// The AppliedSizes objects.
    pub sizes: AppliedSizesWriter,
    /// The admission policy that reads them.
    pub admission: SizesAdmission,
    /// Usage; `None` if the operator has no source.
    pub usage: Option<Usage>,
    /// The emergency stop.
    pub emergency_stop: EmergencyStop,
    /// What the API server lets change in a running pod.
    pub pod_resize: watch::Receiver<PodResize>,
    /// Rollouts under way, and which Recommendation holds each workload.
    pub limiter: Arc<Mutex<RolloutLimiter>>,
    /// Workloads whose controllers cannot create pods.
    pub refused_pods: RefusedPods,
    /// Requests on each node.
    pub nodes: Arc<nodes::Cache>,
    /// Queries to the metrics server, and its recent answers.
    pub questions: Arc<Questions<Key, Answers>>,
}

/// What one evaluation sees of a Recommendation.
#[derive(Debug)]
pub struct Observed {
    /// The input of the rollout machine.
    pub view: View,
    /// The policy's numbers.
    pub rules: Arc<Rules>,
    /// Pods that have the proposed size now.
    pub sized_pods: i32,
}

impl Sources {
    /// What the API server is known to let change in a running pod.
    pub(crate) fn pod_resize(&self) -> PodResize {
        *self.pod_resize.borrow()
    }

    /// Gathers the input for `row`. `others`: the other Recommendations of its workload.
    pub async fn gather(
        &self,
        row: &RecommendationRow,
        others: &[Arc<RecommendationRow>],
        pending: &Mutex<PendingPods>,
        now: Timestamp,
    ) -> Observed {
        let id = row.workload.clone();
        let rows = id.as_ref().map(|id| ObservedRows::at(&self.world, id)).unwrap_or_default();
        let policy = rules_for(row, &self.policies);
        let numbers = match &policy {
            PolicyRules::Known(_, rules) => rules.clone(),
            _ => Arc::default(),
        };
        let active = row.rollout.as_ref().filter(|r| r.is_under_way());
        let pair = rows.workload.as_deref().zip(rows.namespace.as_deref());
        let seen = self.blind(id.as_ref()).map_or(Ok(()), Err);
        let history = id.as_ref().and_then(|id| self.sizes.history(&id.namespace, &key(id)));
        let uid = rows.workload.as_deref().map(|w| w.uid.to_string());
        let proposal = start::wanted(&row.proposal.containers, row.rollout.as_ref(), uid.as_deref());
        let elsewhere = uid.as_deref().map(|uid| self.elsewhere(row, uid, others)).unwrap_or_default();
        let past = Past { record: history.as_ref(), others: &elsewhere };
        let honoured = match &seen {
            Err(gate) if row.is_under_way() || row.approval.is_some() || row.honoured.is_some() => Err(gate.clone()),
            _ => self.honoured(row, &policy, pair, past.rejected(&proposal), now),
        };
        let settled =
            row.rollout.as_ref().filter(|r| active.is_none() && uid.as_deref() != Some(r.target_uid.as_str()));
        let both = outlived::with_former(&proposal, settled);
        let containers = active.map_or(&both, |r| &r.desired);
        let bounds = Bounds::new(rows.limit_ranges.clone(), rows.quotas.clone());
        let target =
            rows.workload.as_deref().map(|w| pods::target(w, &bounds, containers, active.map(|r| r.former.as_slice())));
        let outlived = id.as_ref().zip(row.rollout.as_ref());
        let outlived = outlived.map(|(id, r)| Outlived::of(&self.world, id, r, &rows)).unwrap_or_default();
        let pod_rows = {
            let mut pending = pending.lock();
            let all: Vec<_> = rows.pods.iter().chain(&outlived.pods).cloned().collect();
            pending.keep_pods(|uid| all.iter().any(|p| p.uid.to_string() == uid));
            pods::pods(&all, containers, row.rollout.as_ref().map(|r| r.started.0), &mut pending)
        };
        let me = (row.namespace.clone(), row.name.clone());
        let holder = self.holder(&me, uid.as_deref(), others);
        let wanted = matches!(&honoured, Ok(Some(a)) if a.decision == Decision::Approved);
        let starts = wanted && active.is_none() && !is_finished(row, honoured.as_ref().ok().and_then(Option::as_ref));
        let (start_gates, forward_gates, delivery) =
            self.gates(row, &policy, &numbers, &rows, &honoured, past.last_ended(), holder.as_ref(), starts, now).await;
        let delivery = active.map_or(delivery, |r| r.delivery);
        let settings = numbers.rollout_settings(delivery, self.pod_resize().is_served());
        let purpose = questions::purpose(row, active, &settings, &honoured, &forward_gates);
        let entry = id.as_ref().and_then(|id| self.sizes.entry(&id.namespace, &key(id)));
        let rollout = row.rollout.as_ref();
        let own = entry.as_ref().zip(rollout).filter(|(e, r)| delivered::is_of(e, &row.name, r));
        let gives = own.zip(rows.workload.as_deref()).is_some_and(|((e, r), w)| delivered::gives(e, r, w, &bounds));
        let sized_pods = pod_rows.iter().filter(|p| !p.terminating && has(&p.spec, containers) == Has::Yes).count();
        let ran = rows.pods.iter().any(|pod| has(&pods::sizes(pod, containers), containers) == Has::Yes);
        let mut view = View {
            digest: row.digest.clone(),
            seen,
            deletion: row.terminating.then(|| {
                let with_namespace = rows.namespace.as_deref().is_some_and(|namespace| namespace.terminating);
                if with_namespace { Deletion::WithNamespace } else { Deletion::Alone }
            }),
            protected: row.protected,
            owned: row.owned,
            place: self.limiter.lock().place(&me),
            taken: holder.is_some(),
            leaving: outlived.leaving,
            policy_deleted: match &policy {
                PolicyRules::Missing(name) => Some(name.clone()),
                _ => None,
            },
            pods_refused: rollout.zip(rows.workload.as_deref()).and_then(|(rollout, workload)| {
                let delivered = rollout.delivery == DeliveryMode::Template && rollout.delivered;
                let given = delivered || entry.as_ref().is_some_and(|e| e.recommendation == row.name);
                given.then(|| self.refused_pods.of(workload, &rows.pods, rollout, now)).flatten()
            }),
            history,
            elsewhere,
            proposal,
            approval_known: honoured.as_ref().map(|_| ()).map_err(Clone::clone),
            approval: match honoured {
                Ok(approval) => approval,
                // A recorded decision stays, whatever can be determined now.
                Err(_) if row.terminating => row.honoured.clone(),
                Err(_) => None,
            },
            withdrawn: row.honoured.clone().filter(|_| row.approval.is_none()),
            rollout: row.rollout.clone(),
            start_gates,
            forward_gates,
            target,
            pods: pod_rows,
            baseline: Err("it is measured when a rollout can start".to_owned()),
            checks: Vec::new(),
            ran,
            sizes_entry: own.is_some(),
            has_entry: entry.as_ref().zip(uid.as_deref()).is_some_and(|(entry, uid)| entry.uid == uid),
            sizes_given: delivered::given(gives, self.admission.in_force()),
            settings,
        };
        let starts = starts && start_gates::closed(&view, now).is_empty();
        if let Some((baseline, checks)) = self.measured(&rows, &numbers, active, starts, &purpose, now).await {
            (view.baseline, view.checks) = (baseline, checks);
        }
        Observed { view, rules: numbers, sized_pods: i32::try_from(sized_pods).unwrap_or(i32::MAX) }
    }

    /// The workload's present state and the results of the checks; `None` if neither is needed.
    async fn measured(
        &self,
        rows: &ObservedRows,
        numbers: &Rules,
        active: Option<&RolloutStatus>,
        starts: bool,
        purpose: &Purpose<Key>,
        now: Timestamp,
    ) -> Option<(Result<Baseline, String>, Vec<Check>)> {
        let watched = active.is_some_and(|r| {
            matches!(r.stage, Stage::Resizing | Stage::Watching | Stage::Delivering | Stage::Verifying)
        });
        let workload = rows.workload.as_deref().filter(|_| starts || watched)?;
        let neighbours = self.nodes.get(&self.world).neighbours(&rows.pods);
        let present = Rows { workload, pods: &rows.pods, hpas: &rows.hpas, neighbours };
        // Pods are always checked; a metrics server only when its answers decide something.
        let asks = starts || active.is_some_and(|r| matches!(r.stage, Stage::Watching | Stage::Verifying));
        let answers = if asks {
            let source = self.usage.as_ref().map(|u| &*u.source);
            let throttling = measure::throttling(present);
            questions::answers(&self.questions, source, purpose, throttling, &numbers.queries, now).await
        } else {
            Answers {
                throttled_thousandths: active.and_then(|r| r.baseline.throttled_thousandths),
                ..Answers::default()
            }
        };
        let unheard = answers.unheard.clone();
        let rolling = active.is_some_and(|r| r.delivery == DeliveryMode::Template && r.delivered);
        let observed = measure::observed(present, active, answers, rolling);
        Some(match active {
            // An unanswered query would enter the baseline like one answered with nothing: as 0.
            None => (unheard.map_or_else(|| Ok(verify::baseline(&observed)), Err), Vec::new()),
            Some(rollout) => {
                let progress = measure::progress(rollout, workload, &rows.pods, now);
                (Err("a rollout is in progress".to_owned()), verify::verify(&rollout.baseline, &observed, progress))
            }
        })
    }
}

/// Whether the proposal of `row` has been applied or undone, and `approval` does not apply it again.
fn is_finished(row: &RecommendationRow, approval: Option<&HonouredApproval>) -> bool {
    let is_over = |r: &RolloutStatus| r.stage == Stage::Ended && r.proposal_digest == row.digest;
    row.rollout.as_ref().is_some_and(|r| is_over(r) && !undone::is_approved_again(r, approval))
}
