//! What networks and their administrators do to the program: a cluster of IPv6 alone, a proxy, a private certificate
//! authority, credentials that are rotated, rights that are taken away. The real program; but for the last of these, as in a
//! pod, with the arguments and variables that the chart gives it.
//!
//! Where a machine gives it no mount namespace, or has no IPv6, the case says that it is skipped, and why.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod absent;
mod authority;
mod credentials;
mod ipv6;
mod proxy;
mod readiness;
mod stage;

use std::time::Instant;

use anyhow::{Result, ensure};
use futures::future::{FutureExt, LocalBoxFuture, join_all};

use crate::{chart::helm, support};

/// One case, with a cluster of its own.
type Case = (&'static str, LocalBoxFuture<'static, Result<()>>);

/// The cases wait for a minute in which nothing happens, so they run beside each other.
#[tokio::test]
async fn in_a_pod_it_copes_with_networks_and_their_administrators() -> Result<()> {
    let begin = Instant::now();
    let cases: Vec<Case> = vec![
        ("a private authority is trusted once its certificate is there", authority::is_taken_up().boxed_local()),
        ("a password that is not there at the start comes later", absent::comes_later().boxed_local()),
        ("a token is rotated and the program goes on", credentials::are_rotated().boxed_local()),
        ("everything is reached over IPv6 alone", ipv6::alone().boxed_local()),
        ("a proxy leads to Prometheus, and not to the API server", proxy::leads_out().boxed_local()),
    ];
    let ends = join_all(cases.into_iter().map(|(what, case)| async move {
        let end = case.await;
        println!("{:6.1} s {what}: {}", begin.elapsed().as_secs_f64(), if end.is_ok() { "well" } else { "WRONG" });
        end.err().map(|error| format!("{what}: {error:#}"))
    }))
    .await;
    let wrong: Vec<String> = ends.into_iter().flatten().collect();
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}
