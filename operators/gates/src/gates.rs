//! The chains of gates, one for each purpose, in the order of evaluation. Each gate is one small file, here or, where every
//! kind of change has it, in the engine.

mod autoscaler;
mod data;
mod delivery;
mod disruption_budget;
mod in_place;
mod limit_range;
mod memory_decrease;
mod node_fit;
mod other_recommendation;
mod ownership;
mod proposal;
mod qos;
mod quota;
mod resize_policy;
mod rollout;
mod target;
mod vertical_autoscaler;

use trimtab_engine::{
    gate::Gate,
    gates::{concurrency, cooldown, emergency_stop, mode, policy, rate, window, world},
};

use crate::input::Surroundings;

/// The gates for starting a rollout: first what concerns all workloads, then this one, then the time, then the change.
pub const START: &[Gate<Surroundings>] = &[
    emergency_stop::gate(),
    world::gate(),
    policy::gate(),
    target::GATE,
    other_recommendation::GATE,
    mode::gate(),
    proposal::GATE,
    data::GATE,
    window::gate(),
    cooldown::gate(),
    concurrency::gate(),
    rate::gate(),
    delivery::GATE,
    ownership::GATE,
    rollout::GATE,
    autoscaler::GATE,
    vertical_autoscaler::GATE,
    disruption_budget::GATE,
    qos::GATE,
    in_place::GATE,
    limit_range::GATE,
    quota::GATE,
    node_fit::GATE,
    memory_decrease::GATE,
    resize_policy::GATE,
];

/// The gates that also block a rollout under way. None of them blocks an undo.
pub const FORWARD: &[Gate<Surroundings>] = &[emergency_stop::gate(), policy::gate(), mode::gate()];
