//! Rolls out approved Recommendations.
//!
//! In: Recommendations, policies, the world, usage, the guard, the emergency stop. Out: resized pods, entries of
//! AppliedSizes, and the progress in each Recommendation's status. All decisions are pure and live in `trimtab-gates`
//! and `trimtab-rollout`; this crate gathers their input and sends their requests. What does not depend on the kind of
//! change (when each is reconciled, the loop, its status and finalizer, whether anything may be written) is in
//! `trimtab-driver`.
//!
//! | module | what it does | client |
//! |---|---|---|
//! | [`policies`] | what policies say about rollouts | no |
//! | [`pending_pods`] | own resizes that the watch of pods does not show yet | no |
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
//! | [`gather`] | what one evaluation sees: the whole input of gates and rollout machine | through those |
//! | [`answers`] | translates answers of the API server about pods for the rollout machine | no |
//! | [`change_log`] | the log of changes: what was sent, what began and ended | no |
//! | `records` | writes what outlives a Recommendation | yes |
//! | [`requests`] | sends the requests that only rollouts make | yes |
//! | [`confirm`] | a final check before a rollout is reported as ended | yes |
//! | [`status`] | this controller's part of the status | no |
//! | [`refused_pods`] | workloads whose controllers cannot create pods | no |
//! | [`realised`] | realised savings | no |
//! | `recommendations` | Recommendations as the watch shows them, and by workload | no |
//! | `reconciled` | what the reconciler has to know of Recommendations | no |
//! | [`wakes`] | what makes Recommendations due other than they themselves | no |
//! | [`rollouts`] | the controller: all of this, for the reconciler of `trimtab-driver` | through those |

pub mod answers;
mod approval;
pub mod change_log;
pub mod confirm;
mod delivered;
pub mod events;
mod gate_input;
pub mod gather;
pub mod limiter;
pub mod measure;
pub mod nodes;
pub mod observed_rows;
mod orphaned_sizes;
mod outlived;
pub mod pending_pods;
pub mod pod_resize;
pub mod pods;
pub mod policies;
pub mod questions;
pub mod realised;
mod recommendations;
mod reconciled;
mod records;
pub mod refused_pods;
pub mod requests;
pub mod rollouts;
mod siblings;
mod spec_patch;
pub mod status;
pub mod wakes;

/// Namespace and name of a Recommendation.
pub type Key = (String, String);

/// This controller's name in metrics and field managers.
pub const CONTROLLER: &str = "recommendation";
