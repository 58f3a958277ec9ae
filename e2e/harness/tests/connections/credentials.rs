//! The token of a pod is replaced while the program runs. In an installation of two, the leader's is renewed as the kubelet
//! does it, long before the former one ends; that of the other is worth nothing from the moment in which it is replaced.

use std::{fs, net::Ipv4Addr, time::Instant};

use anyhow::{Context, Result, ensure};
use k8s_openapi::api::authentication::v1::{TokenReview, TokenReviewSpec};
use kube::{Api, Client, api::PostParams};
use serde_json::json;
use trimtab_e2e::{Plane, PlaneOptions, PodRuntime, PrometheusOptions, eventually, free_port};

use super::{
    stage::{OWN, Place, REREAD, Stage},
    support::SOON,
};

/// A token of Trimtab's account that is valid while the Secret `name` exists, as that of a pod is while the pod does.
async fn token(plane: &Plane, name: &str) -> Result<String> {
    plane.kubectl(&["create", "secret", "generic", name, "-n", OWN]).await?;
    let create = ["create", "token", "trimtab", "-n", OWN, "--duration", "10m"];
    let bound = ["--bound-object-kind", "Secret", "--bound-object-name", name];
    Ok(plane.kubectl(&[&create[..], &bound[..]].concat()).await?.trim().to_owned())
}

/// What the audit log calls a token; `None` if the API server does not accept it.
async fn identity(client: &Client, token: &str) -> Result<Option<String>> {
    let spec = TokenReviewSpec { token: token.to_owned(), ..TokenReviewSpec::default() };
    let review = TokenReview { spec, ..TokenReview::default() };
    let answer = Api::<TokenReview>::all(client.clone()).create(&PostParams::default(), &review).await?;
    let status = answer.status.context("a review without a status")?;
    if status.authenticated != Some(true) {
        return Ok(None);
    }
    let extra = status.user.and_then(|user| user.extra).context("a token that says nothing of itself")?;
    let ids = extra.get("authentication.kubernetes.io/credential-id").context("a token without an identity")?;
    Ok(Some(ids.first().context("no identity")?.clone()))
}

/// Whether the program has sent a request with this token.
fn used(plane: &Plane, identity: &str) -> Result<()> {
    let log = fs::read_to_string(plane.dir().join("log/audit.log"))?;
    let by_it = |line: &str| line.contains(identity) && line.contains("\"userAgent\":\"trimtab/");
    ensure!(log.lines().any(by_it), "no request with it");
    Ok(())
}

/// Deletes what the token is bound to. The API server remembers for some seconds whom it accepted.
async fn revoke(plane: &Plane, client: &Client, name: &str, token: &str) -> Result<()> {
    plane.kubectl(&["delete", "secret", name, "-n", OWN]).await?;
    eventually(SOON, "the API server refuses the former token", async || {
        ensure!(identity(client, token).await?.is_none(), "it is accepted");
        Ok(())
    })
    .await
}

pub async fn are_rotated() -> Result<()> {
    let Some(runtime) = PodRuntime::or_skip("connections: a token is rotated")? else { return Ok(()) };
    let stage = Stage::start(PlaneOptions::default()).await?;
    let (plane, client) = (&stage.guarded.cluster.plane, &stage.guarded.cluster.client);
    let (prometheus, _data) = stage.prometheus(PrometheusOptions::default()).await?;
    let values = json!({"prometheus": {"url": prometheus.url()}, "replicas": 2});
    let place = || anyhow::Ok(Place { host: Ipv4Addr::LOCALHOST.into(), port: free_port()?, volumes: &[] });

    let (first, other) = (token(plane, "leader-1").await?, token(plane, "standby-1").await?);
    let (pod, other_pod) = (runtime.pod(plane, OWN, &first)?, runtime.pod(plane, OWN, &other)?);
    let mut leader = stage.run(&pod, "leader", &values, &place()?).await?;
    leader.ready(SOON).await?;
    stage.recommended(SOON).await?;
    let mut standby = stage.run(&other_pod, "standby", &values, &place()?).await?;
    standby.ready(SOON).await?;

    let began = Instant::now();
    let (renewed, replaced) = (token(plane, "leader-2").await?, token(plane, "standby-2").await?);
    pod.token(&renewed)?;
    other_pod.token(&replaced)?;
    revoke(plane, client, "standby-1", &other).await?;
    for (who, token) in [("leader", &renewed), ("standby", &replaced)] {
        let identity = identity(client, token).await?.context("a new token is not accepted")?;
        eventually(REREAD, &format!("the {who} uses its new token"), async || used(plane, &identity)).await?;
        println!("the {who} uses its new token after {:.0} s", began.elapsed().as_secs_f64());
    }
    revoke(plane, client, "leader-1", &first).await?;

    // Whoever was renewed in time was never refused, and both work.
    let (_, metrics) = leader.get("/metrics").await?;
    ensure!(!metrics.contains("code=\"401\""), "the leader was refused:\n{}", leader.log());
    leader.ready(SOON).await?;
    standby.ready(SOON).await?;
    stage.comes_back().await?;
    ensure!(leader.process.stop(SOON).await?.success(), "{}", leader.log());
    stage.comes_back().await?;
    ensure!(standby.process.exited()?.is_none(), "{}", standby.log());
    Ok(())
}
