//! Specs that each CEL rule passes and refuses.

mod policy;
mod price_book;
mod recommendation;

pub use policy::POLICY;
pub use price_book::BOOK;
pub use recommendation::{CHANGES, PROFILE_CHANGES, RECOMMENDATION, WEB};

/// A rule for new objects: the start of its message, a spec that passes, a spec that does not.
pub type Case = (&'static str, &'static str, &'static str);

/// A rule about a change: the start of its message, the spec before, a change that passes, one that does not.
pub type Change = (&'static str, &'static str, &'static str, &'static str);
