//! A small cluster as a value: a workload, its pods, a Recommendation, and all events that can happen to them.
//!
//! Times have two values only, now and long ago, so that there are finitely many clusters. A version is the content
//! itself: a precondition holds as long as the object is what the view showed.

// Each test binary uses its own part of it.
#![allow(dead_code)]

pub mod act;
pub mod action;
pub mod cluster;
pub mod forbidden;
pub mod ghost;
pub mod state;
pub mod wrong;

use jiff::Timestamp;
use std::{
    hash::{Hash, Hasher},
    sync::Arc,
};
use trimtab_api::{
    applied_sizes::WorkloadHistory,
    delivery::DeliveryMode,
    quantity::Quantity,
    resources::{ContainerResources, Resources},
    rollout::RolloutStatus,
};
use trimtab_rollout::view::{Pod, Resize};

pub use cluster::Cluster;

/// The present time of all clocks.
pub const NOW: i64 = 1_800_000_000;
/// The age of "long ago": longer than any pause, window, delay and back-off.
pub const LONG: i64 = 90 * 24 * 3600;

pub fn now() -> Timestamp {
    Timestamp::from_second(NOW).unwrap()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Size {
    Former,
    New,
    /// The proposed size after somebody edited the proposal.
    Next,
    /// The template's size after somebody edited it.
    Edited,
    /// The size that the person's Recommendation proposes.
    Other,
}

const ALL: [Size; 5] = [Size::Former, Size::New, Size::Next, Size::Edited, Size::Other];

pub fn list(size: Size) -> Vec<ContainerResources> {
    let cpu = match size {
        Size::Former => "500m",
        Size::New => "250m",
        Size::Next => "300m",
        Size::Edited => "900m",
        Size::Other => "700m",
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

/// The size that a digest stands for.
pub fn size_of_digest(digest: &str) -> Size {
    ALL.into_iter().find(|s| self::digest(*s) == digest).expect("a digest that nobody proposed")
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
    /// The uid of the workload that it was created for. Those after it have adopted the pod.
    pub made_for: u8,
    /// The template that it was created from.
    pub made_from: (Size, u8),
}

/// A status, compared only by what the machine decides on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status(pub Arc<RolloutStatus>);

impl Hash for Status {
    fn hash<H: Hasher>(&self, h: &mut H) {
        let r = &self.0;
        (&r.proposal_digest, &r.target_uid, &r.template, r.stage, r.step, r.delivered, r.result).hash(h);
        (r.stage_since.0, r.ended.as_ref().map(|t| t.0), r.rollbacks).hash(h);
        (size_of(&r.former), size_of(&r.desired), original(r)).hash(h);
        r.undo.as_ref().map(|u| (&u.reason, u.since.0)).hash(h);
    }
}

/// The workload's size before the first change in force, if that is not `former`.
pub fn original(rollout: &RolloutStatus) -> Option<Size> {
    (!rollout.original.is_empty()).then(|| size_of(&rollout.original))
}

/// The decision record of the workload in AppliedSizes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Past(pub Arc<WorkloadHistory>);

impl Hash for Past {
    fn hash<H: Hasher>(&self, h: &mut H) {
        self.0.rejected.iter().map(|r| (r.since.0, size_of(&r.containers))).collect::<Vec<_>>().hash(h);
        for u in &self.0.undone {
            (&u.proposal_digest, u.ended.0, u.rollbacks, u.rejected.as_ref().map(|t| t.0)).hash(h);
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    pub pods: u8,
    pub delivery: DeliveryKind,
    pub evict: bool,
    pub pause: bool,
    pub all_at_once: bool,
    pub scene: Scene,
}

/// Which Recommendations there are, and what happens to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scene {
    /// One Recommendation, which is not deleted.
    Stays,
    /// One of a policy, which is deleted and recreated.
    Goes,
    /// One of a policy, which is deleted and recreated, and one of a person, for the same workload.
    Two,
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

impl FakePod {
    pub fn version(&self) -> String {
        format!("{:?}-{:?}-{}", self.size, self.node, self.ready)
    }

    pub fn row(&self) -> Pod {
        Pod {
            name: format!("web-{}", self.name),
            uid: self.uid.to_string(),
            resource_version: self.version(),
            spec: list(self.size),
            // No workload of another name comes into this cluster: tests/start.rs.
            sized_by_trimtab: Vec::new(),
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
            created_since: false,
        }
    }
}
