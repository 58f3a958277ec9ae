//! When changes may start: Allow and Deny windows, each a cron expression in a time zone with a duration.
//!
//! In: the windows of a policy, and the time. Out: open, or closed and until when. As with the sync windows of Argo
//! CD: an open Deny window wins; if there are Allow windows, nothing starts outside all of them.
//!
//! Schedules are in wall-clock time. A time that the clock skips (02:30 when it jumps from 02:00 to 03:00) counts as
//! the moment of the jump, so that no window is lost; a time that occurs twice counts once, the first time. Durations
//! are elapsed time.

use std::cmp::Ordering;

use cronexpr::{Crontab, FallbackTimezoneOption, MakeTimestamp, ParseOptions};
use jiff::{
    SignedDuration, Timestamp, civil,
    tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase},
};
use trimtab_api::windows::{Window, WindowKind};

use crate::invalid_field::InvalidField;

/// How many window edges are searched for the next opening.
const MOST_EDGES: usize = 64;
/// How many occurrences of a schedule before the wanted moment are skipped: a clock is never set back by more.
const MOST_REPEATED: usize = 24 * 60;
/// No schedule is evaluated beyond this year.
const LAST_YEAR: i16 = 9990;

/// The parsed windows of a policy.
#[derive(Clone, Debug, Default)]
pub struct Windows(Vec<Opening>);

/// No change may start now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// When one may start; `None` if that is too far away to determine.
    pub until: Option<Timestamp>,
    /// The time zone of the window that denies, or that opens next.
    pub time_zone: String,
    /// Whether a Deny window is open, rather than no Allow window.
    pub denied: bool,
}

#[derive(Clone, Debug)]
struct Opening {
    kind: WindowKind,
    schedule: Crontab,
    zone: TimeZone,
    zone_name: String,
    duration: SignedDuration,
}

impl Windows {
    /// Parses the windows of a policy.
    ///
    /// # Errors
    /// The first invalid field.
    pub fn read(windows: &[Window]) -> Result<Self, InvalidField> {
        let zones = TimeZoneDatabase::bundled();
        windows.iter().enumerate().map(|(i, w)| Opening::read(i, w, &zones)).collect::<Result<_, _>>().map(Self)
    }

    /// Whether there are none: then changes may start at any time.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a change may start now.
    ///
    /// # Errors
    /// If none may: until when.
    pub fn open(&self, now: Timestamp) -> Result<(), Closed> {
        let Some(closer) = self.closer(now) else { return Ok(()) };
        let denied = closer.is_some();
        let until = self.next_opening(now);
        let opener = until.and_then(|t| self.0.iter().find(|w| w.kind == WindowKind::Allow && w.is_open(t)));
        let zone = closer.or(opener).or(self.0.first()).map(|w| w.zone_name.clone());
        Err(Closed { until, time_zone: zone.unwrap_or_else(|| "UTC".to_owned()), denied })
    }

    /// What denies a start at `at`: `None` if it is open, `Some(None)` if no Allow window is open.
    fn closer(&self, at: Timestamp) -> Option<Option<&Opening>> {
        let of = |kind: WindowKind| self.0.iter().filter(move |w| w.kind == kind);
        if let Some(deny) = of(WindowKind::Deny).find(|w| w.is_open(at)) {
            return Some(Some(deny));
        }
        let mut allowing = of(WindowKind::Allow).peekable();
        (allowing.peek().is_some() && !allowing.any(|w| w.is_open(at))).then_some(None)
    }

    /// The first moment after `now` at which it is open.
    fn next_opening(&self, now: Timestamp) -> Option<Timestamp> {
        let mut at = now;
        for _ in 0..MOST_EDGES {
            at = match self.closer(at) {
                None => return Some(at),
                Some(Some(deny)) => deny.closes_after(at)?,
                Some(None) => {
                    self.0.iter().filter(|w| w.kind == WindowKind::Allow).filter_map(|w| w.opens_after(at)).min()?
                }
            };
        }
        None
    }
}

/// A moment in human-readable form, in a time zone; in UTC if the zone is unknown.
pub fn shown(at: Timestamp, time_zone: &str) -> String {
    match TimeZoneDatabase::bundled().get(time_zone) {
        Ok(zone) => format!("{} {time_zone}", at.to_zoned(zone).strftime("%a %Y-%m-%d %H:%M")),
        Err(_) => format!("{} UTC", at.strftime("%a %Y-%m-%d %H:%M")),
    }
}

