//! The fleet's usage under the names of pods: as history for Prometheus, and live for its scrapes.
//!
//! In: the fleet, and the existing pods. Out: series with the labels of a kubelet's cAdvisor and kube-state-metrics.

#[cfg(test)]
mod expectations;
pub mod exporter;
pub mod history;
pub mod metrics;
pub mod tracks;
