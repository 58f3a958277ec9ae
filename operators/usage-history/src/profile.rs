//! UsageProfiles: histories as objects, so that a cluster without Prometheus keeps its past across restarts.
//!
//! In: histories of a workload's containers, or the status of a UsageProfile. Out: one converted into the other. Pure.

use std::{collections::BTreeMap, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use thiserror::Error;
use trimtab_api::{
    conditions::{reasons, types},
    quantity::Quantity,
    usage_profile::{ContainerProfile, UsageProfileStatus},
};
use trimtab_core::{
    conditions::{Observation, merge, no_page},
    quantity,
};
use trimtab_sizing::{ContainerHistory, DecodeError, cell::DayCell, scale};

use crate::histories::Containers;

/// Why a stored history cannot be used.
#[derive(Debug, Error)]
pub enum ProfileError {
    /// It is not base64.
    #[error("the history of container {container} is not base64: {source}")]
    Text {
        /// The container.
        container: String,
        /// The decoder's error.
        source: base64::DecodeError,
    },
    /// The bytes are not a history.
    #[error("the history of container {container} cannot be read: {source}")]
    Bytes {
        /// The container.
        container: String,
        /// The decoder's error.
        source: DecodeError,
    },
}

/// The histories that a profile holds.
///
/// # Errors
/// [`ProfileError`] for the first container whose history cannot be read. Nothing is guessed: the caller starts over.
pub fn histories(status: &UsageProfileStatus) -> Result<Containers, ProfileError> {
    status
        .containers
        .iter()
        .map(|profile| {
            let container = || profile.name.clone();
            let bytes = STANDARD
                .decode(&profile.history)
                .map_err(|source| ProfileError::Text { container: container(), source })?;
            let history = ContainerHistory::decode(&bytes)
                .map_err(|source| ProfileError::Bytes { container: container(), source })?;
            Ok((Arc::from(profile.name.as_str()), history))
        })
        .collect()
}

/// The status of the profile of a workload with these histories.
pub fn status(
    before: &UsageProfileStatus,
    containers: &[(Arc<str>, ContainerHistory)],
    generation: Option<i64>,
    now: Timestamp,
) -> UsageProfileStatus {
    let time = |s: i64| Timestamp::from_second(s).ok().map(Time);
    let days = containers.iter().map(|(_, h)| h.cells().len()).max().unwrap_or(0);
    let observed = Observation::yes(types::READY, reasons::RECORDING, "usage is sampled and kept here");
    UsageProfileStatus {
        observed_generation: generation,
        conditions: merge(&before.conditions, &[observed], no_page, generation, now),
        from: containers.iter().filter_map(|(_, h)| h.first_sample_time()).min().and_then(time),
        to: containers.iter().filter_map(|(_, h)| h.last_sample_time()).max().and_then(time),
        days: i32::try_from(days).unwrap_or(i32::MAX),
        samples: containers.iter().map(|(_, h)| i64::try_from(h.cpu_samples()).unwrap_or(i64::MAX)).sum(),
        containers: containers
            .iter()
            .map(|(name, history)| ContainerProfile {
                name: name.to_string(),
                cpu_p95: cpu_quantile(history, 0.95)
                    .map(|cores| Quantity(quantity::format_cpu((cores * 1000.0).ceil() as u64))),
                memory_peak: memory_peak(history).map(|bytes| Quantity(quantity::format_bytes(bytes))),
                history: STANDARD.encode(history.encode()),
            })
            .collect(),
    }
}

/// CPU usage in cores below which `share` of all samples lie, as the upper edge of its bucket; `None` without samples.
fn cpu_quantile(history: &ContainerHistory, share: f64) -> Option<f64> {
    let mut counts: BTreeMap<u16, u64> = BTreeMap::new();
    for (_, last, count) in history.cells().iter().flat_map(|cell| cell.cpu.iter()) {
        *counts.entry(last).or_default() += u64::from(count);
    }
    let total: u64 = counts.values().sum();
    let mut below = 0;
    counts
        .into_iter()
        .find(|(_, count)| {
            below += count;
            below as f64 >= share * total as f64
        })
        .map(|(bucket, _)| scale::cpu_upper_edge(bucket))
}

/// The highest working set in bytes, rounded up to MiB; `None` without samples.
fn memory_peak(history: &ContainerHistory) -> Option<u64> {
    let peak = history.cells().iter().filter_map(DayCell::memory_peak).reduce(f64::max)?;
    Some((peak / 1_048_576.0).ceil() as u64 * 1_048_576)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn used() -> ContainerHistory {
        let mut history = ContainerHistory::new();
        for i in 0..600 {
            let time = 1_700_000_000 + i * 300;
            history.observe_cpu(time, if i % 10 == 0 { 0.5 } else { 0.1 }, 1);
            history.observe_memory(time, 200e6);
        }
        history
    }

    #[test]
    fn what_is_kept_comes_back() {
        let containers = vec![(Arc::from("app"), used()), (Arc::from("proxy"), ContainerHistory::new())];
        let now = Timestamp::from_second(1_700_200_000).unwrap();
        let kept = status(&UsageProfileStatus::default(), &containers, Some(1), now);
        assert_eq!(histories(&kept).unwrap(), containers);
        let [app, proxy] = &kept.containers[..] else { panic!("{kept:?}") };
        assert_eq!((kept.samples, app.memory_peak.clone().unwrap().0.as_str()), (600, "191Mi"));
        let p95 = quantity::cpu_millis(&app.cpu_p95.clone().unwrap().0).unwrap();
        assert!((500..=520).contains(&p95), "{p95}");
        assert_eq!((&proxy.cpu_p95, &proxy.memory_peak), (&None, &None), "nothing was measured of it");
    }

    #[test]
    fn what_cannot_be_read_is_an_error_that_names_the_container() {
        let now = Timestamp::from_second(1_700_200_000).unwrap();
        let mut kept = status(&UsageProfileStatus::default(), &[(Arc::from("app"), used())], None, now);
        kept.containers[0].history = "no base64!".to_owned();
        assert!(histories(&kept).unwrap_err().to_string().contains("container app is not base64"));
        kept.containers[0].history = STANDARD.encode([255, 1, 2, 3]);
        assert!(histories(&kept).unwrap_err().to_string().contains("container app cannot be read"));
    }
}
