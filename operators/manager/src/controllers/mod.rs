//! The controllers, each assembled in its own file from what all share. In: [`Shared`](crate::shared::Shared). Out: the
//! task of each, which ends by itself at shutdown.

pub mod optimization_policy;
pub mod price_book;
pub mod recommendation;
pub mod sizes;
pub mod usage_profile;
