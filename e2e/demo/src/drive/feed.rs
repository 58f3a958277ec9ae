//! Usage for Prometheus: history as blocks, then the exporter's live data.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use anyhow::Result;
use jiff::Timestamp;
use kube::Client;
use tokio::task::JoinHandle;
use trimtab_e2e::{Backfill, Samples, Series};

use super::pods;
use crate::{
    fleet::Workload,
    model::SLOT_S,
    usage::{
        exporter::{Exporter, Live},
        history::{self, of_container},
        tracks::{LivePod, former, running},
    },
};

/// How often the exporter's list of pods is updated.
const FOLLOW_EVERY: Duration = Duration::from_secs(5);

/// What was written.
pub struct Filled {
    /// Series.
    pub series: usize,
    /// Samples.
    pub samples: usize,
    /// The meters, at the end of the history.
    pub live: Live,
}

/// Writes the history of these pods, and of their predecessors, up to `now_s` into a data directory of Prometheus.
///
/// # Errors
/// When blocks cannot be written.
pub async fn backfill(workloads: &'static [Workload], pods: Vec<LivePod>, data: PathBuf, now_s: i64) -> Result<Filled> {
    tokio::task::spawn_blocking(move || {
        let end_s = now_s.div_euclid(SLOT_S) * SLOT_S;
        let mut filled = Filled { series: 0, samples: 0, live: Live::new(workloads) };
        let tracks = running(workloads, &pods, now_s).into_iter().chain(former(workloads, now_s));
        let containers = tracks.flat_map(|t| (0..t.workload.containers.len()).map(move |place| (t.clone(), place)));
        let series = containers.flat_map(|(track, place)| {
            let Some(container) = track.workload.containers.get(place) else { return Vec::new() };
            let (series, meter) = of_container(&track, container, end_s);
            if track.to_s.is_none() {
                filled.live.add(&track, place, meter);
            }
            filled.series += series.len();
            filled.samples += series.iter().map(|s| s.values.len()).sum::<usize>();
            series.into_iter().map(as_record).collect()
        });
        Backfill::stream(&data, series)?;
        Ok(filled)
    })
    .await?
}

fn as_record(s: history::Series) -> Series {
    let mut labels: std::collections::BTreeMap<String, String> =
        s.labels.into_iter().map(|(k, v)| (k.to_owned(), v)).collect();
    labels.insert("__name__".to_owned(), s.name.to_owned());
    Series { labels, start_ms: s.start_s * 1_000, step_ms: SLOT_S * 1_000, samples: Samples::Each(s.values) }
}

/// The scrape job of the exporter. Its labels are those of the history, so they are honoured.
pub fn scrape_config(exporter: SocketAddr) -> String {
    // JSON is YAML.
    serde_json::json!({
        "job_name": "usage", "honor_labels": true,
        "static_configs": [{"targets": [exporter.to_string()]}],
    })
    .to_string()
}

/// Keeps the exporter's list of pods up to date, until it is aborted.
pub fn follow(client: Client, workloads: &'static [Workload], exporter: Arc<Exporter>) -> JoinHandle<()> {
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(FOLLOW_EVERY).await;
            // An unresponsive API server is asked again; meanwhile the previous pods continue.
            if let Ok(pods) = pods::list(&client, workloads).await {
                exporter.pods(&pods, Timestamp::now().as_second());
            }
        }
    })
}
