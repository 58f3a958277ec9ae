//! Figures of other programs on a similar cluster: 1,000 Deployments of 2 pods on 100 nodes, measured earlier on a
//! machine of the same kind (2 cores). They are not run again: each needs its own set-up.

/// The figures of one program; `None` where not measured or not applicable.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reference {
    /// Seconds from its start to all recommendations.
    pub all_seconds: f64,
    /// Resident memory while nothing changed, in MiB.
    pub steady_mib: Option<f64>,
    /// The most resident memory, in MiB.
    pub peak_mib: f64,
    /// Its CPU time until all recommendations, in seconds.
    pub cpu_seconds: f64,
    /// Queries, millions of samples, and CPU seconds of Prometheus.
    pub prometheus: Option<(u32, u32, u32)>,
    /// Writes to the API server a minute while nothing changed.
    pub writes_per_minute: Option<u32>,
    /// With 20,000 pods: seconds to all, and MiB resident, steady and peak.
    pub large: Option<(f64, f64, f64)>,
}

/// The recommender of the Vertical Pod Autoscaler 1.7.1.
pub const VPA: Reference = Reference {
    all_seconds: 79.6,
    steady_mib: Some(147.0),
    peak_mib: 156.0,
    cpu_seconds: 2.8,
    prometheus: None,
    writes_per_minute: Some(2_000),
    large: Some((89.7, 594.0, 647.0)),
};

/// attune.
pub const ATTUNE: Reference = Reference {
    all_seconds: 200.6,
    steady_mib: Some(111.0),
    peak_mib: 118.0,
    cpu_seconds: 8.2,
    prometheus: Some((2_000, 44, 23)),
    writes_per_minute: Some(0),
    large: Some((35.3, 458.0, 478.0)),
};

/// KRR with its strategy `simple`.
pub const KRR: Reference = Reference {
    all_seconds: 89.6,
    steady_mib: None,
    peak_mib: 234.0,
    cpu_seconds: 36.0,
    prometheus: Some((7_006, 95, 104)),
    writes_per_minute: None,
    large: None,
};
