//! Every reason that blocks a rollout, at its start or later, for the documentation. In: the chains. Out: a row each.

use trimtab_engine::{
    approval_guard,
    gate::{Gate, Inputs, Reason},
};
use trimtab_rollout::start_gates;

use crate::{FORWARD, START};

/// A reason, and the gate that it belongs to.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The name of the gate.
    pub gate: &'static str,
    /// Whether it also blocks a rollout under way.
    pub forward: bool,
    /// The reason.
    pub reason: Reason,
}

/// All reasons, in the order of evaluation. A gate of both the surroundings and the machine is one gate.
pub fn all() -> Vec<Row> {
    let mut rows: Vec<Row> = START.iter().flat_map(rows_of).collect();
    for row in start_gates::START.iter().chain([&start_gates::BASELINE]).flat_map(rows_of) {
        if rows.iter().all(|known| known.reason != row.reason) {
            let after = rows.iter().rposition(|known| known.gate == row.gate).map_or(rows.len(), |last| last + 1);
            rows.insert(after, row);
        }
    }
    let guard = approval_guard::REASONS.iter();
    rows.extend(guard.map(|reason| Row { gate: approval_guard::NAME, forward: true, reason: *reason }));
    rows
}

fn rows_of<I: Inputs>(gate: &Gate<I>) -> Vec<Row> {
    let forward = FORWARD.iter().any(|g| g.name == gate.name);
    gate.reasons.iter().map(|reason| Row { gate: gate.name, forward, reason: *reason }).collect()
}
