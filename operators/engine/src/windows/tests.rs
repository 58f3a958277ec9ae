#![allow(clippy::unwrap_used, clippy::expect_used)]

use proptest::prelude::*;
use trimtab_api::windows::WindowKind::{Allow, Deny};

use super::*;
use crate::testkit::window;

fn read(windows: &[Window]) -> Windows {
    Windows::read(windows).unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// `open`, or until when it is closed.
fn said(windows: &Windows, now: &str) -> String {
    match windows.open(at(now)) {
        Ok(()) => "open".to_owned(),
        Err(closed) => closed.until.map_or_else(|| "never".to_owned(), |until| until.to_string()),
    }
}

#[test]
fn deny_wins_and_allow_shuts_out_the_rest() {
    let night = || window(Allow, "0 22 * * *", "4h", "UTC");
    let saturday = || window(Deny, "0 0 * * SAT", "24h", "UTC");
    let noon = || window(Allow, "0 12 * * *", "1h", "UTC");
    // 2026-11-21 is a Saturday.
    for (windows, now, expected) in [
        (vec![], "2026-11-21T12:00:00Z", "open"),
        (vec![night()], "2026-11-18T22:00:00Z", "open"),
        (vec![night()], "2026-11-19T01:59:59Z", "open"),
        (vec![night()], "2026-11-19T02:00:00Z", "2026-11-19T22:00:00Z"),
        (vec![night()], "2026-11-19T21:59:59.999Z", "2026-11-19T22:00:00Z"),
        (vec![night(), noon()], "2026-11-19T02:00:00Z", "2026-11-19T12:00:00Z"),
        (vec![noon(), night()], "2026-11-19T13:00:00Z", "2026-11-19T22:00:00Z"),
        // With Deny windows only, all other times are open.
        (vec![saturday()], "2026-11-20T23:59:59Z", "open"),
        (vec![saturday()], "2026-11-21T00:00:00Z", "2026-11-22T00:00:00Z"),
        (vec![saturday()], "2026-11-22T00:00:00Z", "open"),
        // Friday's night window extends into Saturday, which is denied; Saturday's own opens after it.
        (vec![night(), saturday()], "2026-11-20T23:59:59Z", "open"),
        (vec![night(), saturday()], "2026-11-21T00:30:00Z", "2026-11-22T00:00:00Z"),
        (vec![noon(), saturday()], "2026-11-21T12:30:00Z", "2026-11-22T12:00:00Z"),
    ] {
        assert_eq!(said(&read(&windows), now), expected, "{windows:?} {now}");
    }
}

#[test]
fn says_which_closes_and_in_whose_time() {
    let windows = read(&[window(Allow, "0 22 * * *", "4h", "Asia/Tokyo"), window(Deny, "0 0 1 * *", "24h", "UTC")]);
    let closed = |now: &str| windows.open(at(now)).unwrap_err();
    let outside = closed("2026-11-19T00:00:00Z");
    assert_eq!((outside.denied, &*outside.time_zone), (false, "Asia/Tokyo"));
    assert_eq!(shown(outside.until.unwrap(), &outside.time_zone), "Thu 2026-11-19 22:00 Asia/Tokyo");
    let denied = closed("2026-12-01T14:00:00Z");
    assert_eq!((denied.denied, &*denied.time_zone), (true, "UTC"));
}

#[test]
fn the_clock_may_jump() {
    // Berlin: 2026-03-29 from 02:00 to 03:00 (01:00Z), 2026-10-25 from 03:00 back to 02:00 (01:00Z).
    let half_past_two = read(&[window(Allow, "30 2 * * *", "1h", "Europe/Berlin")]);
    for (now, expected) in [
        // The skipped time counts as the moment of the jump.
        ("2026-03-29T00:59:59Z", "2026-03-29T01:00:00Z"),
        ("2026-03-29T01:00:00Z", "open"),
        ("2026-03-29T01:59:59Z", "open"),
        ("2026-03-29T02:00:00Z", "2026-03-30T00:30:00Z"),
        // The time that occurs twice counts the first time.
        ("2026-10-25T00:29:59Z", "2026-10-25T00:30:00Z"),
        ("2026-10-25T00:30:00Z", "open"),
        ("2026-10-25T01:29:59Z", "open"),
        ("2026-10-25T01:30:00Z", "2026-10-26T01:30:00Z"),
    ] {
        assert_eq!(said(&half_past_two, now), expected, "{now}");
    }
    // A window across the jump lasts its full duration.
    let night = read(&[window(Allow, "0 22 28 3 *", "4h", "Europe/Berlin")]);
    assert_eq!(said(&night, "2026-03-29T00:59:59Z"), "open");
    assert_ne!(said(&night, "2026-03-29T01:00:00Z"), "open");
    // Every five minutes: in the hour that occurs twice it opens only the first time.
    let often = read(&[window(Allow, "*/5 * * * *", "1m", "Europe/Berlin")]);
    assert_eq!(said(&often, "2026-10-25T00:56:00Z"), "2026-10-25T02:00:00Z");
    assert_eq!(said(&often, "2026-10-25T01:05:30Z"), "2026-10-25T02:00:00Z");
}

#[test]
fn a_freeze_that_never_ends_or_never_comes() {
    let always = read(&[window(Deny, "* * * * *", "168h", "UTC")]);
    assert_eq!(said(&always, "2026-11-19T00:00:00Z"), "never");
    let thirtieth_of_february = read(&[window(Allow, "0 0 30 2 *", "4h", "UTC")]);
    assert_eq!(said(&thirtieth_of_february, "2026-11-19T00:00:00Z"), "never");
    let freeze = read(&[window(Deny, "0 0 30 2 *", "4h", "UTC")]);
    assert_eq!(said(&freeze, "2026-11-19T00:00:00Z"), "open");
    // Week-long freezes that start on each day of a week end when the last one does.
    let december = read(&[window(Deny, "0 0 20-26 12 *", "168h", "UTC")]);
    assert_eq!(said(&december, "2026-12-21T00:00:00Z"), "2027-01-02T00:00:00Z");
    assert_eq!(said(&december, Timestamp::MAX.to_string().as_str()), "open");
    assert_eq!(said(&december, Timestamp::MIN.to_string().as_str()), "open");
}

#[test]
fn takes_the_standard_and_nothing_else() {
    for (text, good) in [
        ("0 22 * * *", true),
        ("0  22 *  * *", true),
        ("*/15 0-6,22 1,15 JAN-MAR,12 MON-FRI", true),
        ("0 0 * * MON#1", true),
        ("0 0 * jul *", true),
        ("0 0 L * *", false),
        ("0 0 15W * *", false),
        ("0 0 * * 5L", false),
        ("H 0 * * *", false),
        ("0 0 ? * *", false),
        ("60 0 * * *", false),
        ("0 24 * * *", false),
        ("0 0 0 * *", false),
        ("0 0 32 * *", false),
        ("0 0 * 13 *", false),
        ("0 0 * ABC *", false),
        ("5-1 * * * *", false),
        ("*/0 * * * *", false),
        ("0 0 * *", false),
        ("0 0 * * * UTC", false),
        ("0 0 * * * *", false),
        ("@daily", false),
        ("", false),
    ] {
        assert_eq!(schedule(text).is_some(), good, "{text:?}");
    }
}

fn any_schedule() -> impl Strategy<Value = String> {
    let minute = prop_oneof![Just("*".to_owned()), Just("*/7".to_owned()), (0..60u8).prop_map(|m| m.to_string())];
    let hour = prop_oneof![Just("*".to_owned()), Just("22-23,0-3".to_owned()), (0..24u8).prop_map(|h| h.to_string())];
    let day = prop_oneof![3 => Just("*".to_owned()), 1 => (1..32u8).prop_map(|d| d.to_string())];
    let weekday = prop_oneof![Just("*"), Just("MON-FRI"), Just("0,6")];
    (minute, hour, day, weekday).prop_map(|(m, h, d, w)| format!("{m} {h} {d} * {w}"))
}

fn any_window() -> impl Strategy<Value = Window> {
    let kind = prop_oneof![Just(Allow), Just(Deny)];
    let zone = prop_oneof![
        Just("UTC"),
        Just("Europe/Berlin"),
        Just("America/New_York"),
        Just("Australia/Lord_Howe"),
        Just("Asia/Kathmandu"),
        Just("Pacific/Apia"),
    ];
    (kind, any_schedule(), 1..2000u32, zone)
        .prop_map(|(kind, schedule, minutes, zone)| window(kind, &schedule, &format!("{minutes}m"), zone))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// The reported next opening is correct: it is open then, and not a moment before.
    #[test]
    fn it_opens_when_it_is_said_to_and_not_before(
        windows in proptest::collection::vec(any_window(), 0..4),
        second in 1_700_000_000_i64..1_900_000_000,
        sooner in 0.0..1.0_f64,
    ) {
        let (windows, now) = (read(&windows), Timestamp::from_second(second).unwrap());
        if let Err(Closed { until: Some(until), .. }) = windows.open(now) {
            prop_assert!(until > now);
            prop_assert!(windows.open(until).is_ok(), "closed at {until}");
            let just_before = until - SignedDuration::from_secs(1);
            if just_before > now {
                prop_assert!(windows.open(just_before).is_err(), "open at {just_before}");
            }
            let between = Timestamp::from_second(second + ((until.as_second() - second) as f64 * sooner) as i64).unwrap();
            if between < until {
                prop_assert!(windows.open(between).is_err(), "open at {between}, before {until}");
            }
        }
    }

    /// One window, checked against a clock minute by minute: it is open for its duration after each matching time.
    #[test]
    fn a_window_is_open_as_a_clock_on_the_wall_says(
        window in any_window(),
        second in 1_700_000_000_i64..1_900_000_000,
    ) {
        let opening = read(&[Window { kind: Allow, ..window.clone() }]);
        let now = Timestamp::from_second(second / 60 * 60).unwrap();
        let zone = TimeZoneDatabase::bundled().get(&window.time_zone).unwrap();
        let schedule = schedule(&window.schedule).unwrap();
        let minutes = window.duration.seconds().unwrap() / 60;
        let fits = |back: i64| {
            let then = now - SignedDuration::from_mins(back);
            let wall = zone.to_datetime(then);
            let first = moment(&zone, wall) == Some(then);
            let matches = |wall: civil::DateTime| {
                let as_utc = wall.to_zoned(TimeZone::UTC).unwrap().timestamp();
                schedule.matches(MakeTimestamp(as_utc)).unwrap()
            };
            // At a jump forward, the skipped times count too.
            let before = zone.to_datetime(then - SignedDuration::from_secs(1));
            let skipped = (1..=24 * 60)
                .map(|m| before.checked_add(SignedDuration::from_secs(m * 60 - 59)).unwrap())
                .take_while(|skipped| *skipped < wall)
                .any(matches);
            (first && matches(wall)) || skipped
        };
        prop_assert_eq!(opening.open(now).is_ok(), (0..minutes).any(fits));
    }
}
