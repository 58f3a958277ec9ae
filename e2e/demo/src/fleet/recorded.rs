//! Recorded series as workloads: one Deployment of one pod each, which requests its machine's capacity.

use std::sync::Arc;

use super::{Container, Kind, Pool, RECORDED, Workload};
use crate::model::{Recording, Source};

/// One workload for each recording.
pub fn recorded(recordings: &[Arc<Recording>]) -> Vec<Workload> {
    recordings
        .iter()
        .map(|r| {
            // A machine's capacity fits these types easily; larger values are cut.
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            let requests =
                ((r.provisioned_cores * 1_000.0) as u32, ((r.provisioned_bytes / 1_048_576.0) as u32).max(1));
            let mut container = Container::new("app", "registry.example.com/recorded/app:1.0.0", requests);
            container.source = Source::Recorded(Arc::clone(r));
            Workload::new(RECORDED.name, &object_name(&r.name), Kind::Deployment(1), Pool::Rack).with(container)
        })
        .collect()
}

/// A series' name as Kubernetes accepts it.
fn object_name(series: &str) -> String {
    let name: String =
        series.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).take(52).collect();
    name.trim_matches('-').to_owned()
}
