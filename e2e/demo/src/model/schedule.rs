//! When CronJobs run.
//!
//! In: a [`Schedule`] and a span of time. Out: the cron expression for Kubernetes, and the runs in that span. Pure; UTC.

use super::DAY_S;

/// A schedule of runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schedule {
    /// Once an hour at this minute.
    Hourly {
        /// The minute, 0 to 59.
        minute: i64,
        /// How long a run takes.
        run_minutes: i64,
    },
    /// Once a week.
    Weekly {
        /// The day: 0 is Sunday, as cron has it.
        weekday: i64,
        /// The hour of its start.
        hour: i64,
        /// How long a run takes.
        run_minutes: i64,
    },
}

impl Schedule {
    /// The schedule as cron writes it.
    pub fn cron(self) -> String {
        match self {
            Self::Hourly { minute, .. } => format!("{minute} * * * *"),
            Self::Weekly { weekday, hour, .. } => format!("0 {hour} * * {weekday}"),
        }
    }

    /// How long a run takes, in seconds.
    pub fn run_s(self) -> i64 {
        60 * match self {
            Self::Hourly { run_minutes, .. } | Self::Weekly { run_minutes, .. } => run_minutes,
        }
    }

    /// The starts of all runs that began and ended within the span, in seconds since the epoch.
    pub fn runs(self, from: i64, to: i64) -> Vec<i64> {
        let (first, every) = match self {
            Self::Hourly { minute, .. } => (minute * 60, 3_600),
            // The epoch was a Thursday, the fourth day.
            Self::Weekly { weekday, hour, .. } => ((weekday - 4).rem_euclid(7) * DAY_S + hour * 3_600, 7 * DAY_S),
        };
        let skipped = (from - first).div_euclid(every) + i64::from((from - first).rem_euclid(every) != 0);
        (skipped..).map(|k| first + k * every).take_while(|start| start + self.run_s() <= to).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Monday, 2026-06-01 00:00 UTC.
    const MONDAY: i64 = 1_780_272_000;

    #[test]
    fn weekly_runs_fall_on_their_weekday() {
        let sunday = Schedule::Weekly { weekday: 0, hour: 2, run_minutes: 180 };
        assert_eq!(sunday.cron(), "0 2 * * 0");
        let runs = sunday.runs(MONDAY, MONDAY + 14 * DAY_S);
        assert_eq!(runs, [MONDAY + 6 * DAY_S + 7_200, MONDAY + 13 * DAY_S + 7_200]);
        assert_eq!(sunday.runs(runs[0], runs[0] + 180 * 60), [runs[0]]);
        assert!(sunday.runs(runs[0], runs[0] + 179 * 60).is_empty(), "it has not ended");
    }

    #[test]
    fn hourly_runs_are_an_hour_apart() {
        let runs = Schedule::Hourly { minute: 7, run_minutes: 4 }.runs(MONDAY, MONDAY + DAY_S);
        assert!(runs.len() == 24 && runs[0] == MONDAY + 420 && runs[1] - runs[0] == 3_600);
    }
}
