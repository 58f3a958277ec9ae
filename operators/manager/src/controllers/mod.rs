//! The controllers, each in a file of its own: what it is made of, out of what all share. In: [`Shared`](crate::shared::Shared).
//! Out: the task of each, which ends by itself when the program does.

pub mod optimization_policy;
pub mod price_book;
pub mod recommendation;
pub mod sizes;
pub mod usage_profile;
