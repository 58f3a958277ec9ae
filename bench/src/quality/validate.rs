//! Constants chosen on some series and judged on others.
//!
//! In: the points of each set. Out: for each profile and resource, how constants perform on series not used to choose
//! them. The series of each set are dealt into folds by a seed. For each fold, the constants of a grid that are best on
//! the other folds are tried on it; the folds together then contain every series once, each judged by constants chosen
//! without it. Trimtab's own constants are judged on the same folds: where they do no better than the chosen ones, they
//! gained nothing from having seen the series.

use trimtab_sizing::{Profile, SizingRules};

use super::{
    curve::PROFILES,
    grid,
    points::{Points, Resource, Tally, sum},
    synthetic::Random,
};

/// Folds.
const FOLDS: usize = 5;
/// The weight of a request above the goal against that of an overrun, both as logarithms.
const SIZE_PRICE: f64 = 10.0;

/// The reference of a profile, and the share of its size allowed.
struct Goal {
    name: &'static str,
    reference: fn(&Points, Resource) -> Vec<Tally>,
    size: f64,
}

fn goal(profile: Profile, resource: Resource) -> Goal {
    let (vpa, krr) = (Points::vpa as fn(&Points, Resource) -> Vec<Tally>, Points::krr as _);
    let (name, reference, size) = match (resource, profile) {
        (Resource::Memory, Profile::Savings) => ("VPA", vpa, 0.90),
        (Resource::Memory, Profile::Balanced) => ("VPA", vpa, 1.05),
        (Resource::Memory, Profile::Resilient) => ("KRR", krr, 0.91),
        (Resource::Cpu, Profile::Savings) => ("VPA", vpa, 0.88),
        (Resource::Cpu, Profile::Balanced) => ("VPA", vpa, 0.94),
        (Resource::Cpu, Profile::Resilient) => ("VPA", vpa, 1.11),
    };
    Goal { name, reference, size }
}

/// One set of series: its points, the reference's result for each series, and the fold of each.
struct Judged<'a> {
    name: &'a str,
    reference: Vec<Tally>,
    folds: Vec<usize>,
}

/// Prints how constants perform on series not used to choose them.
pub fn print(sets: &[(String, Points)], seed: u64) {
    for resource in [Resource::Memory, Resource::Cpu] {
        let grid = grid::candidates(resource);
        // By candidate, set, and series.
        let tried: Vec<Vec<Vec<Tally>>> = grid
            .iter()
            .map(|candidate| sets.iter().map(|(_, points)| points.rules(resource, &candidate.rules)).collect())
            .collect();
        for (name, profile) in PROFILES {
            let goal = goal(profile, resource);
            let judged: Vec<Judged> = sets
                .iter()
                .zip(seed..)
                .map(|((name, points), seed)| {
                    let reference = (goal.reference)(points, resource);
                    Judged { name, folds: folds(reference.len(), seed), reference }
                })
                .collect();
            println!(
                "\n{name}, {}: as safe as can be at {:.2} of {}'s size; {} candidates, {FOLDS} folds",
                match resource {
                    Resource::Cpu => "CPU",
                    Resource::Memory => "memory",
                },
                goal.size,
                goal.name,
                grid.len()
            );
            let best: Vec<usize> = (0..FOLDS)
                .map(|fold| {
                    let loss = |tried: &Vec<Vec<Tally>>| loss(tried, &judged, goal.size, |nth| nth != fold);
                    let losses = tried.iter().map(loss).enumerate();
                    losses.min_by(|a, b| a.1.total_cmp(&b.1)).map_or(0, |(nth, _)| nth)
                })
                .collect();
            for (fold, nth) in best.iter().enumerate() {
                println!("  without fold {}: {}", fold + 1, grid.get(*nth).map_or("", |candidate| &candidate.name));
            }
            let chosen = |fold: usize| best.get(fold).and_then(|nth| tried.get(*nth)).map_or(&[][..], Vec::as_slice);
            report("chosen", &judged, goal.name, chosen);
            let rules = SizingRules::of(profile);
            let present: Vec<Vec<Tally>> = sets.iter().map(|(_, points)| points.rules(resource, &rules)).collect();
            report("present", &judged, goal.name, |_| &present);
        }
    }
}

