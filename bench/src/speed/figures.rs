//! The figures of one program on one cluster: plain numbers, as they go into JSON and the table.

use std::collections::BTreeMap;

use serde::Serialize;

/// One program on one cluster.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Figures {
    /// The program and its version.
    pub program: String,
    /// Expected recommendations, one for each Deployment.
    pub recommendations: usize,
    /// From the start of the process until the first was seen.
    pub first_seconds: f64,
    /// From the start of the process until all were seen.
    pub all_seconds: f64,
    /// Time of the last of those writes by the audit log, from the start of the process.
    pub last_write_seconds: Option<f64>,
    /// CPU time of the program until all were seen.
    pub cpu_seconds: f64,
    /// Its resident memory when all were seen.
    pub resident_at_all_bytes: u64,
    /// The median of its resident memory while nothing changed.
    pub resident_steady_bytes: u64,
    /// Its peak resident memory.
    pub resident_peak_bytes: u64,
    /// Its CPU time while nothing changed, in millicores.
    pub steady_millicores: f64,
    /// How long that was.
    pub steady_seconds: f64,
    /// Its first queries of Prometheus.
    pub first_pass: Option<QueryLoad>,
    /// Its later queries of Prometheus, one entry for each time that it read anything.
    pub later_passes: Vec<QueryLoad>,
    /// Requests to the API server until all were seen, by verb and resource.
    pub requests_at_start: BTreeMap<String, usize>,
    /// Kinds that were not listed once and watched once, with the reason.
    pub list_faults: Vec<String>,
    /// Requests while nothing changed, by verb and resource.
    pub requests_steady: BTreeMap<String, usize>,
    /// Writes a minute while nothing changed, Leases left out.
    pub writes_per_minute: f64,
    /// Requests that were refused or failed.
    pub failed_requests: usize,
    /// CPU time of the API server and its peers until all were seen.
    pub plane_cpu_seconds: f64,
    /// The machine's one-minute load average at the start: above 1, other programs influence the result.
    pub load_average: f64,
}

/// The Prometheus queries of a pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct QueryLoad {
    /// Queries.
    pub queries: usize,
    /// Samples read to answer them.
    pub samples: u64,
    /// CPU time of Prometheus.
    pub cpu_seconds: f64,
}

/// Bytes in MiB.
pub fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

#[cfg(test)]
mod tests {
    use super::mib;

    #[test]
    fn a_mib_is_two_to_the_twenty() {
        assert!((mib(3 << 19) - 1.5).abs() < 1e-9);
    }
}
