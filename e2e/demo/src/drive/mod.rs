//! What the demo drives: a cluster and the objects applied to it, the chart's release, the feed of its Prometheus, Trimtab, and a
//! shell.
//!
//! In: [`Args`](crate::args::Args), and each part's inputs. Out: effects. The parts are independent of the demo's path.

pub mod apply;
mod cluster;
pub mod feed;
mod fold;
mod install;
mod launch;
pub mod operator;
pub mod pods;
pub mod release;
mod shell;

pub use cluster::Cluster;
pub use install::{APPROVER, Installed};
pub use launch::Launch;
pub use operator::Operator;
pub use release::Release;
pub use shell::{Programs, Said, Shell};
