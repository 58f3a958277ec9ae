//! The used part of a `PodMetricsList`, borrowed from the text of the response.

use std::borrow::Cow;

use serde::Deserialize;

/// A list of pods' metrics.
#[derive(Debug, Deserialize)]
pub struct PodMetricsList<'a> {
    /// One per pod.
    #[serde(borrow)]
    pub items: Vec<PodMetrics<'a>>,
}

/// Usage of the containers of one pod.
#[derive(Debug, Deserialize)]
pub struct PodMetrics<'a> {
    /// The pod.
    #[serde(borrow)]
    pub metadata: Metadata<'a>,
    /// End of the measurement window, RFC 3339.
    #[serde(borrow)]
    pub timestamp: Cow<'a, str>,
    /// One per container.
    #[serde(borrow, default)]
    pub containers: Vec<ContainerMetrics<'a>>,
}

impl PodMetrics<'_> {
    /// The time in seconds since the epoch.
    pub fn time_s(&self) -> Option<i64> {
        self.timestamp.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second)
    }
}

/// Name and namespace.
#[derive(Debug, Deserialize)]
pub struct Metadata<'a> {
    /// Name of the pod.
    #[serde(borrow)]
    pub name: Cow<'a, str>,
    /// Its namespace.
    #[serde(borrow)]
    pub namespace: Cow<'a, str>,
}

/// One container.
#[derive(Debug, Deserialize)]
pub struct ContainerMetrics<'a> {
    /// Its name.
    #[serde(borrow)]
    pub name: Cow<'a, str>,
    /// Its usage.
    #[serde(borrow)]
    pub usage: Usage<'a>,
}

/// Quantities.
#[derive(Debug, Deserialize)]
pub struct Usage<'a> {
    /// Cores.
    #[serde(borrow, default)]
    pub cpu: Cow<'a, str>,
    /// Bytes.
    #[serde(borrow, default)]
    pub memory: Cow<'a, str>,
}
