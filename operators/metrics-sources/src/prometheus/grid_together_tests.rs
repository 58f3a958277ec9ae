//! Series of one container that fit together, and those that do not.

use super::*;

#[test]
fn series_that_no_label_tells_apart_fit_together_or_not() {
    const MIB: i64 = 1 << 20;
    let memory = |label: &str, steps: std::ops::RangeInclusive<i64>, value: &dyn Fn(i64) -> i64| {
        let points: Vec<String> = steps.map(|step| format!(r#"[{},"{}"]"#, step * 300, value(step) * MIB)).collect();
        series(MEMORY, "db-0", label, &points.join(","))
    };
    let [one, other] = [r#","replica":"0""#, r#","replica":"1""#];
    let steady = |mib: i64| move |_: i64| mib;
    type Value = Box<dyn Fn(i64) -> i64>;
    let table: [(&str, i64, Value, Value, Option<Together>); 7] = [
        ("replicas", 20, Box::new(steady(100)), Box::new(steady(103)), None),
        ("two containers", 20, Box::new(steady(100)), Box::new(steady(1700)), Some(Together::AtOdds)),
        ("the other way round", 20, Box::new(steady(1700)), Box::new(steady(100)), Some(Together::AtOdds)),
        ("for a short time", 9, Box::new(steady(100)), Box::new(steady(1700)), Some(Together::Doubtful)),
        ("next to nothing", 20, Box::new(steady(1)), Box::new(steady(4)), None),
        // Scraped at different moments: now one and now the other sees a peak.
        ("peaks", 20, Box::new(|n| 100 + n % 2 * 900), Box::new(|n| 100 + (n + 1) % 2 * 900), None),
        ("a peak that one has missed", 20, Box::new(steady(100)), Box::new(|n| if n > 15 { 900 } else { 100 }), None),
    ];
    for (what, steps, left, right, expected) in table {
        let batch = Batch { start_s: 0, end_s: steps * 300, step_s: 300, ..batch() };
        let (seen, report) = run_in(&batch, &[memory(one, 1..=steps, &left), memory(other, 1..=steps, &right)]);
        assert_eq!(seen.at_odds, expected.map(|t| ("db-0".to_owned(), t)).into_iter().collect::<Vec<_>>(), "{what}");
        assert_eq!((seen.samples.len(), report.ambiguous_series), (1, 0), "{what}: they are one series all the same");
    }
    // A restarted container has a new id, and the old series is returned for a while.
    let batch = Batch { start_s: 0, end_s: 9_000, step_s: 300, ..batch() };
    let restarted = [memory(r#","id":"/a""#, 1..=15, &steady(900)), memory(r#","id":"/b""#, 15..=30, &steady(100))];
    let at_odds = run_in(&batch, &restarted).0.at_odds;
    assert!(at_odds.iter().all(|(_, together)| *together == Together::Doubtful), "{at_odds:?}");
}
