//! Statistics of a read, and the freshness of a source.
//!
//! In: counts of a read, and a time as a server reports it. Out: sums of them, and the time in seconds. Pure.

/// Statistics of one read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadReport {
    /// Requests sent, retries included.
    pub requests: u32,
    /// Series handed to the sink.
    pub series: u64,
    /// Samples handed to the sink.
    pub samples: u64,
    /// Points the server returned, before differencing and merging.
    pub points: u64,
    /// Bytes of body read, after decompression.
    pub bytes: u64,
    /// Points refused as NaN, infinite or negative.
    pub refused: u64,
    /// Points of another series of one container at one time (two scrape jobs, a restart): the greater value was kept.
    pub duplicates: u64,
    /// Series skipped because a label was absent or the metric was not requested.
    pub foreign_series: u64,
    /// Series skipped because their pod is in `exported_…` labels: the scrape job of kube-state-metrics lacks
    /// `honor_labels`.
    pub exported_series: u64,
    /// Series skipped because two clusters report the same container.
    pub ambiguous_series: u64,
    /// Time of the newest sample, in seconds since the epoch; `None` if there was none.
    pub newest_sample_s: Option<i64>,
}

impl ReadReport {
    /// Adds the statistics of another read.
    pub fn add(&mut self, other: &Self) {
        self.requests += other.requests;
        self.series += other.series;
        self.samples += other.samples;
        self.points += other.points;
        self.bytes += other.bytes;
        self.refused += other.refused;
        self.duplicates += other.duplicates;
        self.foreign_series += other.foreign_series;
        self.exported_series += other.exported_series;
        self.ambiguous_series += other.ambiguous_series;
        self.newest_sample_s = self.newest_sample_s.max(other.newest_sample_s);
    }
}

/// The freshness of a source's data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Freshness {
    /// Time of the newest container sample, in seconds since the epoch; `None` if the server holds none.
    pub newest_sample_s: Option<i64>,
}

impl Freshness {
    /// Of a time as a server reports it, in seconds since the epoch; one that is no number is none.
    #[must_use]
    pub fn of(time_s: Option<f64>) -> Self {
        // Times of this century fit, and the cast of others saturates.
        #[allow(clippy::cast_possible_truncation)]
        let newest_sample_s = time_s.filter(|time| time.is_finite()).map(|time| time as i64);
        Self { newest_sample_s }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_in_whole_seconds_and_what_is_no_number_is_none() {
        for (time, newest_sample_s) in [
            (Some(1_700_000_000.9), Some(1_700_000_000)),
            (Some(-0.5), Some(0)),
            (Some(-1e300), Some(i64::MIN)),
            (Some(1e300), Some(i64::MAX)),
            (Some(f64::NAN), None),
            (Some(f64::INFINITY), None),
            (None, None),
        ] {
            assert_eq!(Freshness::of(time), Freshness { newest_sample_s }, "{time:?}");
        }
    }
}
