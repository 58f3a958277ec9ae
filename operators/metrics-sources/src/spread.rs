//! Spreads a counter's increases over the steps in which they occurred, if steps are finer than the scrape interval.
//!
//! In: one reading per step, of which several may be of one scrape, and the increases between them. Out: increases that
//! never exceed the rate between scrapes. Pure.
//!
//! Such a counter stands still for some steps and then moves by a whole scrape interval: in one step that would be a
//! multiple of the true usage. When it moves from one reading to the next, a scrape has just been made; so between two
//! such moves the steps are known exactly, whatever is missing in between. A counter that stood still for longer than a
//! scrape interval can be belongs to a container that was idle.

/// A move of the counter.
#[derive(Clone, Copy, Debug)]
struct Move {
    /// The step whose reading shows it.
    at: usize,
    /// The increase since the reading before.
    amount: f64,
    /// Whether the reading before is of the step before.
    clean: bool,
}

/// Spreads `increases` of `readings`, with scrapes that answer at most `most` steps beyond their own. `begins` means
/// that the first reading is the first of all: it was scraped in its own step.
pub fn spread(readings: &[f64], increases: &mut [f64], most: usize, begins: bool) {
    let mut fresh = begins;
    let mut start = 0;
    while let Some(base) = (start..readings.len()).find(|at| is_there(readings, *at)) {
        let end = (base + 1..readings.len())
            .find(|at| is_there(readings, *at) && !is_there(increases, *at))
            .unwrap_or(readings.len());
        Stretch { base, end, fresh, most, readings }.spread(increases);
        (fresh, start) = (false, end);
    }
}

fn is_there(values: &[f64], at: usize) -> bool {
    values.get(at).is_some_and(|value| !value.is_nan())
}

/// Readings that are near enough to give increases: the first is their base.
struct Stretch<'r> {
    base: usize,
    end: usize,
    /// Whether the base was scraped in its own step.
    fresh: bool,
    most: usize,
    readings: &'r [f64],
}

