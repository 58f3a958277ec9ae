//! Other views of the same series, to see whether a figure is luck.
//!
//! In: recorded series. Out: rows for random halves, other first days, time reversed, and synthetic families.

use trimtab_sizing::replay::Sample;

use super::{Method, Row, evaluate, methods, row, synthetic};

/// Rows for every variant.
pub fn rows(series: &[Vec<Sample>]) -> Vec<Row> {
    let mut rows = Vec::new();
    for day in [6, 12, 16] {
        rows.extend(evaluate(&format!("from day {day}"), series, day));
    }
    let reversed: Vec<Vec<Sample>> = series.iter().map(|samples| reverse(samples)).collect();
    rows.extend(evaluate("time reversed", &reversed, 9));
    let recorded = methods(series, 9);
    for half in 0..6u64 {
        rows.extend(half_rows(&format!("random half {}", half + 1), &recorded, half));
    }
    for (name, family) in synthetic::families() {
        rows.extend(evaluate(&format!("synthetic: {name}"), &family, 9));
    }
    rows
}

fn half_rows(set: &str, methods: &[Method], seed: u64) -> Vec<Row> {
    let mut random = synthetic::Random::new(seed + 1);
    let count = methods.first().map_or(0, |method| method.per_series.len());
    let mut order: Vec<(u64, usize)> = (0..count).map(|nth| (random.next(), nth)).collect();
    order.sort_unstable();
    let chosen: Vec<usize> = order.into_iter().take(count / 2).map(|(_, nth)| nth).collect();
    methods.iter().map(|method| row(set, method, |nth| chosen.contains(&nth))).collect()
}

/// The series played backwards.
fn reverse(samples: &[Sample]) -> Vec<Sample> {
    let (Some(first), Some(last)) = (samples.first(), samples.last()) else { return Vec::new() };
    samples.iter().rev().map(|sample| Sample { time: first.time + last.time - sample.time, ..*sample }).collect()
}
