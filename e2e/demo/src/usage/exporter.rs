//! Live usage over HTTP, as Prometheus scrapes it.
//!
//! In: meters at the end of the history, and periodically the existing pods. Out: `GET /metrics` on a free port of
//! 127.0.0.1. The scrape job must honour labels: they are those of the kubelet and of kube-state-metrics.

use std::{collections::BTreeMap, fmt::Write, net::SocketAddr, sync::Arc};

use anyhow::{Context, Result};
use axum::{Router, extract::State, http::header::CONTENT_TYPE, response::IntoResponse, routing::get};
use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::{net::TcpListener, task::JoinHandle};

use super::{
    metrics::METRICS,
    tracks::{LivePod, Track, started},
};
use crate::{fleet::Workload, model::Meter};

/// Everything that is metered: by namespace, pod and container.
#[derive(Debug)]
pub struct Live {
    fleet: &'static [Workload],
    meters: BTreeMap<(String, String, String), (Track<'static>, usize, Meter)>,
}

impl Live {
    /// Nothing yet.
    pub fn new(fleet: &'static [Workload]) -> Self {
        Self { fleet, meters: BTreeMap::new() }
    }

    /// Continues with a container, by its index in its workload's list.
    pub fn add(&mut self, track: &Track<'static>, container: usize, meter: Meter) {
        let Some(name) = track.workload.containers.get(container).map(|c| c.name.clone()) else { return };
        let key = (track.workload.namespace.to_owned(), track.pod.clone(), name);
        self.meters.insert(key, (track.clone(), container, meter));
    }

    /// Drops deleted pods and starts new ones.
    pub fn pods(&mut self, pods: &[LivePod], now_s: i64) {
        self.meters.retain(|(ns, pod, _), _| pods.iter().any(|p| p.namespace == *ns && p.name == *pod));
        for pod in pods {
            if self.meters.keys().any(|(ns, name, _)| *ns == pod.namespace && *name == pod.name) {
                continue;
            }
            let taken = |t: &Track<'_>| t.workload.namespace == pod.namespace && t.workload.name == pod.workload;
            let used: Vec<u64> = self.meters.values().filter(|(t, ..)| taken(t)).map(|(t, ..)| t.index).collect();
            let index = (0..).find(|i| !used.contains(i)).unwrap_or_default();
            let Some(track) = started(self.fleet, pod, index, now_s) else { continue };
            for (place, container) in track.workload.containers.iter().enumerate() {
                let meter = Meter::new(container.source.clone(), track.seed(&container.name), now_s);
                self.add(&track, place, meter);
            }
        }
    }

    /// All metrics at `now_s` in the Prometheus text format.
    pub fn render(&mut self, now_s: i64) -> String {
        let read: Vec<_> = self
            .meters
            .values_mut()
            .filter_map(|(track, place, meter)| {
                Some((&*track, track.workload.containers.get(*place)?, meter.read(now_s)))
            })
            .collect();
        let mut text = String::new();
        for metric in METRICS {
            let _ = writeln!(text, "# TYPE {} {}", metric.name, metric.kind);
            for (track, container, reading) in &read {
                let Some(value) = metric.value(container, reading) else { continue };
                let labels: Vec<String> =
                    metric.labels(track, container).iter().map(|(k, v)| format!("{k}=\"{v}\"")).collect();
                let _ = writeln!(text, "{}{{{}}} {value}", metric.name, labels.join(","));
            }
        }
        text
    }
}

/// The exporter; it ends with this value.
#[derive(Debug)]
pub struct Exporter {
    live: Arc<Mutex<Live>>,
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Exporter {
    /// Opens a port. Until [`Exporter::go_live`] it exports nothing.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn start(fleet: &'static [Workload]) -> Result<Self> {
        let live = Arc::new(Mutex::new(Live::new(fleet)));
        let listener = TcpListener::bind("127.0.0.1:0").await.context("exporter")?;
        let address = listener.local_addr()?;
        let app = Router::new().route("/metrics", get(scrape)).with_state(Arc::clone(&live));
        let task = tokio::spawn(async move {
            // It ends with the process; an error shows only as failing scrapes.
            let _ = axum::serve(listener, app).await;
        });
        Ok(Self { live, address, task })
    }

    /// Its address: `127.0.0.1:PORT`.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Shows these meters from now on.
    pub fn go_live(&self, live: Live) {
        *self.live.lock() = live;
    }

    /// Updates the list of existing pods.
    pub fn pods(&self, pods: &[LivePod], now_s: i64) {
        self.live.lock().pods(pods, now_s);
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn scrape(State(live): State<Arc<Mutex<Live>>>) -> impl IntoResponse {
    let text = live.lock().render(Timestamp::now().as_second());
    ([(CONTENT_TYPE, "text/plain; version=0.0.4")], text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::simulated;

    const NOW: i64 = 1_780_272_000;

    fn pod(name: &str) -> LivePod {
        LivePod {
            namespace: "shop".into(),
            workload: "search".into(),
            name: name.into(),
            node: "n1".into(),
            created_s: NOW,
        }
    }

    #[test]
    fn pods_come_and_go() {
        let mut live = Live::new(Vec::leak(simulated()));
        live.pods(&[pod("search-1-a"), pod("search-1-b")], NOW);
        let text = live.render(NOW + 60);
        let of = |text: &str, pod: &str| text.lines().filter(|l| l.contains(&format!("pod=\"{pod}\""))).count();
        assert_eq!((of(&text, "search-1-a"), of(&text, "search-1-b")), (5, 5), "{text}");
        live.pods(&[pod("search-1-b"), pod("search-2-c")], NOW + 60);
        let text = live.render(NOW + 120);
        assert_eq!((of(&text, "search-1-a"), of(&text, "search-1-b"), of(&text, "search-2-c")), (0, 5, 5), "{text}");
        assert!(text.contains("cpu=\"total\"") && text.contains("metrics_path=\"/metrics/cadvisor\""));
    }
}
