//! Specs that each CEL rule accepts and rejects.

mod policy;
mod price_book;
mod recommendation;

pub use policy::POLICY;
pub use price_book::BOOK;
pub use recommendation::{CHANGES, PROFILE_CHANGES, RECOMMENDATION, WEB};

/// A rule for new objects: the start of its message, a valid spec, an invalid spec.
pub type Case = (&'static str, &'static str, &'static str);

/// A rule for updates: the start of its message, the spec before, a valid change, an invalid change.
pub type Change = (&'static str, &'static str, &'static str, &'static str);
