//! A small cluster as a value: a workload, its pods, a Recommendation, and everything that can happen to them.
//!
//! Times have two values only, now and long ago, so that there are finitely many clusters. A version is the content itself:
//! a precondition holds as long as the object is what the view showed.

// Each test binary uses its own part of it.
#![allow(dead_code)]

pub mod act;
pub mod state;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use std::hash::{Hash, Hasher};
use trimtab_api::{
    policy_rollout::{DeliveryMode, IfInfeasible},
    quantity::Quantity,
    recommendation::{ContainerResources, Decision, Resources},
    recommendation_rollout::{
        Baseline, Check, ClosedGate, HonouredApproval, RolloutResult, RolloutStatus, Stage, Verdict,
    },
};
use trimtab_rollout::view::{Deletion, Pod, Resize, Settings, Share, StepSetting, Target, View};

/// The one time that all clocks show.
pub const NOW: i64 = 1_800_000_000;
/// How long ago long ago is: longer than any pause, window, delay and back-off.
pub const LONG: i64 = 90 * 24 * 3600;

pub fn now() -> Timestamp {
    Timestamp::from_second(NOW).unwrap()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Size {
    Former,
    New,
    /// What the proposal says after somebody edited it.
    Next,
    /// What the template says after somebody edited it.
    Edited,
}

const ALL: [Size; 4] = [Size::Former, Size::New, Size::Next, Size::Edited];

pub fn list(size: Size) -> Vec<ContainerResources> {
    let cpu = match size {
        Size::Former => "500m",
        Size::New => "250m",
        Size::Next => "300m",
        Size::Edited => "900m",
    };
    let amounts = Resources { cpu: Some(Quantity(cpu.to_owned())), memory: Some(Quantity("64Mi".to_owned())) };
    vec![ContainerResources { name: "app".to_owned(), requests: amounts, limits: Resources::default() }]
}

pub fn size_of(containers: &[ContainerResources]) -> Size {
    ALL.into_iter().find(|s| list(*s) == containers).expect("a size that nobody asked for")
}

pub fn digest(size: Size) -> String {
    format!("sha256:{size:?}")
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Node {
    Settled,
    InProgress,
    Deferred { long: bool },
    Infeasible,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FakePod {
    pub name: u8,
    pub uid: u8,
    pub size: Size,
    pub node: Node,
    pub ready: bool,
    /// The template that it was made from.
    pub made_from: (Size, u8),
}

/// A status that can be told from another by what the machine decides on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status(pub RolloutStatus);

impl Hash for Status {
    fn hash<H: Hasher>(&self, h: &mut H) {
        let r = &self.0;
        (&r.proposal_digest, &r.target_uid, &r.template, r.stage, r.step, r.delivered, r.result).hash(h);
        (r.stage_since.0, r.ended.as_ref().map(|t| t.0), r.rollbacks, &r.former, &r.desired).hash(h);
        r.undo.as_ref().map(|u| (&u.reason, u.since.0)).hash(h);
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    pub pods: u8,
    pub delivery: DeliveryKind,
    pub evict: bool,
    pub pause: bool,
    pub all_at_once: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeliveryKind {
    Admission,
    Template,
    Manual,
}

impl Config {
    pub fn shares(&self) -> Vec<u32> {
        let all = u32::from(self.pods);
        if self.all_at_once { vec![all] } else { (1..=all).filter(|k| *k != 3 || all == 3).collect() }
    }

    /// How many pods the step covers.
    pub fn covers(&self, step: i32) -> usize {
        let shares = self.shares();
        shares[(step as usize).clamp(1, shares.len()) - 1] as usize
    }

    pub fn mode(&self) -> DeliveryMode {
        match self.delivery {
            DeliveryKind::Admission => DeliveryMode::Admission,
            DeliveryKind::Template => DeliveryMode::Template,
            DeliveryKind::Manual => DeliveryMode::Manual,
        }
    }
}

/// Everything that is stored somewhere.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cluster {
    pub config: Config,
    pub pods: Vec<FakePod>,
    pub template: Size,
    /// How often somebody edited the template.
    pub edits: u8,
    /// The entry of AppliedSizes: from what, to what.
    pub entry: Option<(Size, Size)>,
    /// The workload's uid.
    pub target: Option<u8>,
    pub rollout: Option<Status>,
    pub proposal: Size,
    pub approval: Option<(bool, Size)>,
    /// Whether the Recommendation has the finalizer, and whether it is being deleted.
    pub finalizer: bool,
    pub deleted: bool,
    /// Whether what was decided is remembered.
    pub remembered: bool,
    pub guard: bool,
    pub halted: bool,
    pub suspended: bool,
    pub verdict: Verdict,
    /// The next uid.
    pub fresh: u8,
}

impl Cluster {
    pub fn new(config: Config) -> Self {
        let pod = |name| FakePod {
            name,
            uid: name,
            size: Size::Former,
            node: Node::Settled,
            ready: true,
            made_from: (Size::Former, 0),
        };
        Self {
            config,
            pods: (1..=config.pods).map(pod).collect(),
            template: Size::Former,
            edits: 0,
            entry: None,
            target: Some(1),
            rollout: None,
            proposal: Size::New,
            approval: Some((true, Size::New)),
            finalizer: false,
            deleted: false,
            remembered: false,
            guard: true,
            halted: false,
            suspended: false,
            verdict: Verdict::Pass,
            fresh: 10,
        }
    }

    /// What a pod made now gets.
    pub fn size_for_new(&self) -> Size {
        match self.entry {
            Some((from, to)) if from == self.template => to,
            _ => self.template,
        }
    }

    pub fn replace(&mut self, index: usize) {
        let (size, made_from) = (self.size_for_new(), (self.template, self.edits));
        self.fresh += 1;
        let pod = &mut self.pods[index];
        *pod = FakePod { name: pod.name, uid: self.fresh, size, node: Node::Settled, ready: true, made_from };
    }

    pub fn rolling(&self) -> bool {
        self.pods.iter().any(|p| p.made_from != (self.template, self.edits))
    }

    fn gate(gate: &str, reason: &str) -> ClosedGate {
        ClosedGate { gate: gate.to_owned(), reason: reason.to_owned(), message: "closed".to_owned() }
    }

    /// What a driver gathers from this cluster.
    pub fn view(&self) -> View {
        let rollout = self.rollout.as_ref().map(|s| s.0.clone());
        let under_way = rollout.as_ref().is_some_and(|r| r.stage != Stage::Ended);
        let approval = self.approval.filter(|(_, size)| self.guard && *size == self.proposal).map(|(yes, size)| {
            HonouredApproval {
                decision: if yes { Decision::Approved } else { Decision::Rejected },
                by: trimtab_api::recommendation_rollout::Approver::person("ann"),
                rule: String::new(),
                proposal_digest: digest(size),
                since: Time(now()),
            }
        });
        let former = rollout.as_ref().map(|r| r.former.clone());
        let desired = rollout.as_ref().map(|r| size_of(&r.desired));
        View {
            digest: digest(self.proposal),
            proposal: list(self.proposal),
            approval,
            approval_known: if self.guard { Ok(()) } else { Err(Self::gate("Guard", "ApprovalGuardMissing")) },
            seen: Ok(()),
            deletion: self.deleted.then_some(Deletion::Alone),
            protected: self.finalizer,
            policy_deleted: None,
            history: None,
            pods_refused: None,
            start_gates: if self.halted || self.suspended { vec![Self::gate("Closed", "Closed")] } else { Vec::new() },
            forward_gates: if self.suspended { vec![Self::gate("Policy", "Suspended")] } else { Vec::new() },
            target: self.target.map(|uid| Target {
                uid: format!("target-{uid}"),
                template: format!("{:?}-{}", self.template, self.edits),
                template_has_desired: self.template == self.proposal,
                template_has_former: former.is_none_or(|f| f == list(self.template)),
                template_sizes: list(self.template),
                desired_pods: u32::from(self.config.pods),
                rolling: self.rolling(),
                runs_to_completion: false,
                terminating: false,
            }),
            pods: self.pods.iter().map(FakePod::row).collect(),
            baseline: Ok(Baseline { ready_pods: i32::from(self.config.pods), ..Baseline::default() }),
            checks: if under_way {
                vec![Check { name: "Readiness".to_owned(), verdict: self.verdict, message: "-".to_owned() }]
            } else {
                Vec::new()
            },
            sizes_entry: rollout.is_some() && self.entry.is_some_and(|(_, to)| Some(to) == desired),
            settings: self.settings(),
            rollout,
        }
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

    /// Makes what happened now have happened long ago.
    pub fn age(&mut self) {
        let long_ago = Time(Timestamp::from_second(NOW - LONG).unwrap());
        if let Some(Status(r)) = &mut self.rollout {
            r.started = long_ago.clone();
            r.stage_since = long_ago.clone();
            r.ended = r.ended.as_ref().map(|_| long_ago.clone());
            if let Some(undo) = &mut r.undo {
                undo.since = long_ago;
            }
        }
        for pod in &mut self.pods {
            if let Node::Deferred { long } = &mut pod.node {
                *long = true;
            }
        }
    }

    /// The last rollout's stage and result.
    pub fn end(&self) -> Option<(Stage, Option<RolloutResult>)> {
        self.rollout.as_ref().map(|s| (s.0.stage, s.0.result))
    }
}

impl FakePod {
    pub fn version(&self) -> String {
        format!("{:?}-{:?}-{}", self.size, self.node, self.ready)
    }

    fn row(&self) -> Pod {
        Pod {
            name: format!("web-{}", self.name),
            uid: self.uid.to_string(),
            resource_version: self.version(),
            spec: list(self.size),
            resize: match self.node {
                Node::Settled => Resize::Settled,
                Node::InProgress => Resize::InProgress,
                Node::Deferred { long } => {
                    Resize::Deferred { since_s: if long { NOW - LONG } else { NOW }, message: "no room".to_owned() }
                }
                Node::Infeasible => Resize::Infeasible { message: "never".to_owned() },
            },
            ready: self.ready,
            bound: true,
            terminating: false,
        }
    }
}
