//! The gates that every kind of change has. Each is one small file with a function that makes it for a chain; the target has a
//! check, since which kinds can be changed depends on the change.

pub mod back_off;
pub mod concurrency;
pub mod cooldown;
pub mod emergency_stop;
pub mod mode;
pub mod policy;
pub mod rate;
pub mod target;
pub mod window;
pub mod world;
