//! Starts a cluster to try Trimtab on.

mod fleet;
mod model;

fn main() {}
