//! All stored state: a workload with its pods, its AppliedSizes record, one or two Recommendations. In: that state.
//! Out: the view that a driver builds from it for each Recommendation.

use super::{
    Config, DeliveryKind, FakePod, LONG, NOW, Node, Past as Recorded, Scene, Size, Status, digest, list, now, size_of,
};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use std::sync::Arc;
use trimtab_api::{
    applied_sizes::WorkloadHistory,
    approval::{Approver, Decision, HonouredApproval},
    conditions::recommendation as reasons,
    gates::ClosedGate,
    rollout::{RolloutResult, RolloutStatus, Stage},
    rollout_strategy::IfInfeasible,
    undo::Undo,
    verification::{Baseline, Check, Verdict},
};
use trimtab_core::{WorkloadId, WorkloadKind};
use trimtab_engine::header::Place;
use trimtab_rollout::{
    elsewhere::{Elsewhere, Past, Rejection},
    view::{Deletion, NotGiven, Pod, Settings, Share, StepSetting, Target, View},
};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cluster {
    pub config: Config,
    pub pods: Vec<FakePod>,
    pub template: Size,
    /// How often somebody edited the template.
    pub edits: u8,
    /// Whether somebody changed a template that a rollout had patched.
    pub unpatched: bool,
    pub entry: Option<Entry>,
    /// The decision record of the workload.
    pub history: Option<Recorded>,
    /// The workload's uid.
    pub target: Option<u8>,
    /// The uid of the last workload.
    pub last_target: u8,
    /// The policy's, and the person's if there is one; `None` once it is gone.
    pub recs: Vec<Option<Rec>>,
    pub guard: bool,
    pub halted: bool,
    pub suspended: bool,
    /// Whether the policy was deleted.
    pub no_policy: bool,
    /// Whether the workload's controller cannot create pods with the delivered size.
    pub refused: bool,
    pub verdict: Verdict,
    /// The next uid.
    pub fresh: u8,
}

/// The workload's entry in AppliedSizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Entry {
    pub from: Size,
    pub to: Size,
    /// The uid of the workload. An entry of a workload that is gone is eventually swept, see
    /// operators/admission-sizes.
    pub target: u8,
    /// The Recommendation that it belongs to, and the size that its digest stands for.
    pub of: u8,
    pub digest: Size,
}

/// A Recommendation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rec {
    pub uid: u8,
    pub rollout: Option<Status>,
    pub proposal: Size,
    pub approval: Option<Approval>,
    /// Whether it has the finalizer, and whether it is being deleted.
    pub finalizer: bool,
    pub deleted: bool,
    /// Whether a person's rejection of the proposal was there at the deletion, and nobody withdrew it since.
    pub no_at_deletion: bool,
    /// The rejection that a person has withdrawn, if that was the last decision.
    pub taken_back: Option<Approval>,
}

/// A decision, and by whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Approval {
    pub yes: bool,
    pub size: Size,
    /// By a person; otherwise by a policy.
    pub person: bool,
    /// Whether it was long ago.
    pub long: bool,
}

impl Rec {
    pub fn new(uid: u8, proposal: Size, person: bool) -> Self {
        let approval = Approval { yes: true, size: proposal, person, long: false };
        Self {
            uid,
            rollout: None,
            proposal,
            approval: Some(approval),
            finalizer: false,
            deleted: false,
            no_at_deletion: false,
            taken_back: None,
        }
    }

    pub fn status(&self) -> Option<&RolloutStatus> {
        self.rollout.as_ref().map(|s| &*s.0)
    }

    /// Moves what happened now to long ago.
    pub fn age(&mut self, decisions: bool) {
        self.approval.iter_mut().chain(&mut self.taken_back).for_each(|a| a.long |= decisions);
        let Some(Status(r)) = &mut self.rollout else { return };
        let r = Arc::make_mut(r);
        r.started = Time(long_ago());
        r.stage_since = Time(long_ago());
        r.ended = r.ended.as_ref().map(|_| Time(long_ago()));
        if let Some(undo) = &mut r.undo {
            undo.since = Time(long_ago());
        }
    }

    /// A decision as it is honoured. Everybody decides on one object only.
    fn honoured(&self, approval: Approval) -> HonouredApproval {
        let by =
            if approval.person { Approver::person(&format!("ann-{}", self.uid)) } else { Approver::policy("shop") };
        HonouredApproval {
            decision: if approval.yes { Decision::Approved } else { Decision::Rejected },
            by,
            rule: String::new(),
            proposal_digest: digest(approval.size),
            since: Time(if approval.long { long_ago() } else { now() }),
            target_uid: None,
        }
    }

    /// Whether a person has approved again since what `r` undid because a person rejected it.
    pub fn is_approved_again(&self, r: &RolloutStatus) -> bool {
        let rejected = r.undo.as_ref().filter(|undo| undo.reason == reasons::REJECTED);
        let yes = self.approval.filter(|a| a.person && a.yes && digest(a.size) == r.proposal_digest);
        let later = |(undo, yes): (&Undo, Approval)| !yes.long || undo.since.0 == long_ago();
        r.result == Some(RolloutResult::RolledBack) && rejected.zip(yes).is_some_and(later)
    }

