//! The chains of gates, one for each purpose, in the order of evaluation. Each gate is one small file.

mod autoscaler;
mod concurrency;
mod cooldown;
mod data;
mod delivery;
mod disruption_budget;
mod emergency_stop;
mod in_place;
mod limit_range;
mod memory_decrease;
mod mode;
mod node_fit;
mod other_recommendation;
mod ownership;
mod policy;
mod proposal;
mod qos;
mod quota;
mod rate;
mod resize_policy;
mod rollout;
mod target;
mod vertical_autoscaler;
mod window;
mod world;

use trimtab_rollout::gate::Gate;

use crate::input::Surroundings;

/// The gates for starting a rollout: first what concerns all workloads, then this one, then the time, then the change.
pub const START: &[Gate<Surroundings>] = &[
    emergency_stop::GATE,
    world::GATE,
    policy::GATE,
    target::GATE,
    other_recommendation::GATE,
    mode::GATE,
    proposal::GATE,
    data::GATE,
    window::GATE,
    cooldown::GATE,
    concurrency::GATE,
    rate::GATE,
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
pub const FORWARD: &[Gate<Surroundings>] = &[emergency_stop::GATE, policy::GATE, mode::GATE];
