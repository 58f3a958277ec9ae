//! The shared, compact view of the cluster: one watch per kind, stored as interned rows.
//!
//! In: objects from the API server. Out: [`World`], which answers queries about the cluster under a read lock, with
//! cheap clones. The state itself is [`Tables`], which is pure and takes JSON objects in tests. No decision is made
//! before [`World::wait_synced`].

mod changes;
mod fingerprint;
mod intern;
mod kinds;
mod refusal;
pub mod row;
mod runtime_hint;
mod served;
mod state;
mod tables;
mod watching;
mod wire;
mod world;

pub use changes::Changes;
pub use kinds::{Kind, OomEvent, RESIZER, SIZED_BY};
pub use refusal::Refusal;
pub use state::{Fares, Missing};
pub use tables::{Dirty, LeftBehind, Malformed, Tables};
pub use world::{Namespaces, Options, World};
