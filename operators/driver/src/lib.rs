//! What every reconciler of approved changes has in common, whatever it changes.
//!
//! In: changes of objects, the time, answers of the API server. Out: when each object is reconciled, and whether
//! anything may be written. It knows no kind, no size and no pod: those are matters of each controller. Decisions are
//! made elsewhere, as pure functions.
//!
//! | module | what it does | client |
//! |---|---|---|
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

pub mod by_target;
pub mod emergency_stop;
pub mod leading;
pub mod limiter;
pub mod moves;
pub mod pending;
pub mod questions;
pub mod ran;
pub mod takeover;
pub mod work_queue;
