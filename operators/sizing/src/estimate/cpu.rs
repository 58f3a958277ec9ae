//! The CPU estimate.
//!
//! In: day cells in order. Out: cores. The histogram in use is a blend: nine parts of samples whose weight halves every
//! [`CpuRules::half_life_days`] (a lower level is accepted within days; a higher one at once, see `rise`), one part of
//! all days of the window equally (so that a busy day has some weight as long as it is in the window). The base is the
//! cheapest request on it, never below its percentile that the rules set, and is raised, never lowered,
//!
//! * to the cheapest request on the same weekday of the week before, for the days of the 24 hours to come, where usage has a
//!   weekly pattern (`weekday`);
//! * to the level of the latest hours, where all of them are above it (`rise`).
//!
//! It is never above the highest sample seen. Where the daily mean grows steadily, the estimate is extrapolated by
//! [`GROWTH_DAYS`]: from the middle of the recent samples to the end of the next day.

use super::{is_whole, rise, trend, weekday::Weekdays};
use crate::{
    cell::DayCell,
    rules::CpuRules,
    scale::{CPU_LAST_BUCKET, cpu_upper_edges},
};

/// The weight of the whole window relative to the recent samples.
pub const WINDOW_SHARE: f64 = 0.1;
/// The reference of the scale of the price, cores: a tenth of a core, the order of a typical container's usage.
pub const REFERENCE_CORES: f64 = 0.1;

/// How far growth is extrapolated, days.
pub const GROWTH_DAYS: f64 = 1.5;
/// The upper bound of growth, as a logarithm per day.
const MOST_GROWTH: f64 = 0.1;
/// Usage below this counts as none; keeps logarithms finite.
const LEAST_MEAN_CORES: f64 = 1e-5;

const BUCKETS: usize = CPU_LAST_BUCKET as usize + 1;

/// What CPU usage asks for, cores.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CpuEstimate {
    /// The level that the request covers, before headroom: at most the highest sample.
    pub base: f64,
    /// With headroom.
    pub cores: f64,
    /// Growth of the daily mean, percent a day; 0 without an upward trend.
    pub growth_percent: f64,
    /// The share (percent) of weighted past samples at or below the base.
    pub covered_percent: f64,
}

/// CPU samples of the past, ready for an estimate at any day: cells are pushed in time order.
#[derive(Debug, Clone)]
pub struct CpuPast<'a> {
    /// The age at which a recent sample weighs half, days.
    half_life_days: f64,
    /// Weighted by recency, as of the end of `day`.
    recent: Vec<f64>,
    /// All days equally.
    window: Vec<f64>,
    recent_total: f64,
    window_total: f64,
    day: Option<i32>,
    /// UTC day and logarithm of the mean, of fully observed days.
    whole_days: Vec<(i32, f64)>,
    low: usize,
    high: usize,
    /// The highest sample, cores.
    peak: f64,
    weekdays: Weekdays<'a>,
    /// The last day, and the day with samples before it.
    last: Option<&'a DayCell>,
    before: Option<&'a DayCell>,
}

impl<'a> CpuPast<'a> {
    /// Nothing seen. The half-life is that of `rules`.
    #[must_use]
    pub fn new(rules: &CpuRules) -> Self {
        Self {
            half_life_days: rules.half_life_days,
            recent: vec![0.0; BUCKETS],
            window: vec![0.0; BUCKETS],
            recent_total: 0.0,
            window_total: 0.0,
            day: None,
            whole_days: Vec::new(),
            low: BUCKETS,
            high: 0,
            peak: 0.0,
            weekdays: Weekdays::default(),
            last: None,
            before: None,
        }
    }

    /// Adds a day. Days come in ascending order.
    pub fn push(&mut self, cell: &'a DayCell) {
        if cell.cpu_samples == 0 {
            return;
        }
        if let Some(before) = self.day {
            let fade = (-f64::from((cell.day - before).max(0)) / self.half_life_days).exp2();
            for weight in self.recent.get_mut(self.low..=self.high).unwrap_or_default() {
                *weight *= fade;
            }
            self.recent_total *= fade;
        }
        self.day = Some(cell.day);
        (self.before, self.last) = (self.last, Some(cell));
        self.peak = self.peak.max(cell.cpu_peak().unwrap_or(0.0));
        self.weekdays.push(cell);
        let edges = cpu_upper_edges();
        let mut sum = 0.0;
        for (first, last, count) in cell.cpu.iter() {
            let (first, last) = (usize::from(first).min(BUCKETS - 1), usize::from(last).min(BUCKETS - 1));
            // A merged bucket is spread evenly over the ones it was merged from.
            let weight = f64::from(count) / (last - first + 1) as f64;
            sum += f64::from(count) * edges[last];
            for at in first..=last {
                self.recent[at] += weight;
                self.window[at] += weight;
            }
            self.recent_total += f64::from(count);
            self.window_total += f64::from(count);
            self.low = self.low.min(first);
            self.high = self.high.max(last);
        }
        if is_whole(&cell.cpu_peaks) {
            self.whole_days.push((cell.day, (sum / f64::from(cell.cpu_samples)).max(LEAST_MEAN_CORES).ln()));
        }
    }

