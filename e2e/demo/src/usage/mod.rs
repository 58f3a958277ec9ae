//! The fleet's usage under the names of pods: as history for Prometheus, and live for its scrapes.
//!
//! In: the fleet, and which pods there are. Out: series with labels as a kubelet's cAdvisor and kube-state-metrics have them.

#[cfg(test)]
mod expectations;
pub mod exporter;
pub mod history;
pub mod metrics;
pub mod tracks;