impl Stretch<'_> {
    fn spread(&self, increases: &mut [f64]) {
        let moves = self.moves(increases);
        let Some(last) = moves.last().copied() else { return };
        let period = self.period(&moves);
        let mut anchor = self.fresh.then_some(self.base);
        let mut amount = 0.0;
        for one in moves {
            amount += one.amount;
            if one.clean || one.at == last.at {
                self.fill(anchor, one.at, amount, period, increases);
                anchor = Some(one.at);
                amount = 0.0;
            }
        }
        // The increase since the last scrape is not known yet.
        if self.end - last.at <= period.unwrap_or(self.most + 1) {
            increases.iter_mut().take(self.end).skip(last.at + 1).for_each(|slot| *slot = f64::NAN);
        }
    }

    fn moves(&self, increases: &[f64]) -> Vec<Move> {
        let mut before = self.base;
        let mut moves = Vec::new();
        for at in self.base + 1..self.end {
            if !is_there(self.readings, at) {
                continue;
            }
            let increase = increases.get(at).copied().unwrap_or(f64::NAN);
            if increase > 0.0 {
                // A gap is a few steps, so the cast is exact.
                #[allow(clippy::cast_precision_loss)]
                moves.push(Move { at, amount: increase * (at - before) as f64, clean: at - before == 1 });
            }
            before = at;
        }
        moves
    }

    /// The minimum distance of two moves with nothing missing between them: the scrape interval in steps.
    fn period(&self, moves: &[Move]) -> Option<usize> {
        let whole = |pair: &&[Move]| pair.iter().all(|one| one.clean) && !self.misses(pair[0].at, pair[1].at);
        moves.windows(2).filter(whole).map(|pair| pair[1].at - pair[0].at).min()
    }

    fn misses(&self, from: usize, to: usize) -> bool {
        (from..=to).any(|at| !is_there(self.readings, at))
    }

    /// Gives each step after `anchor` up to `at` its share of the increase there.
    fn fill(&self, anchor: Option<usize>, at: usize, amount: f64, period: Option<usize>, increases: &mut [f64]) {
        let from = anchor.unwrap_or(self.base);
        let steps = at - from;
        if steps > self.most + 1 && !self.misses(from, at) {
            return;
        }
        let over = match (anchor, period) {
            (Some(_), _) => steps,
            // The base was scraped in the interval that ends with it: there are whole intervals between.
            (None, Some(period)) => steps.div_ceil(period) * period,
            (None, None) => steps + self.most,
        };
        // Steps of one batch, so the cast is exact.
        #[allow(clippy::cast_precision_loss)]
        let share = amount / over as f64;
        increases.iter_mut().take(at + 1).skip(from + 1).filter(|slot| !slot.is_nan()).for_each(|slot| *slot = share);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use proptest::prelude::*;

    use super::*;
    use crate::counter;

    const GAP: f64 = f64::NAN;

    fn spread_of(readings: &[f64], begins: bool) -> Vec<f64> {
        let mut increases = readings.to_vec();
        counter::increases(&mut increases);
        spread(readings, &mut increases, 3, begins);
        increases
    }

    #[test]
    fn an_increase_is_spread_over_the_steps_of_one_scrape() {
        let table: [(&str, bool, &[f64], &[f64]); 9] = [
            ("each step has a scrape", false, &[0.0, 3.0, 7.0], &[GAP, 3.0, 4.0]),
            ("every second has", true, &[0.0, 0.0, 6.0, 6.0, 14.0], &[GAP, 3.0, 3.0, 4.0, 4.0]),
            ("the base is of a scrape before", false, &[0.0, 6.0, 6.0, 14.0], &[GAP, 3.0, 4.0, 4.0]),
            ("idle all the time", false, &[0.0; 6], &[GAP, 0.0, 0.0, 0.0, 0.0, 0.0]),
            ("idle, then busy", true, &[0.0, 0.0, 0.0, 0.0, 0.0, 6.0], &[GAP, 0.0, 0.0, 0.0, 0.0, 6.0]),
            ("the rest is not told yet", true, &[0.0, 0.0, 6.0, 6.0, 12.0, 12.0], &[GAP, 3.0, 3.0, 3.0, 3.0, GAP]),
            ("idle to the end", true, &[0.0, 6.0, 6.0, 6.0, 6.0, 6.0, 6.0], &[GAP, 6.0, 0.0, 0.0, 0.0, 0.0, 0.0]),
            (
                "a gap hides a scrape",
                true,
                &[0.0, 0.0, GAP, 6.0, 12.0, 12.0, 18.0],
                &[GAP, 3.0, GAP, 3.0, 3.0, 3.0, 3.0],
            ),
            ("a long gap ends it", true, &[0.0, 6.0, GAP, GAP, 30.0, 36.0], &[GAP, 6.0, GAP, GAP, GAP, 1.5]),
        ];
        for (name, begins, readings, expected) in table {
            assert_eq!(format!("{:?}", spread_of(readings, begins)), format!("{expected:?}"), "{name}");
        }
    }

    proptest! {
        /// Scrapes of 30, 60, 90 or 120 seconds, whatever readings are missing.
        #[test]
        fn a_constant_rate_is_never_made_more_of(
            interval in 1usize..=4,
            offset in 0usize..4,
            begins in any::<bool>(),
            there in prop::collection::vec(prop::bool::weighted(0.8), 1..120),
        ) {
            let first = if begins { there.iter().position(|there| *there).unwrap_or(0) % interval } else { offset };
            let value = |step: usize| ((step + interval - first % interval) / interval * interval) as f64;
            let readings: Vec<f64> =
                there.iter().enumerate().map(|(step, there)| if *there { value(step) } else { GAP }).collect();
            let told: Vec<f64> = spread_of(&readings, begins).into_iter().filter(|v| !v.is_nan()).collect();
            prop_assert!(told.iter().all(|rate| *rate <= 1.0 + 1e-9), "{told:?}");
            if there.iter().all(|there| *there) && there.len() > 2 * interval + 4 {
                prop_assert!(told.iter().all(|rate| (rate - 1.0).abs() < 1e-9), "{told:?}");
            }
        }
    }
}
