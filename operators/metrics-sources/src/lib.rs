//! Sources of usage metrics: one trait, [`UsageSource`], and an adapter for each kind of server.
//!
//! In: which namespaces to read, and the time span. Out: per container, samples that are ready to be judged, one
//! container and metric at a time, into a [`SampleSink`]. A sink never sees a raw counter, a duplicate, a NaN, or half
//! of an answer.

mod attempts;
pub mod circuit;
pub mod counter;
pub mod error;
pub mod metrics_server;
pub mod origin;
pub mod place;
pub mod prometheus;
mod replaceable;
pub mod report;
pub mod runs;
pub mod source;
pub mod spread;

pub use error::{Responsible, SourceError};
pub use metrics_server::MetricsServerSource;
pub use origin::{Difference, Origin};
pub use place::{Nodes, Place, Stranger};
pub use prometheus::{
    Bearer, Ca, ConfigError, LabelNames, PrometheusConfig, PrometheusSettings, PrometheusSource, ServiceProxy,
    UnusableSource, system_trust,
};
pub use replaceable::ReplaceableSource;
pub use runs::{RunNames, RunsByNamespace};
pub use source::{
    Batch, Freshness, Metric, NamespaceLoad, Pods, RUN_STEP_S, ReadKind, ReadReport, ReadRequest, Sample, SampleSink,
    SeriesKey, Together, UsageSource, read_batch,
};
