//! A cluster of IPv6 alone: the API server and Prometheus listen on ::1 and nowhere else, and probes and metrics are asked
//! over ::1. The program is told nothing but what the chart says to every cluster.

use std::{
    net::{Ipv4Addr, Ipv6Addr},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tokio::net::TcpStream;
use trimtab_e2e::{PlaneOptions, PodRuntime, PrometheusOptions, eventually, free_port, has_ipv6, skipped};

use super::{
    stage::{OWN, Place, Stage},
    support::SOON,
};

pub async fn alone() -> Result<()> {
    let test = "connections: IPv6 alone";
    if !has_ipv6() {
        return skipped(test, "this machine has no address ::1");
    }
    let Some(runtime) = PodRuntime::or_skip(test)? else { return Ok(()) };
    let stage = Stage::start(PlaneOptions { ipv6: true, ..PlaneOptions::default() }).await?;
    let plane = &stage.guarded.cluster.plane;
    let port = free_port()?;
    let scrape = json!({"job_name": "trimtab", "static_configs": [{"targets": [format!("[::1]:{port}")]}]});
    let options = PrometheusOptions {
        ipv6: true,
        scrape_configs: vec![scrape.to_string()],
        scrape_interval: Some(Duration::from_secs(1)),
        ..PrometheusOptions::default()
    };
    let (prometheus, _data) = stage.prometheus(options).await?;
    for url in [plane.server(), prometheus.url()] {
        let port: u16 = url.rsplit(':').next().context("a port")?.parse()?;
        ensure!(url.contains("://[::1]:"), "{url}");
        ensure!(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.is_err(), "{url} listens on IPv4 too");
    }

    let pod = runtime.pod(plane, OWN, &stage.token()?)?;
    ensure!(pod.host() == "::1", "{}", pod.host());
    let values = json!({"prometheus": {"url": prometheus.url()}});
    let place = Place { host: Ipv6Addr::LOCALHOST.into(), port, volumes: &[] };
    let trimtab = stage.run(&pod, "trimtab", &values, &place).await?;
    trimtab.ready(SOON).await?;
    stage.recommended(SOON).await?;
    for path in ["/healthz", "/readyz"] {
        let (code, body) = trimtab.get(path).await?;
        ensure!(code == 200, "{path}: {code} {body}");
    }
    eventually(SOON, "Prometheus scrapes it over IPv6", async || {
        let scraped = prometheus.query("trimtab_build_info and on (instance) up == 1").await?;
        ensure!(scraped.len() == 1 && scraped[0].labels["instance"] == format!("[::1]:{port}"), "{scraped:?}");
        Ok(())
    })
    .await
}
