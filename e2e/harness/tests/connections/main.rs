//! What networks and their administrators ask of the program: IPv6 alone, a proxy, a private certificate authority, and
//! credentials that are rotated. The real program runs as in a pod, with the arguments and variables that the chart gives it.
//!
//! Where a machine gives it no mount namespace, or has no IPv6, the test says that it is skipped, and why.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[allow(dead_code)]
#[path = "../chart/helm.rs"]
mod helm;
#[path = "../support/mod.rs"]
mod support;

// The first two wait for a minute each, and tests begin in the order of their names.
mod authority;
mod credentials;
mod ipv6;
mod proxy;
mod stage;
