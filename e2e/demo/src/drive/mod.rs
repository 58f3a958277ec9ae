//! What the demo drives: a cluster and the objects applied to it, the feed of its Prometheus, Trimtab, and a shell.
//!
//! In: [`Args`](crate::args::Args), and each part's inputs. Out: effects. The parts are independent of the demo's path.

pub mod apply;
mod cluster;
pub mod feed;
mod fold;
pub mod install;
pub mod operator;
pub mod pods;
mod shell;

pub use cluster::Cluster;
pub use install::{APPROVER, Installed};
pub use operator::Operator;
pub use shell::{Said, Shell};
