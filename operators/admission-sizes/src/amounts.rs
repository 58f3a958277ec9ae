//! Resources as whole millicores and bytes, and back.
//!
//! In: quantities as specs write them. Out: [`Resources`] to compute with; or which quantity is invalid.

use trimtab_api::{
    applied_sizes::Requirements,
    quantity::Quantity,
    resources::{ContainerResources, Resources as Written},
};
use trimtab_core::quantity::{self, QuantityError};
use trimtab_world::row::Resources;

/// A quantity that does not parse.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} is {text:?}, which is {error}")]
pub struct Malformed {
    /// Such as `requests.cpu`.
    pub field: &'static str,
    /// The text.
    pub text: String,
    /// Why it does not parse.
    pub error: QuantityError,
}

type Parse = fn(&str) -> Result<u64, QuantityError>;

fn one(field: &'static str, parse: Parse, written: Option<&Quantity>) -> Result<Option<u64>, Malformed> {
    let read = |q: &Quantity| parse(&q.0).map_err(|error| Malformed { field, text: q.0.clone(), error });
    written.map(read).transpose()
}

/// Requests and limits as numbers; amounts of 0 are unset.
///
/// # Errors
/// If a quantity does not parse.
pub fn read(requests: &Written, limits: &Written) -> Result<Resources, Malformed> {
    Ok(Resources {
        cpu_request: one("requests.cpu", quantity::cpu_millis, requests.cpu.as_ref())?,
        cpu_limit: one("limits.cpu", quantity::cpu_millis, limits.cpu.as_ref())?,
        memory_request: one("requests.memory", quantity::bytes, requests.memory.as_ref())?,
        memory_limit: one("limits.memory", quantity::bytes, limits.memory.as_ref())?,
    }
    .without_zeros())
}

/// The same for one half of an entry.
///
/// # Errors
/// If a quantity does not parse.
pub fn read_entry(half: &Requirements) -> Result<Resources, Malformed> {
    read(&half.requests, &half.limits)
}

/// Numbers in the format of an entry.
pub fn write(resources: &Resources) -> Requirements {
    let cpu = |n: Option<u64>| n.map(|n| Quantity(quantity::format_cpu(n)));
    let memory = |n: Option<u64>| n.map(|n| Quantity(quantity::format_bytes(n)));
    Requirements {
        requests: Written { cpu: cpu(resources.cpu_request), memory: memory(resources.memory_request) },
        limits: Written { cpu: cpu(resources.cpu_limit), memory: memory(resources.memory_limit) },
    }
}

/// Numbers in the format of a Recommendation.
pub fn write_container(name: &str, resources: &Resources) -> ContainerResources {
    let Requirements { requests, limits } = write(resources);
    ContainerResources { name: name.to_owned(), requests, limits }
}
