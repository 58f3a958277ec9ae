//! What the gates look at that every kind of change has: the time, the emergency stop, the policy, the target and how much
//! is under way. In: values and references, gathered anew for each evaluation. Out: the same. Pure data.

use jiff::Timestamp;
use trimtab_api::target::TargetRef;

use crate::{gate::Inputs, invalid_field::InvalidField, limits::StartLimits};

/// The input of the gates that every kind of change has.
#[derive(Clone, Copy, Debug)]
pub struct Common<'a> {
    /// The time.
    pub now: Timestamp,
    /// The emergency stop.
    pub emergency_stop: EmergencyStop<'a>,
    /// Kinds that cannot be watched, so that nothing is known about them.
    pub unknown_kinds: &'a [&'a str],
    /// The kind of the policy, such as `OptimizationPolicy`.
    pub policy_kind: &'a str,
    /// The policy that the limits come from.
    pub policy: Policy<'a>,
    /// Its limits; [`StartLimits::default`] if there is no policy, or none that is valid.
    pub limits: &'a StartLimits,
    /// How messages call what is limited: `rollout`.
    pub run: &'a str,
    /// What is to be changed.
    pub target: &'a TargetRef,
    /// The uid of the target that a person approved the change for, empty if there was none; `None` if that is not
    /// recorded, as for a policy's approval.
    pub approved_for: Option<&'a str>,
    /// The target; `None` if it does not exist.
    pub found: Option<Found<'a>>,
    /// Its namespace; `None` if it does not exist.
    pub namespace: Option<Around<'a>>,
    /// Changes of this policy that are under way, excluding this one.
    pub under_way: u32,
    /// Changes of this policy that began within the last hour.
    pub started_last_hour: u32,
    /// When the target's last change ended.
    pub last_ended: Option<Timestamp>,
}

/// The target as it is now.
#[derive(Clone, Copy, Debug)]
pub struct Found<'a> {
    /// Its uid.
    pub uid: &'a str,
    /// Whether it is being deleted.
    pub terminating: bool,
    /// Its annotation [`trimtab_api::names::MODE_ANNOTATION`].
    pub mode: Option<&'a str>,
}

/// The namespace of the target.
#[derive(Clone, Copy, Debug)]
pub struct Around<'a> {
    /// Its name.
    pub name: &'a str,
    /// Whether it is being deleted.
    pub terminating: bool,
    /// Its annotation [`trimtab_api::names::MODE_ANNOTATION`].
    pub mode: Option<&'a str>,
}

/// The emergency stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmergencyStop<'a> {
    /// Not set.
    Off,
    /// Set.
    On {
        /// Who set it, if stated.
        by: Option<&'a str>,
        /// Why, if stated.
        reason: Option<&'a str>,
        /// Since when, if stated.
        since: Option<&'a str>,
    },
    /// It cannot be read, for this reason.
    Unknown(&'a str),
}

/// The policy that the change comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy<'a> {
    /// None: it was written by hand.
    None,
    /// This one.
    Named(&'a str),
    /// This one, which does not exist.
    Missing(&'a str),
    /// This one, whose spec is invalid.
    Invalid(&'a str, &'a InvalidField),
}

impl Common<'_> {
    /// The target in words, for messages.
    pub fn target_name(&self) -> String {
        format!("{} {}", self.target.kind, self.target.name)
    }
}

/// Inputs that have what every kind of change has: the gates of [`crate::gates`] can stand in their chains.
pub trait General: Inputs {
    /// That part of `input`.
    fn common<'a>(input: &Self::Of<'a>) -> Common<'a>;
}
