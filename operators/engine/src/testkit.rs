//! A change that every general gate lets start: tests change one thing and evaluate a gate.

#![allow(clippy::unwrap_used)]

use jiff::{SignedDuration, Timestamp};
use trimtab_api::{
    target::TargetRef,
    time::Duration,
    windows::{Window, WindowKind},
};

use crate::{
    gate::{Gate, Inputs},
    input::{Around, Common, EmergencyStop, Found, General, Policy},
    limits::StartLimits,
};

pub const NOW: &str = "2026-11-21T12:00:00Z";

/// Inputs that have nothing else.
#[derive(Debug)]
pub struct Plain;

impl Inputs for Plain {
    type Of<'a> = Common<'a>;
}

impl General for Plain {
    fn common<'a>(input: &<Self as Inputs>::Of<'a>) -> Common<'a> {
        *input
    }
}

pub struct Scene<'a> {
    pub now: Timestamp,
    pub emergency_stop: EmergencyStop<'a>,
    pub unknown_kinds: &'a [&'a str],
    pub policy: Policy<'a>,
    pub limits: StartLimits,
    pub target: TargetRef,
    pub approved_for: Option<&'a str>,
    pub found: Option<Found<'a>>,
    pub namespace: Option<Around<'a>>,
    pub under_way: u32,
    pub started_last_hour: u32,
    pub last_ended: Option<Timestamp>,
}

impl<'a> Scene<'a> {
    /// Deployment `web` in `shop`.
    pub fn new() -> Self {
        Self {
            now: NOW.parse().unwrap(),
            emergency_stop: EmergencyStop::Off,
            unknown_kinds: &[],
            policy: Policy::Named("services"),
            limits: StartLimits::default(),
            target: TargetRef {
                api_version: "apps/v1".to_owned(),
                kind: "Deployment".to_owned(),
                name: "web".to_owned(),
                uid: Some("w-1".to_owned()),
            },
            approved_for: None,
            found: Some(Found { uid: "w-1", terminating: false, mode: None }),
            namespace: Some(Around { name: "shop", terminating: false, mode: None }),
            under_way: 0,
            started_last_hour: 0,
            last_ended: None,
        }
    }

    pub fn with<R>(&self, ask: impl FnOnce(&Common<'_>) -> R) -> R {
        ask(&Common {
            now: self.now,
            emergency_stop: self.emergency_stop,
            unknown_kinds: self.unknown_kinds,
            policy_kind: "OptimizationPolicy",
            policy: self.policy,
            limits: &self.limits,
            run: "rollout",
            target: &self.target,
            approved_for: self.approved_for,
            found: self.found,
            namespace: self.namespace,
            under_way: self.under_way,
            started_last_hour: self.started_last_hour,
            last_ended: self.last_ended,
        })
    }
}

/// Reason and message of a closed gate; `None` if it is open.
pub fn asked(gate: &Gate<Plain>, scene: &Scene<'_>) -> Option<(String, String)> {
    let closed = scene.with(|common| gate.ask(common))?;
    assert_eq!(closed.gate, gate.name);
    assert!(gate.reasons.iter().any(|r| r.word == closed.reason), "{} is no reason of {}", closed.reason, gate.name);
    Some((closed.reason, closed.message))
}

pub fn ago(seconds: i64) -> Timestamp {
    NOW.parse::<Timestamp>().unwrap() - SignedDuration::from_secs(seconds)
}

pub fn window(kind: WindowKind, schedule: &str, duration: &str, time_zone: &str) -> Window {
    Window {
        kind,
        schedule: schedule.to_owned(),
        duration: Duration(duration.to_owned()),
        time_zone: time_zone.to_owned(),
    }
}
