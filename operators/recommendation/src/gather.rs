//! Everything that the gates and the machine look at, for one Recommendation at one moment. In: the parts that the operator
//! runs. Out: a [`View`] for the machine and what is shown beside it. Nothing is written here; Prometheus is asked.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use trimtab_api::{
    OptimizationPolicy,
    policy_rollout::DeliveryMode,
    recommendation::{ContainerResources, Decision},
    recommendation_rollout::{ClosedGate, HonouredApproval, RolloutStatus, Stage},
};
use trimtab_core::WorkloadId;
use trimtab_gates::{
    Facts, Rules,
    approve::{self, Auto, Figures, Question},
    facts::{self, Past},
    gate, mode,
    rules::{Fault, rules},
    verify::{self, Progress},
};
use trimtab_guard::Guard;
use trimtab_rollout::{
    sizes::{Has, has},
    view::View,
};
use trimtab_runtime::{Explain, shelf::Shelf};
use trimtab_sizes::{Bounds, Keeper, Policies, key};
use trimtab_sources::UsageSource;
use trimtab_usage::UsageStore;
use trimtab_world::{
    World,
    row::{HpaRow, NamespaceRow, PodRow, WorkloadRow},
};

use crate::{
    Key,
    halt::{Halt, State},
    measure::{self, Answers, Rows},
    nodes,
    overlay::Overlay,
    pods,
    row::{Row, under_way},
    starts::Starts,
};

/// How old the emergency stop may be for what is only shown.
const HALT_AGE: Duration = Duration::from_secs(1);

/// Usage, as far as carrying out needs it.
#[derive(Clone)]
pub struct Usage {
    /// Answers questions.
    pub source: Arc<dyn UsageSource>,
    /// Knows peaks, and how new the newest sample is.
    pub store: Arc<UsageStore>,
}

/// What is looked at.
#[derive(Clone)]
pub struct Sources {
    /// The cluster.
    pub world: Arc<World>,
    /// Policies, as they are stored.
    pub policies: Shelf<OptimizationPolicy>,
    /// The guard of approvals.
    pub guard: Guard,
    /// The AppliedSizes objects.
    pub sizes: Keeper,
    /// The admission policy that reads them.
    pub admission: Policies,
    /// Usage; none where the operator has no source.
    pub usage: Option<Usage>,
    /// The emergency stop.
    pub halt: Halt,
    /// Whether the API server has `pods/resize`.
    pub in_place: bool,
    /// Rollouts under way.
    pub starts: Arc<Mutex<Starts>>,
    /// What is asked for on each node.
    pub nodes: Arc<nodes::Cache>,
}

/// What was gathered.
#[derive(Debug)]
pub struct Gathered {
    /// What the machine looks at.
    pub view: View,
    /// The policy's numbers.
    pub rules: Rules,
    /// Pods that have the proposed size now.
    pub sized_pods: i32,
}

/// The numbers of the policy that made `row`, or why there are none.
pub enum PolicyRules {
    /// Nobody but a person made it.
    None,
    /// These.
    Known(String, Box<Rules>),
    /// The policy is gone.
    Missing(String),
    /// Its spec has no meaning.
    Invalid(String, Fault),
}

impl Sources {
    /// The numbers of the policy that made `row`.
    pub fn rules(&self, row: &Row) -> PolicyRules {
        let Some(name) = row.policy.clone() else { return PolicyRules::None };
        match self.policies.entry("", &name) {
            Some(Ok(policy)) => match rules(&policy.spec) {
                Ok(rules) => PolicyRules::Known(name, Box::new(rules)),
                Err(fault) => PolicyRules::Invalid(name, fault),
            },
            Some(Err(broken)) => {
                let fault =
                    Fault { field: "spec".to_owned(), value: broken.error.clone(), expected: "readable".to_owned() };
                PolicyRules::Invalid(name, fault)
            }
            None => PolicyRules::Missing(name),
        }
    }

