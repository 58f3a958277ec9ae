//! A network whose only way out is a proxy. Prometheus is outside, where no name of it is known inside; the API server is
//! inside, and the chart's NO_PROXY says so.

use std::net::Ipv4Addr;

use anyhow::{Result, ensure};
use serde_json::json;
use trimtab_e2e::{FaultyHttp, PlaneOptions, PodRuntime, PrometheusOptions, free_port};

use super::{
    stage::{OWN, Place, Stage},
    support::SOON,
};

/// A Prometheus that only the proxy knows.
const OUTSIDE: &str = "http://prometheus.example.com:9090";

pub async fn leads_out() -> Result<()> {
    let Some(runtime) = PodRuntime::or_skip("connections: a proxy")? else { return Ok(()) };
    let stage = Stage::start(PlaneOptions::default()).await?;
    let plane = &stage.guarded.cluster.plane;
    let (prometheus, _data) = stage.prometheus(PrometheusOptions::default()).await?;
    let way_out = FaultyHttp::start(Some(prometheus.url())).await?;
    // Whoever asks this one for the API server gets no further.
    let dead_end = FaultyHttp::start(None).await?;

    // By an address of loopback, it would be reached directly whatever the variables say.
    let pod = runtime.pod(plane, OWN, &stage.token()?)?.named("kubernetes.default.svc")?;
    let values = json!({
        "prometheus": {"url": OUTSIDE},
        "proxy": {"httpProxy": way_out.url(), "httpsProxy": dead_end.url()},
    });
    let place = Place { host: Ipv4Addr::LOCALHOST.into(), port: free_port()?, volumes: &[] };
    let trimtab = stage.run(&pod, "trimtab", &values, &place).await?;
    trimtab.ready(SOON).await?;
    stage.recommended(SOON).await?;

    let (seen, lost) = (way_out.seen(), dead_end.seen());
    let outside = format!("{OUTSIDE}/api/v1/");
    ensure!(!seen.is_empty() && seen.iter().all(|request| request.path.starts_with(&outside)), "{seen:?}");
    ensure!(lost.is_empty(), "{lost:?}");
    println!("{} queries went through the proxy", seen.len());
    Ok(())
}
