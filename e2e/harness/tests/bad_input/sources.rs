//! Usage servers that are down, slow, refuse, or answer nonsense: no decision is made on doubtful data, and all of it
//! recovers.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::json;
use trimtab_e2e::{Fault, FaultyHttp, free_port};

use super::{Cluster, Good, SOON, told, versions};

/// A Prometheus that adds this to an empty answer.
fn answer(more: serde_json::Value) -> Fault {
    let mut body = json!({"status": "success", "data": {"resultType": "matrix", "result": []}});
    more.as_object().unwrap().iter().for_each(|(key, value)| body[key] = value.clone());
    Fault::Answer(200, vec![("content-type".into(), "application/json".into())], body.to_string())
}

/// A new process meets each fault, so that it must read all of the history.
pub async fn are_doubted(cluster: &Cluster, faulty: &FaultyHttp, good: &Good) -> Result<()> {
    let before = versions(cluster).await?;
    let nobody = format!("http://127.0.0.1:{}", free_port()?);
    let unavailable = "MetricsUnavailable";
    let cases: Vec<(&str, Option<Fault>, &str, &str)> = vec![
        ("nobody listens", None, unavailable, "can't be reached"),
        ("no answer comes", Some(Fault::Hang), unavailable, "no complete response in 1 s"),
        ("401", Some(Fault::Status(401)), unavailable, "access refused (401)"),
        ("403", Some(Fault::Status(403)), unavailable, "access refused (403)"),
        ("404", Some(Fault::Status(404)), unavailable, "no query API at this address (404)"),
        ("422", Some(Fault::Status(422)), unavailable, "the query was refused (422)"),
        ("429", Some(Fault::Status(429)), unavailable, "failed (429)"),
        ("500", Some(Fault::Status(500)), unavailable, "failed (500)"),
        ("a login page", Some(Fault::Nonsense), unavailable, "not from a Prometheus-compatible server"),
        ("an answer that breaks off", Some(Fault::Partial), unavailable, "the response was cut off after"),
        (
            "a partial answer",
            Some(answer(json!({"warnings": ["store-2 is down"]}))),
            unavailable,
            "the response is partial and was not used: store-2 is down",
        ),
        (
            "an error within a 200",
            Some(answer(json!({"status": "error", "errorType": "timeout", "error": "query timed out"}))),
            unavailable,
            "query timed out",
        ),
        ("no series at all", Some(answer(json!({}))), unavailable, "has no usage of any selected workload"),
        (
            "data of an hour ago",
            Some(Fault::Earlier(Duration::from_secs(3600))),
            "MetricsStale",
            // The pods are younger than that, so it is of others with their names.
            "is of a pod that runs in this cluster",
        ),
    ];
    for (index, (what, fault, reason, says)) in cases.into_iter().enumerate() {
        faulty.heal();
        let url = match fault {
            Some(fault) => {
                faulty.set(fault);
                faulty.url()
            }
            None => &nobody,
        };
        let args = ["--interval", "5s", "--prometheus-timeout", "1s", "--prometheus-url", url];
        let mut trimtab = cluster.run(&format!("source-{index}"), &args)?;
        told(cluster, "good", "MetricsAvailable", ("False", reason), says).await.map_err(|e| e.context(what))?;
        told(cluster, "good", "Ready", ("False", reason), says).await?;
        ensure!(versions(cluster).await? == before, "{what}: a recommendation was written on doubt");
        good.is_kept(cluster).await?;
        ensure!(!trimtab.log().contains("panicked"), "{what}: {}", trimtab.log());
        trimtab.process.kill()?;
    }
    // One that fails for a while, under a running process.
    faulty.heal();
    faulty.set(Fault::Status(503));
    let args = ["--interval", "5s", "--prometheus-url", faulty.url()];
    let mut trimtab = cluster.run("source-heals", &args)?;
    told(cluster, "good", "MetricsAvailable", ("False", unavailable), "failed (503)").await?;
    faulty.heal();
    good.is_ready(cluster).await?;
    told(cluster, "good", "MetricsAvailable", ("True", "MetricsFresh"), "Prometheus").await?;
    trimtab.process.stop(SOON).await?;
    Ok(())
}
