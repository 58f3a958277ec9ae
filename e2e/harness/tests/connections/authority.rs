//! Prometheus behind a private certificate authority. The chart's `trustedCA` names the certificates; while they are those of
//! another authority the server is refused, and what replaces them in the volume is taken up.

use std::{net::Ipv4Addr, time::Instant};

use anyhow::{Result, ensure};
use serde_json::json;
use trimtab_e2e::{Authority, PlaneOptions, PodRuntime, PrometheusOptions, eventually, free_port};

use super::{
    stage::{OWN, Place, REREAD, Stage, publish},
    support::SOON,
};

/// Where the chart mounts the certificates.
const MOUNTED: &str = "/etc/trimtab/trusted-ca";

pub async fn is_taken_up() -> Result<()> {
    let Some(runtime) = PodRuntime::or_skip("connections: a private authority")? else { return Ok(()) };
    let stage = Stage::start(PlaneOptions::default()).await?;
    let cluster = &stage.guarded.cluster;
    let (former, present) = (Authority::new("former authority")?, Authority::new("present authority")?);
    let options = PrometheusOptions { certificate: Some(present.server()), ..PrometheusOptions::default() };
    let (prometheus, _data) = stage.prometheus(options).await?;
    ensure!(prometheus.url().starts_with("https://"), "{}", prometheus.url());

    let pod = runtime.pod(&cluster.plane, OWN, &stage.token()?)?;
    let volume = pod.path().join("trusted-ca");
    publish(&volume, 1, &former.ca())?;
    let values = json!({
        "prometheus": {"url": prometheus.url()},
        "trustedCA": {"configMap": "corporate", "systemRoots": false},
    });
    let volumes = [(MOUNTED, volume.clone())];
    let place = Place { host: Ipv4Addr::LOCALHOST.into(), port: free_port()?, volumes: &volumes };
    let mut trimtab = stage.run(&pod, "trimtab", &values, &place).await?;

    let refused = eventually(SOON, "the policy says that the server is not trusted", async || {
        let (status, reason, message) = cluster.condition("shop", "MetricsAvailable").await?;
        ensure!(status == "False" && message.contains("no TLS connection"), "{status} {reason}: {message}");
        Ok(message)
    })
    .await?;
    println!("{refused}");
    ensure!(refused.contains(prometheus.url()) && refused.contains("check the CA"), "{refused}");
    ensure!(cluster.recommendations("shop").await?.is_empty(), "it read from a server that it must not trust");

    publish(&volume, 2, &present.ca())?;
    let replaced = Instant::now();
    stage.recommended(REREAD).await?;
    println!("taken up {:.0} s after it was replaced", replaced.elapsed().as_secs_f64());
    ensure!(trimtab.process.exited()?.is_none(), "{}", trimtab.log());
    ensure!(trimtab.log().contains("new credentials for Prometheus are used"), "{}", trimtab.log());
    Ok(())
}