    /// Which decision is honoured; an error where that cannot be told.
    fn honoured(
        &self,
        row: &Row,
        policy: &PolicyRules,
        rows: Option<(&WorkloadRow, &NamespaceRow)>,
        now: Timestamp,
    ) -> Result<Option<HonouredApproval>, ClosedGate> {
        let vouched = match &row.evidence {
            // The guard vouches for an approval of this digest; another has no effect, whoever made it.
            Some(rec) if row.approval.as_ref().is_some_and(|a| a.proposal_digest == row.digest) => {
                self.guard.trust(rec)
            }
            _ => self.guard.state(),
        };
        let guard = vouched.map_err(|fault| {
            gate::closed("ApprovalGuard", fault.reason(), &format!("{fault}. {}", fault.what_to_do()))
        });
        let answer = match policy {
            PolicyRules::Known(name, rules) => rules.auto_approve.as_ref().map(|rule| {
                let (monthly, currency) =
                    row.savings.as_ref().map_or((None, ""), |s| (Some(s.0.as_str()), s.1.as_str()));
                let figures = Figures { confidence_percent: row.confidence_percent, risk: row.risk, monthly, currency };
                let answer = match rows {
                    // Figures of another proposal say nothing about this one.
                    _ if row.shown_digest.as_deref() != Some(&row.digest) => {
                        Err("its figures are not written yet".to_owned())
                    }
                    Some((workload, namespace)) => {
                        let mode = mode::mode(&workload.annotations, &namespace.annotations);
                        approve::auto_approve(name, rule, figures, &mode)
                    }
                    None => Err("its workload is not there".to_owned()),
                };
                (name.as_str(), answer)
            }),
            _ => None,
        };
        approve::honoured(&Question {
            spec: row.approval.as_ref(),
            digest: &row.digest,
            guard,
            auto: answer.as_ref().map(|(policy, answer)| Auto { policy, answer }),
            earlier: row.honoured.as_ref(),
            under_way: row.rollout.as_ref().is_some_and(|r| under_way(Some(r)) && r.proposal_digest == row.digest),
            now,
        })
    }

    /// Gathers everything about `row`.
    pub async fn gather(&self, row: &Row, overlay: &Mutex<Overlay>, now: Timestamp) -> Gathered {
        let id = row.workload.clone();
        let rows = id.as_ref().map(|id| World::look(&self.world, id)).unwrap_or_default();
        let policy = self.rules(row);
        let numbers = match &policy {
            PolicyRules::Known(_, rules) => (**rules).clone(),
            _ => Rules::default(),
        };
        let active = row.rollout.as_ref().filter(|r| under_way(Some(r)));
        let pair = rows.workload.as_deref().zip(rows.namespace.as_deref());
        let honoured = self.honoured(row, &policy, pair, now);
        let proposal = &row.proposal.containers;
        let containers = active.map_or(proposal, |r| &r.desired);
        let bounds = Bounds::new(rows.limit_ranges.clone(), rows.quotas.clone());
        let target =
            rows.workload.as_deref().map(|w| pods::target(w, &bounds, containers, active.map(|r| r.former.as_slice())));
        let pod_rows = {
            let mut overlay = overlay.lock().unwrap_or_else(PoisonError::into_inner);
            overlay.keep_pods(|uid| rows.pods.iter().any(|p| p.uid.to_string() == uid));
            pods::pods(&rows.pods, containers, &mut overlay)
        };
        let wanted = matches!(&honoured, Ok(Some(a)) if a.decision == Decision::Approved);
        let starts = wanted && active.is_none() && !carried_out(row);
        let (start_gates, forward_gates, delivery) =
            self.gates(row, &policy, &numbers, &rows, &honoured, starts, now).await;
        let (baseline, checks) = self.measured(&rows, &numbers, active, starts && start_gates.is_empty(), now).await;
        let entry = id.as_ref().and_then(|id| self.sizes.entry(&id.namespace, &key(id)));
        let rollout = row.rollout.as_ref();
        let ours =
            |digest: &str| entry.as_ref().is_some_and(|e| e.recommendation == row.name && e.proposal_digest == digest);
        let sized_pods = pod_rows.iter().filter(|p| !p.terminating && has(&p.spec, containers) == Has::Yes).count();
        let delivery = active.map_or(delivery, |r| r.delivery);
        Gathered {
            view: View {
                digest: row.digest.clone(),
                proposal: proposal.clone(),
                approval_known: honoured.as_ref().map(|_| ()).map_err(Clone::clone),
                approval: honoured.unwrap_or_default(),
                rollout: row.rollout.clone(),
                start_gates,
                forward_gates,
                target,
                pods: pod_rows,
                baseline,
                checks,
                sizes_entry: rollout.is_some_and(|r| ours(&r.proposal_digest)),
                settings: numbers.rollout_settings(delivery, self.in_place),
            },
            rules: numbers,
            sized_pods: i32::try_from(sized_pods).unwrap_or(i32::MAX),
        }
    }

