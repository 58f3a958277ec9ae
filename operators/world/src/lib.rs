//! The shared, compact view of the cluster: one watch per kind, fed into interned rows.
//!
//! In: objects from the API server. Out: [`World`], which answers what decisions ask of the cluster, under a read lock and
//! as cheap clones. The state itself is [`Tables`], which is pure and takes JSON objects in tests. Nothing decides before
//! [`World::wait_synced`].

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
pub use kinds::{Kind, OomEvent};
pub use refusal::Refusal;
pub use state::{Fares, Missing};
pub use tables::{Dirty, Malformed, Tables};
pub use world::{Namespaces, Options, World};
