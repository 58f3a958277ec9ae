//! The existing plans. In: the writes of undisturbed runs. Out: one plan for each write and applicable fault, and a
//! sample of them.

use std::collections::BTreeMap;

use crate::{fault::Fault, scenario::Scenario};

/// One rollout with one fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The rollout.
    pub scenario: Scenario,
    /// The write it strikes.
    pub at: String,
    /// What goes wrong there.
    pub fault: Fault,
}

impl Plan {
    /// In one line.
    pub fn words(&self) -> String {
        format!("{}: {} at `{}`", self.scenario.words(), self.fault.words(), self.at)
    }
}

/// Whether `fault` is tried at the write `at` of `scenario`. `first` and `last`: it is the first or last write.
fn belongs(scenario: Scenario, fault: Fault, at: &str, first: bool, last: bool) -> bool {
    let event = at.starts_with("event ");
    let change = !event && !at.starts_with("status ");
    let recreated = matches!(scenario, Scenario::RecreatedMidway | Scenario::RecreatedAfter);
    let main = matches!(scenario, Scenario::Forward | Scenario::UndoneMidway | Scenario::UndoneAfter);
    match fault {
        Fault::None => false,
        Fault::KilledBefore | Fault::KilledAfter | Fault::ReplyLost => true,
        Fault::KilledAtEach => first,
        Fault::KilledTwice => change,
        Fault::Forbidden | Fault::Conflict | Fault::Throttled | Fault::Error500 => !event && (main || change),
        Fault::DoneBut504 | Fault::Unavailable503 => !event && (main || change),
        Fault::WatchesCut | Fault::AllStalled => !event && scenario != Scenario::Company,
        Fault::PodsStalled => !event && main,
        // The emergency stop is not read after the last write.
        Fault::StopUnreadable => !event && !last && !change && main,
        // Before the first status write nothing has begun, so nothing is undone.
        Fault::RejectedUnseen => !event && scenario == Scenario::Forward && at != "finalizer on",
        // One more write has to follow.
        Fault::StaleServer => !event && !last,
        // A proposal for a workload that is recreated in the same moment is about the one before or the one after.
        Fault::SecondProposal => !event && !recreated && scenario != Scenario::Company,
        // Each needs the cluster exclusively.
        Fault::GuardGap => {
            !event && matches!(scenario, Scenario::Forward | Scenario::UndoneMidway | Scenario::DeletedMidway)
        }
    }
}

/// All plans, in the order of scenarios, faults and writes.
pub fn plans(recorded: &BTreeMap<Scenario, Vec<String>>) -> Vec<Plan> {
    let mut plans = Vec::new();
    for (scenario, writes) in recorded {
        for fault in Fault::ALL {
            for (index, at) in writes.iter().enumerate() {
                let later = writes.iter().skip(index + 1).any(|w| !w.starts_with("event "));
                if belongs(*scenario, fault, at, index == 0, !later) {
                    plans.push(Plan { scenario: *scenario, at: at.clone(), fault });
                }
            }
        }
    }
    plans
}

/// `n` of the plans, spread over faults and scenarios: every fault comes before any is repeated, each time with another
/// scenario and another write.
pub fn sample(plans: &[Plan], n: usize) -> Vec<Plan> {
    let mut by_fault: BTreeMap<Fault, Vec<&Plan>> = BTreeMap::new();
    for plan in plans {
        by_fault.entry(plan.fault).or_default().push(plan);
    }
    let mut taken: Vec<Plan> = Vec::new();
    for round in 0.. {
        for (turn, list) in by_fault.values_mut().enumerate() {
            if taken.len() >= n || list.is_empty() {
                continue;
            }
            // A step coprime to most lengths, so that the sample does not follow the order of the lists.
            let wanted = Scenario::ALL.get((turn + round * 3) % Scenario::ALL.len());
            let from = list.iter().position(|p| Some(&p.scenario) == wanted).unwrap_or(0);
            let same = list.iter().filter(|p| p.scenario == list.get(from).map_or(Scenario::Forward, |p| p.scenario));
            let index = from + (turn * 5 + round * 7) % same.count().max(1);
            taken.push(list.remove(index.min(list.len() - 1)).clone());
        }
        if taken.len() >= n || by_fault.values().all(Vec::is_empty) {
            return taken;
        }
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn recorded() -> BTreeMap<Scenario, Vec<String>> {
        let writes = ["status Resizing 1/2 RollingOut", "event RolloutStarted", "resize up 1", "sizes put"];
        let writes: Vec<String> =
            writes.iter().chain(&["status Ended Applied Applied"]).map(ToString::to_string).collect();
        Scenario::ALL.into_iter().map(|s| (s, writes.clone())).collect()
    }

    #[test]
    fn every_write_is_struck_by_every_kill_and_every_fault_is_tried() {
        let plans = plans(&recorded());
        for scenario in Scenario::ALL {
            for fault in [Fault::KilledBefore, Fault::KilledAfter, Fault::ReplyLost] {
                let struck = plans.iter().filter(|p| p.scenario == scenario && p.fault == fault).count();
                assert_eq!(struck, 5, "{scenario:?} {fault:?}");
            }
        }
        for fault in Fault::ALL {
            assert!(plans.iter().any(|p| p.fault == fault), "{fault:?}");
        }
    }

    #[test]
    fn a_sample_has_every_fault_and_every_scenario_and_no_plan_twice() {
        let plans = plans(&recorded());
        let sample = sample(&plans, 30);
        let words: BTreeSet<String> = sample.iter().map(Plan::words).collect();
        assert_eq!((sample.len(), words.len()), (30, 30));
        for fault in Fault::ALL {
            assert!(sample.iter().any(|p| p.fault == fault), "{fault:?}");
        }
        for scenario in Scenario::ALL {
            assert!(sample.iter().any(|p| p.scenario == scenario), "{scenario:?}");
        }
    }

    #[test]
    fn a_sample_of_more_than_there_are_is_all_of_them() {
        let plans = plans(&recorded());
        assert_eq!(sample(&plans, plans.len() + 10).len(), plans.len());
    }
}
