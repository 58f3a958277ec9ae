//! Rolls out approved Recommendations.
//!
//! In: Recommendations, policies, the world, usage, the guard, the emergency stop. Out: resized pods, entries of
//! AppliedSizes, and the progress in each Recommendation's status. All decisions are pure and live in `trimtab-gates`
//! and `trimtab-rollout`; this crate gathers their input and sends their requests. What does not depend on the kind of
//! change (what is due, whether anything may be written) is in `trimtab-driver`.
//!
//! | module | what it does | client |
//! |---|---|---|
//! | [`policies`] | what policies say about rollouts | no |
//! | [`pending_writes`] | own writes that the watches do not show yet | no |
//! | [`limiter`] | rollouts as they count for limits, and hold workloads | no |
//! | [`nodes`] | requests on each node, and the readiness of its pods | no |
//! | [`observed_rows`] | the rows of one workload, read at one moment | no |
//! | `outlived` | pods that outlived the workload of a rollout | no |
//! | `delivered` | what an entry of AppliedSizes does for a rollout | no |
//! | `siblings` | what other Recommendations of a workload show of it | no |
//! | `approval` | which decision is honoured | no |
//! | `gate_input` | the input of the gates | no |
//! | [`pod_resize`] | what the API server lets change in a running pod | yes |
//! | [`questions`] | which queries are sent, and what their answers are for | queries to Prometheus |
//! | `restarts` | what restarts an evaluation while it waits | no |
//! | [`gather`] | what one evaluation sees: the whole input of gates and rollout machine | through those |
//! | [`answers`] | translates answers of the API server for the rollout machine; which of them fail a pass | no |
//! | [`change_log`] | the log of changes: what was sent, what began and ended | no |
//! | `records` | writes status, finalizer, and what outlives a Recommendation | yes |
//! | [`requests`] | sends one request of the rollout machine | yes |
//! | [`confirm`] | a final check before a rollout is reported as ended | yes |
//! | [`status`] | this controller's part of the status | no |
//! | [`refused_pods`] | workloads whose controllers cannot create pods | no |
//! | [`realised`] | realised savings | no |
//! | `takeover` | stored rollouts at the time when this instance begins to lead | yes |
//! | [`reconciler`] | reconciles one Recommendation until it has to wait | yes |
//! | [`controller`] | when each Recommendation is reconciled | yes |

pub mod answers;
mod approval;
pub mod change_log;
pub mod confirm;
pub mod controller;
mod delivered;
pub mod events;
mod gate_input;
pub mod gather;
pub mod limiter;
pub mod measure;
pub mod nodes;
pub mod observed_rows;
mod outlived;
pub mod pending_writes;
pub mod pod_resize;
pub mod pods;
pub mod policies;
pub mod questions;
pub mod realised;
pub mod reconciler;
mod records;
pub mod refused_pods;
pub mod requests;
mod restarts;
mod siblings;
mod spec_patch;
pub mod status;
mod takeover;

/// Namespace and name of a Recommendation.
pub type Key = (String, String);

/// This controller's name in metrics and field managers.
pub const CONTROLLER: &str = "recommendation";
