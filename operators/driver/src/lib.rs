//! What every reconciler of approved changes has in common, whatever it changes.
//!
//! In: a [`controller::Controller`], changes of its objects, the time, answers of the API server. Out: when each object
//! is reconciled, the requests of its machine, what its status says. It knows no kind, no size and no pod: those are
//! matters of each controller. Decisions are made elsewhere, as pure functions.
//!
//! | module | what it does | client |
//! |---|---|---|
//! | [`reconciled`] | what the reconciler has to know of a kind of object | no |
//! | [`controller`] | what a controller adds: what is observed, which requests there are, what a status says | no |
//! | [`reconciler`] | reconciles one object until it has to wait | through those |
//! | `status_writes` | shows where a change stands: status, events, log | through those |
//! | `records` | writes status and finalizer | yes |
//! | [`answers`] | translates answers of the API server for the machine; which of them fail a pass | no |
//! | `kept` | what is kept of an object between its reconciles | no |
//! | [`own_writes`] | own writes to an object that its watch does not show yet | no |
//! | [`schedule`] | when each object is reconciled | through those |
//! | [`leading`] | the loop of a reconciler while its instance leads | no |
//! | [`takeover`] | stored objects at the time when an instance begins to lead | yes |
//! | [`work_queue`] | which objects are due | no |
//! | [`by_target`] | which objects are about the same thing | no |
//! | [`limiter`] | changes under way, so that limits hold across tasks and each target has one holder | no |
//! | [`moves`] | which objects change while they are being reconciled | no |
//! | [`pending`] | own writes that the watches do not show yet | no |
//! | [`questions`] | sends concurrent queries within limits, and briefly caches the answers | queries |
//! | [`ran`] | how a reconcile ended, and whether that is a failure | no |
//! | [`emergency_stop`] | the emergency stop, read just before each write | yes |

pub mod answers;
pub mod by_target;
pub mod controller;
pub mod emergency_stop;
mod kept;
pub mod leading;
pub mod limiter;
pub mod moves;
pub mod own_writes;
pub mod pending;
pub mod questions;
pub mod ran;
pub mod reconciled;
pub mod reconciler;
mod records;
pub mod schedule;
mod status_writes;
pub mod takeover;
pub mod work_queue;
