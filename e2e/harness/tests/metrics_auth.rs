//! With `--metrics-auth TokenReview`, `/metrics` is only for tokens with the permission; the permissions of `deploy/`
//! suffice for that, and no token is in any log.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{collections::BTreeSet, fs, time::Duration};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use support::{AGENT, Guarded, Running, SOON, namespace};
use trimtab_e2e::{PlaneOptions, eventually, repository};

use crate::support;

const ACCOUNT: &str = "system:serviceaccount:trimtab-system:trimtab";

/// Status, header `WWW-Authenticate` and body of `GET PATH` with this token.
async fn get(trimtab: &Running, path: &str, token: Option<&str>) -> Result<(u16, Option<String>, String)> {
    let http = reqwest::Client::builder().timeout(Duration::from_secs(10)).build()?;
    let request = http.get(format!("http://127.0.0.1:{}{path}", trimtab.port));
    let request = token.into_iter().fold(request, |request, token| request.bearer_auth(token));
    let answer = request.send().await?;
    let challenge = answer.headers().get("www-authenticate").and_then(|v| v.to_str().ok()).map(str::to_owned);
    Ok((answer.status().as_u16(), challenge, answer.text().await?))
}

#[tokio::test]
async fn metrics_are_for_those_who_may_read_them() -> Result<()> {
    let guarded = Guarded::start(PlaneOptions::default()).await?;
    let cluster = &guarded.cluster;
    cluster.apply(&[namespace("monitoring")]).await?;
    let token = async |name: &str| -> Result<String> {
        let file = cluster.plane.service_account_kubeconfig("monitoring", name, &[]).await?;
        let config: Value = serde_json::from_slice(&fs::read(file)?)?;
        Ok(config["users"][0]["user"]["token"].as_str().context("a token")?.to_owned())
    };
    let (reader, curious) = (token("prometheus").await?, token("curious").await?);
    let trimtab = guarded.run("guarded", &["--metrics-auth", "TokenReview", "--log", "debug"])?;
    trimtab.ready(SOON).await?;

    // Trimtab has no permission to ask yet.
    let (code, _, body) = get(&trimtab, "/metrics", Some(&reader)).await?;
    ensure!(code == 503 && body.contains("cannot review") && body.contains("tokenreviews"), "{code} {body}");
    let rights = repository().join("deploy/monitoring/metrics-auth.yaml");
    cluster.plane.kubectl(&["apply", "--server-side", "-f", rights.to_str().context("path")?]).await?;
    let (role, account) = ("--clusterrole=trimtab-metrics-reader", "--serviceaccount=monitoring:prometheus");
    cluster.plane.kubectl(&["create", "clusterrolebinding", "readers", role, account]).await?;

    // A refusal of the first moments is cached for ten seconds.
    eventually(SOON, "who has the right reads", async || {
        let (code, _, body) = get(&trimtab, "/metrics", Some(&reader)).await?;
        ensure!(code == 200 && body.contains("trimtab_build_info{"), "{code} {body}");
        Ok(())
    })
    .await?;
    let user = "system:serviceaccount:monitoring:curious";
    for (who, token, code, says) in [
        ("no token", None, 401, "a bearer token is needed"),
        ("nobody's token", Some("planted-token-of-nobody-31c9"), 401, "does not know this token"),
        ("a token without the right", Some(curious.as_str()), 403, user),
    ] {
        let (seen, challenge, body) = get(&trimtab, "/metrics", token).await?;
        ensure!(seen == code && body.contains(says) && !body.contains("trimtab_build_info"), "{who}: {seen} {body}");
        ensure!((challenge.as_deref() == Some("Bearer")) == (code == 401), "{who}: {challenge:?}");
    }
    for open in ["/healthz", "/readyz"] {
        ensure!(get(&trimtab, open, None).await?.0 == 200, "{open} is open");
    }

    // The answer is cached for a while: many scrapes cause few reviews.
    let mark = cluster.plane.audit().mark()?;
    for _ in 0..20 {
        ensure!(get(&trimtab, "/metrics", Some(&reader)).await?.0 == 200, "it may still read");
    }
    let asked = |events: &[trimtab_e2e::AuditEvent]| {
        let ours = events.iter().filter(|e| e.user == ACCOUNT && e.user_agent.starts_with(AGENT));
        ours.filter(|e| e.resource.ends_with("reviews") && e.code < 300).map(|e| e.resource.clone()).collect::<Vec<_>>()
    };
    let lately = asked(&cluster.plane.audit().since(mark)?);
    ensure!(lately.len() <= 4, "{lately:?}");
    eventually(SOON, "each right was used", async || {
        let used: BTreeSet<String> = asked(&cluster.plane.audit().events()?).into_iter().collect();
        ensure!(used.contains("tokenreviews") && used.contains("subjectaccessreviews"), "{used:?}");
        Ok(())
    })
    .await?;
    for secret in [reader.as_str(), curious.as_str(), "planted-token-of-nobody-31c9"] {
        ensure!(!trimtab.log().contains(secret), "a token is in the log");
    }
    Ok(())
}
