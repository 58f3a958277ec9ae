//! Starts a cluster to try Trimtab on.

mod fleet;
mod manifests;
mod model;
mod usage;

fn main() {}
