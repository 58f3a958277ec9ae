//! Intervals and limits. Plain values.

use std::time::Duration;

/// Intervals and limits.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Time between two samplings.
    pub sample_interval: Duration,
    /// Time between two writes of a profile: what a kill may lose.
    pub profile_interval: Duration,
    /// Time limit for writing at shutdown.
    pub shutdown: Duration,
    /// Page size when profiles are read back.
    pub page_size: u32,
}

impl Default for Settings {
    /// A minute, an hour, 5 seconds, 100 profiles (some 20 KB each).
    fn default() -> Self {
        Self {
            sample_interval: Duration::from_secs(60),
            profile_interval: Duration::from_secs(3600),
            shutdown: Duration::from_secs(5),
            page_size: 100,
        }
    }
}
