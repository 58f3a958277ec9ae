//! The result of a session, as a table. In: a session. Out: text.

use std::{collections::BTreeMap, time::Duration};

use crate::{scenario::Scenario, session::Session};

/// The recorded writes, the plans by kind, and those that ended differently.
pub fn table(session: &Session) -> String {
    let mut text = String::from("writes of the undisturbed rollouts\n");
    for (scenario, writes) in &session.recorded {
        text.push_str(&format!("  {}: {}\n", scenario.words(), writes.join(", ")));
    }
    let mut rows: BTreeMap<_, BTreeMap<Scenario, (usize, usize)>> = BTreeMap::new();
    for tried in &session.tried {
        let cell = rows.entry(tried.plan.fault).or_default().entry(tried.plan.scenario).or_default();
        cell.0 += 1;
        cell.1 += usize::from(!tried.wrong.is_empty());
    }
    text.push_str("\nplans by fault and rollout\n");
    for (n, scenario) in Scenario::ALL.iter().enumerate() {
        text.push_str(&format!("  {} = {}\n", n + 1, scenario.words()));
    }
    text.push_str(&format!("  {:32}", "fault"));
    (1..=Scenario::ALL.len()).for_each(|n| text.push_str(&format!("{n:>5}")));
    text.push_str("  all  otherwise\n");
    for (fault, cells) in &rows {
        text.push_str(&format!("  {:32}", fault.words()));
        for scenario in Scenario::ALL {
            let n = cells.get(&scenario).map_or_else(|| "-".to_owned(), |(n, _)| n.to_string());
            text.push_str(&format!("{n:>5}"));
        }
        let (all, wrong) = cells.values().fold((0, 0), |sum, c| (sum.0 + c.0, sum.1 + c.1));
        text.push_str(&format!("{all:>5}{wrong:>11}\n"));
    }
    let wrong = session.tried.iter().filter(|t| !t.wrong.is_empty()).count();
    let mut times: Vec<Duration> = session.tried.iter().map(|t| t.took).collect();
    times.sort();
    let at = |share: usize| times.get(times.len().saturating_sub(1) * share / 100).map_or(0.0, Duration::as_secs_f64);
    let kills: usize = session.tried.iter().map(|t| t.killed).sum();
    let (resizes, repeated) = session.tried.iter().fold((0, 0), |s, t| (s.0 + t.resizes.0, s.1 + t.resizes.1));
    text.push_str(&format!(
        "\n{} of {} plans in {:.0} s: {wrong} ended otherwise than undisturbed; {kills} kills; {resizes} resizes accepted, \
         {repeated} of them changed nothing; from decision to end p50 {:.1} s, p90 {:.1} s, most {:.1} s\n",
        session.tried.len(),
        session.all,
        session.wall.as_secs_f64(),
        at(50),
        at(90),
        at(100)
    ));
    for tried in session.tried.iter().filter(|t| !t.wrong.is_empty()) {
        text.push_str(&format!("\n{}\n", tried.plan.words()));
        for wrong in &tried.wrong {
            text.push_str(&format!("  {}\n", wrong.replace('\n', "\n  ")));
        }
    }
    text
}
