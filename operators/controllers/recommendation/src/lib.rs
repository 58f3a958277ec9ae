//! Carries approved recommendations out.
//!
//! In: Recommendations, policies, the world, usage, the guard, the emergency stop. Out: resized pods, entries of
//! AppliedSizes, and in each Recommendation's status how far it came. Everything that decides is pure and lives in
//! `trimtab-gates` and `trimtab-rollout`; here is what gathers for them and does what they ask for.
//!
//! | module | what it does | client |
//! |---|---|---|
//! | [`row`] | what is kept in memory of a Recommendation | no |
//! | [`policies`] | what policies say about carrying out | no |
//! | [`pending`] | own writes that the watches do not show yet | no |
//! | [`limiter`] | which rollouts are under way, so that limits hold across tasks and a workload belongs to one | no |
//! | [`nodes`] | what is asked for on each node, and how its pods fare | no |
//! | [`looked`] | the rows about one workload, of one moment | no |
//! | `approval` | which decision is honoured | no |
//! | `gate_input` | what the gates look at | no |
//! | [`questions`] | asks the metrics server, side by side and in bounds, and keeps what it heard for a moment | questions to Prometheus |
//! | `moves` | what makes a look begin anew while it waits | no |
//! | [`gather`] | everything that gates and machine look at | through those |
//! | [`halt`] | the emergency stop, read just before each write | yes |
//! | [`answers`] | what answers mean for the machine | no |
//! | `records` | writes status, finalizer, and what outlives a Recommendation | yes |
//! | [`requests`] | sends one request of the machine | yes |
//! | [`confirm`] | a last look before a rollout is said to have ended | yes |
//! | [`status`] | the part of the status that is this controller's | no |
//! | [`refused_pods`] | whose controllers cannot create pods | no |
//! | [`realised`] | what a change really saved | no |
//! | `takeover` | rollouts as they are stored when this instance begins to lead | yes |
//! | [`ran`] | how a run ended, and whether that is a failure | no |
//! | [`reconciler`] | runs one Recommendation until it has to wait | yes |
//! | `work_queue`, `by_workload` | what is due; which recommendations a change of a workload is about | no |
//! | [`controller`] | when which Recommendation is run | yes |

pub mod answers;
mod approval;
mod by_workload;
pub mod confirm;
pub mod controller;
pub mod emergency_stop;
pub mod events;
mod gate_input;
pub mod gather;
pub mod limiter;
pub mod looked;
pub mod measure;
mod moves;
pub mod nodes;
pub mod pending_writes;
pub mod pods;
pub mod policies;
pub mod questions;
pub mod ran;
pub mod realised;
pub mod reconciler;
mod records;
pub mod refused_pods;
pub mod requests;
pub mod row;
pub mod status;
mod takeover;
mod work_queue;

/// Namespace and name of a Recommendation.
pub type Key = (String, String);

/// The name of this controller in metrics and field managers.
pub const CONTROLLER: &str = "recommendation";
