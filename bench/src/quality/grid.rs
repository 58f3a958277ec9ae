//! The constants that cross-validation chooses from.
//!
//! In: a resource. Out: every combination of a few values of each constant, around those of the profiles.

use trimtab_sizing::SizingRules;

use super::points::Resource;

/// Some constants.
pub struct Candidate {
    /// What they are.
    pub name: String,
    /// Rules with them.
    pub rules: SizingRules,
}

/// A constant: its name, its values, and its place in the rules.
struct Constant {
    name: &'static str,
    values: &'static [f64],
    put: fn(&mut SizingRules, f64),
}

const MEMORY: [Constant; 6] = [
    Constant {
        name: "price",
        values: &[5.5, 11.0, 22.0, 32.0, 42.0],
        put: |rules, value| rules.memory.overrun_price = value,
    },
    Constant { name: "spread", values: &[1.2, 1.5, 2.0], put: |rules, value| rules.memory.spread = value },
    Constant { name: "headroom", values: &[3.0, 4.5, 6.0], put: |rules, value| rules.memory.headroom_percent = value },
    Constant { name: "reach", values: &[3.0, 6.0, 20.0], put: |rules, value| rules.memory.reach_percent = value },
    Constant { name: "half-life", values: &[2.0, 3.3, 7.0], put: |rules, value| rules.memory.half_life_days = value },
    Constant { name: "exponent", values: &[0.3, 0.42, 0.65], put: |rules, value| rules.memory.scale_exponent = value },
];

const CPU: [Constant; 5] = [
    Constant { name: "price", values: &[4.3, 13.0, 30.0, 75.0], put: |rules, value| rules.cpu.overrun_price = value },
    Constant { name: "headroom", values: &[1.0, 2.0, 8.0], put: |rules, value| rules.cpu.headroom_percent = value },
    Constant { name: "percentile", values: &[83.0, 92.0, 95.0], put: |rules, value| rules.cpu.percentile = value },
    Constant { name: "half-life", values: &[0.5, 1.6, 3.0], put: |rules, value| rules.cpu.half_life_days = value },
    Constant { name: "exponent", values: &[0.17, 0.5], put: |rules, value| rules.cpu.scale_exponent = value },
];

/// Every combination for one resource.
pub fn candidates(resource: Resource) -> Vec<Candidate> {
    let constants: &[Constant] = match resource {
        Resource::Cpu => &CPU,
        Resource::Memory => &MEMORY,
    };
    let mut all = vec![Candidate { name: String::new(), rules: SizingRules::default() }];
    for constant in constants {
        let with = |candidate: &Candidate, value: f64| {
            let mut rules = candidate.rules.clone();
            (constant.put)(&mut rules, value);
            let comma = if candidate.name.is_empty() { "" } else { ", " };
            Candidate { name: format!("{}{comma}{} {value}", candidate.name, constant.name), rules }
        };
        all = all.iter().flat_map(|candidate| constant.values.iter().map(|value| with(candidate, *value))).collect();
    }
    all
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn every_combination_is_there_once_and_consistent() {
        for (resource, count) in [(Resource::Memory, 5 * 3 * 3 * 3 * 3 * 3), (Resource::Cpu, 4 * 3 * 3 * 3 * 2)] {
            let all = candidates(resource);
            assert_eq!(all.len(), count);
            let names: std::collections::BTreeSet<&str> = all.iter().map(|candidate| candidate.name.as_str()).collect();
            assert_eq!(names.len(), count);
            for candidate in &all {
                candidate.rules.clone().validated().expect("consistent");
            }
        }
    }
}