impl Opening {
    fn read(index: usize, window: &Window, zones: &TimeZoneDatabase) -> Result<Self, InvalidField> {
        let at = |field: &str| format!("windows[{index}].{field}");
        let seconds = window.duration.seconds().filter(|s| *s > 0);
        let duration = seconds.ok_or_else(|| {
            InvalidField::new(at("duration"), &window.duration.0, "a duration such as 4h, longer than zero")
        })?;
        let zone = zones.get(&window.time_zone).map_err(|_| {
            InvalidField::new(at("timeZone"), &window.time_zone, "an IANA time zone such as Europe/Berlin")
        })?;
        let schedule = schedule(&window.schedule).ok_or_else(|| {
            let expected = "five cron fields of numbers, *, ranges, steps, lists and names such as MON or JAN \
                            (L, W, H and ? are not supported)";
            InvalidField::new(at("schedule"), &window.schedule, expected)
        })?;
        Ok(Self {
            kind: window.kind,
            schedule,
            zone,
            zone_name: window.time_zone.clone(),
            duration: SignedDuration::from_secs(duration),
        })
    }

    /// Whether it is open at `at`: it opened no longer ago than its duration.
    fn is_open(&self, at: Timestamp) -> bool {
        self.start_that_covers(at).is_some()
    }

    /// The first opening whose window covers `at`.
    fn start_that_covers(&self, at: Timestamp) -> Option<Timestamp> {
        let earliest = at.checked_sub(self.duration).unwrap_or(Timestamp::MIN);
        self.opens_after(earliest).filter(|start| *start <= at)
    }

    /// When the window that covers `at` closes: an edge, after which the next one may already be open.
    fn closes_after(&self, at: Timestamp) -> Option<Timestamp> {
        let mut end = self.start_that_covers(at)?.checked_add(self.duration).ok()?;
        // Openings before the end extend it; schedules that open more often than they close never end.
        for _ in 0..MOST_EDGES {
            match self.start_that_covers(end) {
                None => return Some(end),
                Some(start) => end = start.checked_add(self.duration).ok()?,
            }
        }
        None
    }

    /// Its first opening after `after`.
    fn opens_after(&self, after: Timestamp) -> Option<Timestamp> {
        // The schedule is evaluated in wall-clock time, as if that were UTC.
        let wall = self.zone.to_datetime(after);
        // The library searches four years ahead and panics at the end of its time range.
        if wall.year() > LAST_YEAR {
            return None;
        }
        let mut wall = wall.to_zoned(TimeZone::UTC).ok()?.timestamp();
        for _ in 0..MOST_REPEATED {
            wall = self.schedule.find_next(MakeTimestamp(wall)).ok()?.timestamp();
            let start = moment(&self.zone, TimeZone::UTC.to_datetime(wall))?;
            // In the hour that occurs twice, openings of the first pass are skipped.
            if start.cmp(&after) == Ordering::Greater {
                return Some(start);
            }
        }
        None
    }
}

/// When the wall clock shows `wall`; if it never does, the moment of the jump over it; if it does twice, the first.
fn moment(zone: &TimeZone, wall: civil::DateTime) -> Option<Timestamp> {
    let ambiguous = zone.to_ambiguous_timestamp(wall);
    match ambiguous.offset() {
        AmbiguousOffset::Gap { after, .. } => {
            let before_jump = after.to_timestamp(wall).ok()?;
            zone.following(before_jump).next().map(|jump| jump.timestamp())
        }
        AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Fold { .. } => ambiguous.compatible().ok(),
    }
}

/// Parses a cron expression of five fields. The library's extensions to the standard (the last day of a month, the
/// nearest weekday) are not accepted: it gets Decembers wrong, and a year-end freeze must not be lost to that.
fn schedule(text: &str) -> Option<Crontab> {
    let fields: Vec<&str> = text.split_ascii_whitespace().collect();
    let standard = |field: &&str| field.split([',', '-', '/', '#']).all(is_standard);
    if fields.len() != 5 || !fields.iter().all(standard) {
        return None;
    }
    let mut options = ParseOptions::default();
    options.fallback_timezone_option = FallbackTimezoneOption::UTC;
    cronexpr::parse_crontab_with(&fields.join(" "), options).ok()
}

fn is_standard(part: &str) -> bool {
    part == "*"
        || (!part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
        || (part.len() == 3 && part.bytes().all(|b| b.is_ascii_alphabetic()))
}

#[cfg(test)]
mod tests;