    /// The workload that it holds: the uid, and whether it is changing pods at the moment. See limiter.rs.
    pub fn hold(&self) -> Option<(&str, bool)> {
        let rollout = self.status().filter(|r| r.is_under_way() || r.is_in_force())?;
        Some((&rollout.target_uid, rollout.is_under_way()))
    }
}

impl Cluster {
    pub fn new(config: Config) -> Self {
        let pod = |name| FakePod {
            name,
            uid: name,
            size: Size::Former,
            node: Node::Settled,
            ready: true,
            made_for: 1,
            made_from: (Size::Former, 0),
        };
        let mut recs = vec![Some(Rec::new(1, Size::New, config.scene == Scene::Stays))];
        if config.scene == Scene::Two {
            recs.push(Some(Rec::new(2, Size::Other, true)));
        }
        Self {
            config,
            pods: (1..=config.pods).map(pod).collect(),
            template: Size::Former,
            edits: 0,
            unpatched: false,
            entry: None,
            history: None,
            target: Some(1),
            last_target: 1,
            recs,
            guard: true,
            halted: false,
            suspended: false,
            no_policy: false,
            refused: false,
            verdict: Verdict::Pass,
            fresh: 10,
        }
    }

    pub fn rec(&self, of: u8) -> Option<&Rec> {
        self.recs[usize::from(of)].as_ref()
    }

    pub fn rec_mut(&mut self, of: u8) -> Option<&mut Rec> {
        self.recs[usize::from(of)].as_mut()
    }

    pub fn is(&self, target: &str) -> bool {
        self.target.is_some_and(|uid| format!("target-{uid}") == target)
    }

    /// The size that a pod created now gets.
    pub fn size_for_new(&self) -> Size {
        self.entry.filter(|e| e.from == self.template).map_or(self.template, |e| e.to)
    }

    /// The workload is created under its name.
    pub fn create(&mut self) {
        self.last_target += 1;
        self.target = Some(self.last_target);
    }

    pub fn replace(&mut self, index: usize) {
        let (size, made_from) = (self.size_for_new(), (self.template, self.edits));
        self.fresh += 1;
        let (uid, made_for) = (self.fresh, self.last_target);
        let pod = &mut self.pods[index];
        *pod = FakePod { name: pod.name, uid, size, node: Node::Settled, ready: true, made_for, made_from };
    }

    pub fn rolling(&self) -> bool {
        self.pods.iter().any(|p| p.made_from != (self.template, self.edits))
    }

    fn gate(gate: &str, reason: &str) -> ClosedGate {
        ClosedGate { gate: gate.to_owned(), reason: reason.to_owned(), message: "closed".to_owned() }
    }

    /// The decision record of the workload.
    fn record(&self) -> Option<&WorkloadHistory> {
        self.history.as_ref().map(|h| &*h.0)
    }

    /// Whether the policy's approval counts: the policy exists, and no person rejected that size before.
    pub fn policy_says_yes(&self, of: u8, rec: &Rec) -> bool {
        let past = Past { record: self.record(), others: &self.elsewhere(of) };
        !self.no_policy && past.rejected(&list(rec.proposal)).is_none()
    }

    /// What other Recommendations than `of` show.
    fn elsewhere(&self, of: u8) -> Vec<Elsewhere> {
        let others = (0..self.config.machines()).filter(|other| *other != of);
        let shown = |other: u8| {
            let rec = self.rec(other)?;
            let ended = rec.status().filter(|r| self.is(&r.target_uid)).and_then(|r| Elsewhere::ended("other", r));
            let rejected = rec.approval.filter(|a| a.person && !a.yes).map(|a| Rejection {
                by: "ann".to_owned(),
                since: None,
                containers: list(a.size),
            });
            Some(Elsewhere { on: "other".to_owned(), rejected, ..ended.unwrap_or_default() })
        };
        others.filter_map(shown).collect()
    }

    /// Which decision about `rec` is honoured.
    fn approval(&self, of: u8, rec: &Rec) -> Option<HonouredApproval> {
        let carried = rec.hold().and(rec.status()).map(|r| r.proposal_digest.as_str());
        let counts = |a: &Approval| {
            let no_to_what_is_carried = !a.yes && carried == Some(&digest(a.size));
            // While the object is in deletion, its decision still counts, even if it cannot be verified then.
            (self.guard || rec.deleted) && (a.size == rec.proposal || no_to_what_is_carried)
        };
        let approval = rec.approval.filter(counts).filter(|a| a.person || self.policy_says_yes(of, rec))?;
        Some(rec.honoured(approval))
    }