/// The fold of each of `count` series.
fn folds(count: usize, seed: u64) -> Vec<usize> {
    let mut random = Random::new(seed.wrapping_add(1));
    let mut order: Vec<(u64, usize)> = (0..count).map(|nth| (random.next(), nth)).collect();
    order.sort_unstable();
    let mut folds = vec![0; count];
    for (place, (_, nth)) in order.into_iter().enumerate() {
        folds[nth] = place % FOLDS;
    }
    folds
}

/// The sum over the series whose fold is `wanted`.
fn part(tallies: &[Tally], folds: &[usize], wanted: impl Fn(usize) -> bool) -> Tally {
    sum(tallies.iter().zip(folds).filter(|(_, fold)| wanted(**fold)).map(|(tally, _)| *tally))
}

/// The overruns and the request, as shares of the reference's.
fn ratios(tally: Tally, reference: Tally) -> (f64, f64) {
    // A small amount added to both, so that a fold on which the reference is never over can be compared too.
    const HAIR: f64 = 0.05;
    ((tally.over_percent() + HAIR) / (reference.over_percent() + HAIR), tally.size() / reference.size())
}

/// How bad a candidate is on the `wanted` folds: the mean over the sets of the logarithm of the overruns, and of the
/// size beyond the goal. Each set has the same weight, so that sets of large machines do not decide for small ones.
fn loss(tried: &[Vec<Tally>], judged: &[Judged], size_goal: f64, wanted: impl Fn(usize) -> bool) -> f64 {
    let one = |(tallies, set): (&Vec<Tally>, &Judged)| {
        let (over, size) = ratios(part(tallies, &set.folds, &wanted), part(&set.reference, &set.folds, &wanted));
        over.ln() + SIZE_PRICE * (size / size_goal).ln().max(0.0)
    };
    tried.iter().zip(judged).map(one).sum::<f64>() / judged.len().max(1) as f64
}

/// Prints the held-out figures of each set, and their mean and spread over the folds.
fn report<'a>(what: &str, judged: &[Judged], reference: &str, by_fold: impl Fn(usize) -> &'a [Vec<Tally>]) {
    for (nth, set) in judged.iter().enumerate() {
        let held_out = |fold: usize| {
            let tallies = by_fold(fold).get(nth).map_or(&[][..], Vec::as_slice);
            (part(tallies, &set.folds, |of| of == fold), part(&set.reference, &set.folds, |of| of == fold))
        };
        let all = ratios(sum((0..FOLDS).map(|fold| held_out(fold).0)), sum((0..FOLDS).map(|fold| held_out(fold).1)));
        let folds: Vec<(f64, f64)> =
            (0..FOLDS).map(held_out).map(|(tally, reference)| ratios(tally, reference)).collect();
        let (over, over_spread) = mean_and_spread(folds.iter().map(|fold| fold.0));
        let (size, size_spread) = mean_and_spread(folds.iter().map(|fold| fold.1));
        println!(
            "  {what:<8} {:<22} over {:.3} of {reference}'s at {:.3} of its size; by fold {over:.2} ± {over_spread:.2} at {size:.2} ± {size_spread:.2}",
            set.name, all.0, all.1
        );
    }
}

/// The mean, and the standard deviation.
fn mean_and_spread(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let count = values.clone().count().max(1) as f64;
    let mean = values.clone().sum::<f64>() / count;
    (mean, (values.map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0).max(1.0)).sqrt())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn folds_are_of_a_size_and_hang_on_the_seed_alone() {
        let folds_of_40 = folds(40, 7);
        for fold in 0..FOLDS {
            assert_eq!(folds_of_40.iter().filter(|of| **of == fold).count(), 8);
        }
        assert_eq!(folds_of_40, folds(40, 7));
        assert_ne!(folds_of_40, folds(40, 8));
    }

    #[test]
    fn the_spread_is_the_deviation_of_a_sample() {
        let (mean, spread) = mean_and_spread([1.0, 2.0, 3.0].into_iter());
        assert!((mean - 2.0).abs() < 1e-12 && (spread - 1.0).abs() < 1e-12);
    }
}
