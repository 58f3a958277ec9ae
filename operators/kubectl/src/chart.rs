//! Usage as a row of blocks, against the present request and the proposed one.
//!
//! In: values by time. Out: one line, and a few words about it. Pure.

/// Blocks from nothing to full height.
const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// The maximum row length.
pub const COLUMNS: usize = 56;

/// What one container used of one resource over time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Usage {
    /// Evenly spaced values, oldest first; `None` where nothing is known.
    pub values: Vec<Option<f64>>,
}

impl Usage {
    /// From values by time: one for each `step` seconds in `[start, end)`, the greatest where there are several.
    pub fn by_time(points: impl IntoIterator<Item = (i64, f64)>, start: i64, end: i64, step: i64) -> Self {
        let step = step.max(1);
        let columns = usize::try_from((end - start).max(0) / step).unwrap_or(0);
        let mut values = vec![None; columns];
        for (time, value) in points {
            let at = usize::try_from((time - start).div_euclid(step)).ok().filter(|_| time >= start);
            if let Some(slot) = at.and_then(|at| values.get_mut(at)) {
                *slot = Some(slot.map_or(value, |v: f64| v.max(value)));
            }
        }
        Self { values }
    }

    /// The highest value.
    pub fn peak(&self) -> Option<f64> {
        self.values.iter().flatten().copied().reduce(f64::max)
    }

    /// The share of known values above `level`, in percent.
    pub fn percent_above(&self, level: f64) -> f64 {
        let known = self.values.iter().flatten().count();
        let above = self.values.iter().flatten().filter(|v| **v > level).count();
        if known == 0 { 0.0 } else { above as f64 * 100.0 / known as f64 }
    }

    /// At most [`COLUMNS`] values: of neighbours that share a column, the greatest.
    fn columns(&self) -> Vec<Option<f64>> {
        let count = self.values.len();
        let wanted = count.min(COLUMNS);
        let one = |at: usize| {
            let part = &self.values[at * count / wanted..(at + 1) * count / wanted];
            part.iter().flatten().copied().reduce(f64::max)
        };
        (0..wanted).map(one).collect()
    }

    /// The row; full height is `top`. A column without data is a space.
    pub fn sparkline(&self, top: f64) -> String {
        self.columns().into_iter().map(|v| v.map_or(' ', |v| block(v, top))).collect()
    }
}

/// The block for a value where full height is `top`. Higher values are full too.
pub fn block(value: f64, top: f64) -> char {
    let share = if top > 0.0 { value / top } else { 0.0 };
    let at = (share * BLOCKS.len() as f64).ceil() as usize;
    BLOCKS[at.clamp(1, BLOCKS.len()) - 1]
}

#[cfg(test)]
mod tests {
    use super::{COLUMNS, Usage, block};

    #[test]
    fn blocks_are_as_high_as_their_share() {
        for (value, top, expected) in [
            (0.0, 8.0, '▁'),
            (1.0, 8.0, '▁'),
            (1.1, 8.0, '▂'),
            (4.0, 8.0, '▄'),
            (8.0, 8.0, '█'),
            (80.0, 8.0, '█'),
            (1.0, 0.0, '▁'),
        ] {
            assert_eq!(block(value, top), expected, "{value} of {top}");
        }
    }

    #[test]
    fn a_gap_is_a_gap_and_a_peak_is_never_lost() {
        let usage = Usage::by_time([(5, 1.0), (7, 8.0), (29, 4.0), (-1, 9.0), (40, 9.0)], 0, 40, 10);
        assert_eq!(usage.values, [Some(8.0), None, Some(4.0), None]);
        assert_eq!(usage.sparkline(8.0), "█ ▄ ");
        assert_eq!((usage.peak(), usage.percent_above(4.0)), (Some(8.0), 50.0));
        let mut long = Usage { values: vec![Some(0.0); 1000] };
        long.values[437] = Some(8.0);
        let row = long.sparkline(8.0);
        assert_eq!((row.chars().count(), row.matches('█').count()), (COLUMNS, 1));
        assert_eq!(Usage::default().sparkline(1.0), "");
        assert_eq!(Usage::default().percent_above(1.0), 0.0);
    }
}
