//! OOM kills: stored one by one with what is known of each, and judged when a decision is made.
//!
//! In: kills with the request and limit in force *at the time*, and the hourly memory peaks of the history. Out: who
//! caused the kill, and the level the container needs. The container's present size is not read here: otherwise an
//! applied proposal would make the next one larger, and the same evidence would never converge.
//!
//! A kill says that memory ran out, not whose. The kernel kills at the container's own limit, or when the whole node is
//! out of memory; Kubernetes reports both as `OOMKilled`. They are told apart by what the container used near the kill:
//! the VPA recommender uses the same measure, `max(request, observed peak)`, as the level of a kill.

use crate::{
    cell::DayCell,
    history::{DAY, day_of},
    scale,
};

/// The most kills a history keeps; the oldest are dropped first.
pub const MAX_KILLS: usize = 64;
/// Use of at least this share of the limit near a kill makes it the container's own: sampling every few minutes
/// understates use in the last second.
pub const NEAR_LIMIT: f64 = 0.7;

/// How far a node's clock may be ahead, seconds: a kill dated in the future has still happened.
const SKEW_S: i64 = 3600;

/// One OOM kill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kill {
    /// When it happened, unix seconds.
    pub time: i64,
    /// The memory request in force then, bytes; `None` where there was none or it is not known.
    pub request: Option<i64>,
    /// The memory limit in force then, bytes; `None` where there was none or it is not known.
    pub limit: Option<i64>,
}

/// Summary of the kills in a window.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Judged {
    /// All of them.
    pub kills: u32,
    /// Of these, far below the limit in force then and above the request: most likely the node ran out of memory.
    pub by_node: u32,
    /// Of these, far below both: no reading shows what used the memory.
    pub unseen: u32,
    /// The highest request in force at a kill, bytes; 0 where none is known. Less is not a remedy for a kill.
    pub request: f64,
    /// Whether the request in force is unknown for some kill.
    pub sizeless: bool,
    /// The highest level that the container's own kills prove, bytes; 0 where none does.
    pub level: f64,
    /// The highest limit at which the container was killed, bytes; 0 where no limit is known.
    pub limit: f64,
    /// The highest memory use near any of the kills, bytes; 0 where nothing was measured.
    pub used: f64,
}

/// Judges `kills` between `from` and `to` (unix seconds, both included) by the memory peaks of `cells`.
#[must_use]
pub fn judge(kills: &[Kill], cells: &[DayCell], from: i64, to: i64) -> Judged {
    let mut judged = Judged::default();
    let highest = cells.iter().filter_map(DayCell::memory_peak).fold(0.0, f64::max);
    for kill in kills.iter().filter(|kill| (from..=to.saturating_add(SKEW_S)).contains(&kill.time)) {
        judged.kills = judged.kills.saturating_add(1);
        judged.request = judged.request.max(kill.request.unwrap_or(0) as f64);
        judged.sizeless |= kill.request.is_none();
        let near = used_near(cells, kill.time);
        judged.used = judged.used.max(near.unwrap_or(0.0));
        let limit = kill.limit.filter(|limit| *limit > 0).map(|limit| limit as f64);
        judged.limit = judged.limit.max(limit.unwrap_or(0.0));
        // Where nothing was measured near it, the highest use of the window is the best estimate.
        let used = near.unwrap_or(highest);
        let level = match limit {
            // Nothing was ever measured: the limit is all that is known.
            Some(limit) if used <= 0.0 => limit,
            Some(limit) if used < NEAR_LIMIT * limit => {
                // A node first kills whatever exceeds its request. What was below it grew between two readings.
                let burst = kill.request.is_some_and(|request| used >= request as f64);
                let count = if burst { &mut judged.by_node } else { &mut judged.unseen };
                *count = count.saturating_add(1);
                continue;
            }
            Some(limit) => used.max(kill.request.unwrap_or(0) as f64).min(limit),
            // The limit is unknown: only the measured use is proven.
            None => used,
        };
        judged.level = judged.level.max(level);
    }
    judged
}

/// The highest memory use in the hour of `time` and the hour before it, bytes; `None` where nothing was measured.
fn used_near(cells: &[DayCell], time: i64) -> Option<f64> {
    [time.saturating_sub(3600), time]
        .into_iter()
        .filter_map(|time| {
            let cell = cells.binary_search_by_key(&day_of(time), |cell| cell.day).ok().and_then(|at| cells.get(at))?;
            let hour = usize::try_from(time.rem_euclid(DAY) / 3600).ok()?;
            cell.memory_peaks.get(hour).copied().filter(|level| *level > 0)
        })
        .max()
        .map(scale::memory_value)
}