    #[allow(clippy::too_many_arguments)]
    async fn gates(
        &self,
        row: &Row,
        policy: &PolicyRules,
        numbers: &Rules,
        rows: &Looked,
        honoured: &Result<Option<HonouredApproval>, ClosedGate>,
        starts: bool,
        now: Timestamp,
    ) -> (Vec<ClosedGate>, Vec<ClosedGate>, DeliveryMode) {
        let active = row.rollout.as_ref().filter(|r| under_way(Some(r)));
        if !starts && active.is_none() {
            return (Vec::new(), Vec::new(), DeliveryMode::Manual);
        }
        let halt = self.halt.lately(HALT_AGE).await;
        let key: Key = (row.namespace.clone(), row.name.clone());
        let counts = {
            let starts = self.starts.lock().unwrap_or_else(PoisonError::into_inner);
            starts.counts(row.policy.as_deref().unwrap_or_default(), &key, now)
        };
        let rooms = self.nodes.get(&self.world).rooms(nodes::nodes_of(&self.world, &rows.pods));
        let peaks = self.peaks(row.workload.as_ref());
        let age = self.usage.as_ref().and_then(|u| u.store.newest_sample_s()).map(|newest| now.as_second() - newest);
        let missing = self.world.missing();
        let unknown_kinds: Vec<&str> = missing.iter().map(|m| m.kind.as_str()).collect();
        let last = row.rollout.as_ref().filter(|r| r.stage == Stage::Ended);
        let facts = Facts {
            now,
            halt: match &halt {
                State::Off => facts::Halt::Off,
                State::On { by, reason, since } => {
                    facts::Halt::On { by: by.as_deref(), reason: reason.as_deref(), since: since.as_deref() }
                }
                State::Unknown(error) => facts::Halt::Unknown(error),
            },
            unknown_kinds: &unknown_kinds,
            policy: match policy {
                PolicyRules::None => facts::Policy::None,
                PolicyRules::Known(name, _) => facts::Policy::Named(name),
                PolicyRules::Missing(name) => facts::Policy::Missing(name),
                PolicyRules::Invalid(name, fault) => facts::Policy::Invalid(name, fault),
            },
            rules: numbers,
            proposal: &row.proposal.containers,
            digest: &row.digest,
            approved_by_person: matches!(honoured, Ok(Some(a)) if !a.by.starts_with("policy/")),
            target: &row.target,
            workload: rows.workload.as_deref(),
            namespace: rows.namespace.as_deref(),
            pods: &rows.pods,
            hpas: &rows.hpas,
            pdbs: &rows.pdbs,
            quotas: &rows.quotas,
            limit_ranges: &rows.limit_ranges,
            nodes: &rooms,
            data_age_s: age,
            memory_peaks: &peaks,
            under_way: counts.under_way,
            started_last_hour: counts.last_hour,
            past: Past {
                ended: last.and_then(|r| r.ended.as_ref()).map(|t| t.0),
                rollbacks: last.map_or(0, |r| u32::try_from(r.rollbacks).unwrap_or(0)),
                rolled_back_digest: last.filter(|r| r.undo.is_some()).map(|r| r.proposal_digest.as_str()),
            },
            in_place: self.in_place,
            admission: self.admission.in_force().is_ok(),
        };
        let delivery = facts.delivery().unwrap_or(DeliveryMode::Manual);
        if starts {
            (trimtab_gates::start_gates(&facts), Vec::new(), delivery)
        } else {
            (Vec::new(), trimtab_gates::forward_gates(&facts), delivery)
        }
    }

    /// The highest memory working set of each container that is known.
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