    /// The view that a driver builds of Recommendation `of`; `None` if it no longer reconciles it. `taken`: whether
    /// the workload belongs to another one. `place`: the place reserved for it.
    pub fn view(&self, of: u8, taken: bool, place: Option<Place>) -> Option<View> {
        let rec = self.rec(of).filter(|r| !r.deleted || r.finalizer)?;
        let rollout = rec.status().cloned();
        let under_way = rollout.as_ref().is_some_and(|r| r.stage != Stage::Ended);
        let former = rollout.as_ref().map(|r| r.former.clone());
        let desired = rollout.as_ref().map(|r| (r.proposal_digest.clone(), size_of(&r.desired)));
        let mut start_gates =
            if self.halted || self.suspended { vec![Self::gate("Closed", "Closed")] } else { Vec::new() };
        start_gates.extend(taken.then(|| Self::gate("Workload", "Taken")));
        Some(View {
            digest: digest(rec.proposal),
            proposal: list(rec.proposal),
            approval: self.approval(of, rec),
            approval_known: if self.guard { Ok(()) } else { Err(Self::gate("Guard", "ApprovalGuardMissing")) },
            seen: Ok(()),
            deletion: rec.deleted.then_some(Deletion::Alone),
            protected: rec.finalizer,
            owned: false,
            place,
            policy_deleted: (of == 0 && self.no_policy).then(|| "shop".to_owned()),
            history: self.record().cloned(),
            // The garbage collector of this cluster is done at once.
            withdrawn: rec.taken_back.map(|no| rec.honoured(no)),
            leaving: false,
            taken,
            elsewhere: self.elsewhere(of),
            pods_refused: (self.refused && rollout.is_some()).then(|| "the quota".to_owned()),
            start_gates,
            forward_gates: if self.suspended { vec![Self::gate("Policy", "Suspended")] } else { Vec::new() },
            target: self.target.map(|uid| Target {
                id: WorkloadId::new(WorkloadKind::Deployment, "shop", "web"),
                uid: format!("target-{uid}"),
                template: format!("{:?}-{}", self.template, self.edits),
                template_has_desired: self.template == rec.proposal,
                template_has_former: former.is_none_or(|f| f == list(self.template)),
                template_sizes: list(self.template),
                desired_pods: u32::from(self.config.pods),
                rolling: self.rolling(),
                runs_to_completion: false,
                terminating: false,
            }),
            pods: self
                .pods
                .iter()
                .map(|p| {
                    // Who was made from a template with the new size was made after it was patched.
                    let created_since = rollout.as_ref().is_some_and(|r| list(p.made_from.0) == r.desired);
                    Pod { created_since, ..p.row() }
                })
                .collect(),
            baseline: Ok(Baseline { ready_pods: i32::from(self.config.pods), ..Baseline::default() }),
            checks: if under_way {
                vec![Check { name: "Readiness".to_owned(), verdict: self.verdict, message: "-".to_owned() }]
            } else {
                Vec::new()
            },
            ran: false,
            sizes_entry: desired.is_some_and(|(of_digest, to)| {
                self.entry.is_some_and(|e| e.of == of && digest(e.digest) == of_digest && e.to == to)
            }),
            has_entry: self.entry.is_some_and(|e| Some(e.target) == self.target),
            sizes_given: match self.entry {
                Some(entry) if entry.from == self.template => Ok(()),
                _ => Err(NotGiven::OtherResources),
            },
            settings: self.settings(),
            rollout,
        })
    }

    fn settings(&self) -> Settings {
        let pause_s = if self.config.pause { 300 } else { 0 };
        let steps = self.config.shares().into_iter().map(|n| StepSetting { share: Share::Count(n), pause_s }).collect();
        Settings {
            steps,
            if_infeasible: if self.config.evict { IfInfeasible::Evict } else { IfInfeasible::Undo },
            deferred_timeout_s: 600,
            verification_window_s: 900,
            delivery: self.config.mode(),
            in_place: true,
        }
    }

    /// Moves what happened now to long ago.
    pub fn age(&mut self) {
        let ages = self.config.scene != Scene::Stays;
        for rec in self.recs.iter_mut().flatten() {
            rec.age(ages);
        }
        if let Some(Recorded(history)) = &mut self.history {
            let history = Arc::make_mut(history);
            history.rejected.iter_mut().for_each(|r| r.since = Time(long_ago()));
            for undone in &mut history.undone {
                undone.ended = Time(long_ago());
                undone.rejected = undone.rejected.as_ref().map(|_| Time(long_ago()));
            }
        }
        for pod in &mut self.pods {
            if let Node::Deferred { long } = &mut pod.node {
                *long = true;
            }
        }
    }

    /// The last rollout's stage and result.
    pub fn end(&self, of: u8) -> Option<(Stage, Option<RolloutResult>)> {
        self.rec(of)?.status().map(|r| (r.stage, r.result))
    }

    /// Whether new pods get a size that the template did not always have.
    pub fn delivered(&self) -> bool {
        self.entry.is_some() || (self.config.delivery == DeliveryKind::Template && self.template != Size::Former)
    }
}

fn long_ago() -> Timestamp {
    Timestamp::from_second(NOW - LONG).unwrap()
}