/// Adds a kill to a sorted list. The same second is the same kill, however often it is read; what is known of it is
/// merged. Of two sizes reported for it, the smaller more likely killed: a larger one may have come into force right
/// after it.
pub(crate) fn add(kills: &mut Vec<Kill>, kill: Kill) {
    // Zero means unset, as everywhere.
    let known = |amount: Option<i64>| amount.filter(|amount| *amount > 0);
    let kill = Kill { request: known(kill.request), limit: known(kill.limit), ..kill };
    match kills.binary_search_by_key(&kill.time, |known| known.time) {
        Ok(at) => {
            if let Some(known) = kills.get_mut(at) {
                known.request = smaller(known.request, kill.request);
                known.limit = smaller(known.limit, kill.limit);
            }
        }
        Err(at) => {
            kills.insert(at, kill);
            if kills.len() > MAX_KILLS {
                kills.remove(0);
            }
        }
    }
}

fn smaller(one: Option<i64>, other: Option<i64>) -> Option<i64> {
    one.into_iter().chain(other).min()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use crate::ContainerHistory;
    use proptest::prelude::*;

    const MIB: i64 = 1 << 20;

    fn used(mib: i64) -> ContainerHistory {
        let mut history = ContainerHistory::new();
        for time in (0..DAY).step_by(300) {
            history.observe_memory(time, (mib * MIB) as f64);
        }
        history
    }

    #[test]
    fn whose_kill_it_was_and_the_level_it_proves() {
        let kill = |request: i64, limit: i64| Kill {
            time: 7200,
            request: (request > 0).then_some(request * MIB),
            limit: (limit > 0).then_some(limit * MIB),
        };
        for (what, used_mib, kill, level_mib, by_node) in [
            ("at the limit", 250, kill(0, 256), 250, 0),
            ("not under the request of the time", 200, kill(256, 256), 256, 0),
            ("not above the limit of the time", 300, kill(0, 256), 256, 0),
            ("far under the limit, above the request", 300, kill(100, 8192), 0, 1),
            ("far under both", 200, kill(512, 512), 0, 0),
            ("the limit is not known", 240, kill(512, 0), 240, 0),
            ("nothing was measured", 0, kill(32, 64), 64, 0),
            ("nothing is known at all", 0, kill(0, 0), 0, 0),
        ] {
            let history = if used_mib == 0 { ContainerHistory::new() } else { used(used_mib) };
            let judged = judge(&[kill], history.cells(), 0, DAY);
            let level = (judged.level / MIB as f64).round() as i64;
            // Levels are stored in steps of about a percent.
            assert!((level - level_mib).abs() <= level_mib / 50, "{what}: {level}");
            assert_eq!((judged.kills, judged.by_node), (1, by_node), "{what}");
        }
        let unseen = judge(&[kill(512, 512), kill(0, 0)], used(200).cells(), 0, DAY);
        assert_eq!((unseen.unseen, unseen.request, unseen.sizeless), (1, (512 * MIB) as f64, true));
        let ahead = judge(&[kill(0, 256)], used(250).cells(), 0, 7200 - 900);
        assert_eq!(ahead.kills, 1, "a clock that is ahead");
        assert_eq!(judge(&[kill(0, 256)], used(250).cells(), 8000, DAY), Judged::default(), "outside of the window");
    }

    #[test]
    fn of_two_limits_that_are_told_of_a_kill_the_smaller_counts() {
        let kill = |limit| Kill { time: 7200, request: None, limit };
        let mut kills = Vec::new();
        for (told_mib, known_mib) in
            [(None, None), (Some(1536), Some(1536)), (Some(510), Some(510)), (Some(1536), Some(510)), (None, Some(510))]
        {
            add(&mut kills, kill(told_mib.map(|mib: i64| mib * MIB)));
            assert_eq!(kills, [kill(known_mib.map(|mib: i64| mib * MIB))]);
        }
    }

    proptest! {
        #[test]
        fn kills_read_twice_in_any_order_are_kept_once(
            times in prop::collection::vec((0i64..1000, prop::option::of(1i64..1000), prop::option::of(1i64..1000)), 0..200),
        ) {
            let all: Vec<Kill> = times.iter().map(|(time, request, limit)| Kill { time: *time, request: *request, limit: *limit }).collect();
            let kept = |order: &mut dyn Iterator<Item = &Kill>| {
                let mut kills = Vec::new();
                order.for_each(|kill| add(&mut kills, *kill));
                kills
            };
            let once = kept(&mut all.iter());
            prop_assert!(once.len() <= MAX_KILLS);
            prop_assert!(once.windows(2).all(|pair| pair[0].time < pair[1].time));
            if all.len() <= MAX_KILLS {
                prop_assert_eq!(&kept(&mut all.iter().chain(&all)), &once);
                prop_assert_eq!(&kept(&mut all.iter().rev()), &once);
            }
        }
    }
}
