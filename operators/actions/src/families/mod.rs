//! The entries of the registry, one file per family.
//!
//! In: nothing. Out: a list of entries per family, and the columns that many entries share.

pub(crate) mod configuration;
pub(crate) mod delivery;
pub(crate) mod evidence;
pub(crate) mod jobs;
pub(crate) mod network;
pub(crate) mod nodes;
pub(crate) mod privileged;
pub(crate) mod rollouts;
pub(crate) mod scaling;
pub(crate) mod storage;
pub(crate) mod template;
pub(crate) mod workloads;

use trimtab_api::risk::RiskLevel;

use crate::{action::RiskCase, right::Verb};

const GET: &[Verb] = &[Verb::Get];
const LIST: &[Verb] = &[Verb::List];
const GET_LIST: &[Verb] = &[Verb::Get, Verb::List];
const PATCH: &[Verb] = &[Verb::Patch];
const CREATE: &[Verb] = &[Verb::Create];
const GET_PATCH: &[Verb] = &[Verb::Get, Verb::Patch];
const GET_DELETE: &[Verb] = &[Verb::Get, Verb::Delete];
/// For what an action makes, and its undo takes away again.
const GET_CREATE_DELETE: &[Verb] = &[Verb::Get, Verb::Create, Verb::Delete];
const GET_CREATE_PATCH_DELETE: &[Verb] = &[Verb::Get, Verb::Create, Verb::Patch, Verb::Delete];

/// The resources of the workloads whose template can be changed.
const TEMPLATED: &[&str] = &["deployments", "statefulsets", "daemonsets"];

/// What an undo of a patch restores.
const FIELDS: &str = "The changed fields get their former values.";

const fn case(reason: &'static str, level: RiskLevel, when: &'static str) -> RiskCase {
    RiskCase { reason, level, when }
}