    /// The estimate at `now` (unix seconds); `None` without samples.
    ///
    /// The weights do not depend on the time of day: as time goes on, all samples lose weight by the same factor.
    #[must_use]
    pub fn estimate(&self, rules: &CpuRules, now: i64) -> Option<CpuEstimate> {
        if self.recent_total <= 0.0 || self.low > self.high {
            return None;
        }
        let recent = (1.0 - WINDOW_SHARE) / self.recent_total;
        let window = WINDOW_SHARE / self.window_total;
        let edges = cpu_upper_edges();
        let buckets = self.low..=self.high;
        let shares = || buckets.clone().map(|at| (edges[at], self.recent[at] * recent + self.window[at] * window));

        let typical = typical(shares()).unwrap_or(edges[self.high]);
        let choice = Choice {
            price: rules.overrun_price
                * typical.powf(rules.scale_exponent)
                * REFERENCE_CORES.powf(1.0 - rules.scale_exponent),
            most_over: 1.0 - rules.percentile / 100.0,
        };
        let mut base = choice.cheapest(shares())?;
        for cell in self.weekdays.week_before(now) {
            let samples = f64::from(cell.cpu_samples.max(1));
            let day = cell.cpu.iter().map(|(_, last, count)| {
                let last = usize::from(last).min(BUCKETS - 1);
                (edges[last], f64::from(count) / samples)
            });
            base = base.max(choice.cheapest(day).unwrap_or(0.0));
        }
        if let Some(level) = self.last.and_then(|last| rise::level(self.before, last, base)) {
            base = base.max(level);
        }
        // Buckets end above the highest sample in them.
        base = base.min(self.peak);
        let covered = if base < self.peak {
            shares().take_while(|(edge, _)| *edge <= base).map(|(_, share)| share).sum::<f64>().min(1.0)
        } else {
            1.0
        };
        let growth = trend::growth(&self.whole_days);
        let cores = base * (growth.min(MOST_GROWTH) * GROWTH_DAYS).exp() * (1.0 + rules.headroom_percent / 100.0)
            + rules.headroom_millicores / 1000.0;
        Some(CpuEstimate { base, cores, growth_percent: growth.exp_m1() * 100.0, covered_percent: covered * 100.0 })
    }
}

/// Parameters for choosing between candidate requests.
struct Choice {
    /// What a share of one over the request costs, cores.
    price: f64,
    /// The greatest share (0–1) that may be over.
    most_over: f64,
}

impl Choice {
    /// The cheapest request with at most the allowed share over it, cores. `shares` are
    /// `(upper edge in cores, share of samples)` in ascending order, the shares adding up to one.
    fn cheapest(&self, shares: impl Iterator<Item = (f64, f64)>) -> Option<f64> {
        let (mut below, mut best) = (0.0, None::<(f64, f64)>);
        for (edge, share) in shares {
            below += share;
            let over = 1.0 - below;
            // The remainder that rounding leaves counts as zero.
            let over = if over > ROUNDING { over } else { 0.0 };
            if over > self.most_over + ROUNDING {
                continue;
            }
            let cost = edge + self.price * over;
            if best.is_none_or(|(least, _)| cost < least) {
                best = Some((cost, edge));
            }
        }
        best.map(|(_, edge)| edge)
    }
}

/// Shares are sums of floats: differences up to this are insignificant.
const ROUNDING: f64 = 1e-9;

/// The upper edge of the bucket that holds the median.
fn typical(shares: impl Iterator<Item = (f64, f64)>) -> Option<f64> {
    let mut below = 0.0;
    for (edge, share) in shares {
        below += share;
        if below >= 0.5 {
            return Some(edge);
        }
    }
    None
}
