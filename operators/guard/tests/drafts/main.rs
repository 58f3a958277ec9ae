//! The drafts of admission policies that are installed nowhere yet, held to what they are to decide.
//!
//! In: `drafts/` and `policies/`, and requests. Out: failures. The rules are evaluated without a server, by the same
//! interpreter that evaluates the rules of the schemas. It checks neither their types nor their cost.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod actions;
mod identities;
mod policy;
mod requests;
mod today;