    async fn measured(
        &self,
        rows: &Looked,
        numbers: &Rules,
        active: Option<&RolloutStatus>,
        starts: bool,
        now: Timestamp,
    ) -> (Result<trimtab_api::recommendation_rollout::Baseline, String>, Vec<trimtab_api::recommendation_rollout::Check>)
    {
        let nothing = || (Err("it is measured when a rollout may begin".to_owned()), Vec::new());
        let watched = active.is_some_and(|r| {
            matches!(r.stage, Stage::Resizing | Stage::Watching | Stage::Delivering | Stage::Verifying)
        });
        let Some(workload) = rows.workload.as_deref().filter(|_| starts || watched) else { return nothing() };
        let neighbours = self.nodes.get(&self.world).neighbours(&rows.pods);
        let looked = Rows { workload, pods: &rows.pods, hpas: &rows.hpas, neighbours };
        // Pods are looked at at any time; a server of metrics only when its answers decide something.
        let asks = starts || active.is_some_and(|r| matches!(r.stage, Stage::Watching | Stage::Verifying));
        let answers = if asks {
            measure::ask(self.usage.as_ref().map(|u| &*u.source), looked, &numbers.queries, now).await
        } else {
            Answers {
                throttled_thousandths: active.and_then(|r| r.baseline.throttled_thousandths),
                queries: Vec::new(),
            }
        };
        let rolling = active.is_some_and(|r| r.delivery == DeliveryMode::Template && r.delivered);
        let observed = measure::observed(looked, active, answers, rolling);
        match active {
            None => (Ok(verify::baseline(&observed)), Vec::new()),
            Some(rollout) => {
                let progress = progress(rollout, workload, observed_changed(rows, rollout), now);
                (Err("a rollout is under way".to_owned()), verify::verify(&rollout.baseline, &observed, progress))
            }
        }
    }
}

/// Whether the proposal of `row` has been carried out, or undone.
fn carried_out(row: &Row) -> bool {
    row.rollout.as_ref().is_some_and(|r| r.stage == Stage::Ended && r.proposal_digest == row.digest)
}

fn observed_changed(rows: &Looked, rollout: &RolloutStatus) -> u32 {
    let changed = rows.pods.iter().filter(|p| has(&pods::sizes(p, &rollout.desired), &rollout.desired) == Has::Yes);
    u32::try_from(changed.count()).unwrap_or(u32::MAX)
}

fn progress(rollout: &RolloutStatus, workload: &WorkloadRow, pods_resized: u32, now: Timestamp) -> Progress {
    let restarts = |wanted: &ContainerResources| {
        let former = rollout.former.iter().find(|f| f.name == wanted.name);
        let (cpu, memory) = former.map_or((true, true), |f| {
            let differs =
                |of: fn(&trimtab_api::recommendation::Resources) -> Option<&trimtab_api::quantity::Quantity>| {
                    of(&f.requests) != of(&wanted.requests) || of(&f.limits) != of(&wanted.limits)
                };
            (differs(|r| r.cpu.as_ref()), differs(|r| r.memory.as_ref()))
        });
        workload
            .template
            .container(&wanted.name)
            .is_some_and(|c| (cpu && c.cpu_resize_restarts) || (memory && c.memory_resize_restarts))
    };
    let restarts_per_pod = rollout.desired.iter().filter(|c| restarts(c)).count();
    Progress {
        pods_resized,
        restarts_per_pod: u32::try_from(restarts_per_pod).unwrap_or(u32::MAX),
        stage_s: now.duration_since(rollout.stage_since.0).as_secs(),
    }
}

/// The rows about one workload, of one moment.
#[derive(Debug, Default)]
pub struct Looked {
    workload: Option<Arc<WorkloadRow>>,
    namespace: Option<Arc<NamespaceRow>>,
    pods: Vec<Arc<PodRow>>,
    hpas: Vec<Arc<HpaRow>>,
    pdbs: Vec<Arc<trimtab_world::row::PdbRow>>,
    quotas: Vec<Arc<trimtab_world::row::QuotaRow>>,
    limit_ranges: Vec<Arc<trimtab_world::row::LimitRangeRow>>,
}

trait Look {
    fn look(&self, id: &WorkloadId) -> Looked;
}

impl Look for World {
    fn look(&self, id: &WorkloadId) -> Looked {
        self.read(|t| {
            let workload = t.workload(id);
            Looked {
                namespace: t.namespace(&id.namespace),
                pods: t.pods_of(id),
                hpas: t.hpas_for(id),
                pdbs: workload.as_ref().map(|w| t.pdbs_for(&id.namespace, &w.template.labels)).unwrap_or_default(),
                quotas: t.quotas(&id.namespace),
                limit_ranges: t.limit_ranges(&id.namespace),
                workload,
            }
        })
    }
}
