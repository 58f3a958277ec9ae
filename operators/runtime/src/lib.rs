//! The side effects that all controllers share.
//!
//! Decisions are made elsewhere, as pure functions; this crate executes them and reports the outcome. In: data (an
//! object to apply, an event to publish, a failed attempt). Out: a result with a typed error.
//!
//! | module | what it does |
//! |---|---|
//! | [`client`] | a Kubernetes client with counted requests, bounded retries and a deadline for every call |
//! | [`proxy`] | the proxy that a connection goes through |
//! | [`apply`] | server-side apply and the other writes, under one field manager, only while leader |
//! | [`events`] | one recorder per controller, in the background, rate limited per object |
//! | [`backoff`] | when a failed object is retried |
//! | [`metrics`] | the registry and the handles of every metric |
//! | [`admin`] | `/healthz`, `/readyz`, `/metrics` |
//! | [`access`] | access control for `/metrics`: TokenReview and SubjectAccessReview |
//! | [`lease`] | who may write: leader election with a fence |
//! | [`terms`] | the loop of a controller while this instance leads |
//! | [`shutdown`] | signals into a cancellation token |
//! | [`telemetry`] | logs, traces, redaction of secrets |
//! | [`timeout`] | a named deadline around a future |
//! | [`undecodable`] | objects that cannot be decoded as their kind |
//! | [`unaltered`] | whether an admission policy is as it was shipped |
//! | [`one_line`] | an error with its causes on one line, for logs and people |
//! | [`errors`] | what every error can say: who has to act, how severe it is, what to do |

pub mod access;
pub mod admin;
pub mod apply;
pub mod backoff;
pub mod client;
mod connection;
mod decoded;
pub mod errors;
pub mod events;
pub mod lease;
mod listen;
pub mod metrics;
pub mod one_line;
pub mod proxy;
pub mod shutdown;
pub mod store;
pub mod telemetry;
pub mod terms;
pub mod timeout;
pub mod unaltered;
pub mod undecodable;

pub use apply::{Answer, Applied, ApplyError, Precondition, Verb, Write, Writer};
pub use errors::{Class, Explain, Severity};
pub use lease::Leadership;
pub use metrics::Metrics;
pub use terms::Terms;
pub use timeout::{TimedOut, with_timeout};
