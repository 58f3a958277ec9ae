//! The test bed: a real Kubernetes control plane, simulated nodes, Prometheus and faults, for end-to-end tests.
//!
//! Everything listens on free ports of 127.0.0.1, keeps its files in a temporary directory and ends with the value that
//! started it; a [`watchdog`] also ends it if the test process is killed. Nothing is skipped silently: a missing
//! dependency is an error that says what to install. Only a real node ([`RealNode`]) needs root: without it, its tests
//! report that they are skipped, and why.
//!
//! Environment: `PLANE_BIN`, `PROMETHEUS_DIR` and `HELM_DIR` name what `e2e/build.sh`, `e2e/prometheus.sh` and
//! `e2e/helm.sh` print (they are run if the variables are not set), `TRIMTAB_BIN` the program under test,
//! `TRIMTAB_IMAGE` the image under test, `TRIMTAB_PLANE` and `TRIMTAB_PLANE_VERSION` another Kubernetes for the tests
//! that take one ([`Kubernetes`]), `E2E_KEEP=1` keeps the directories.

mod api_control;
pub mod audit;
mod authority;
pub mod backfill;
pub mod fake_prometheus;
pub mod faulty_http;
mod in_pod;
mod kubernetes;
pub mod kwok;
mod metrics_server;
mod node;
mod paths;
mod plane;
mod ports;
mod process;
mod prometheus;
pub mod query_log;
mod trimtab;
mod users;
mod wait;
pub mod watchdog;
mod work_dir;

pub use audit::{AuditEvent, AuditLog};
pub use authority::Authority;
pub use backfill::{Backfill, Samples, Series};
pub use fake_prometheus::{FakePrometheus, FakeSeries};
pub use faulty_http::{Fault, FaultyHttp};
pub use in_pod::{InPod, PodRuntime};
pub use kubernetes::Kubernetes;
pub use kwok::{FakeNode, Kwok};
pub use metrics_server::MetricsServer;
pub use node::{IMAGE, Limits, NodeRuntime, RealNode, SELECTOR, skipped};
pub use paths::{helm_dir, plane_bin, prometheus_dir, repository, trimtab_bin};
pub use plane::{Audit, Plane, PlaneOptions};
pub use ports::{free_port, has_ipv6};
pub use process::{Process, Usage};
pub use prometheus::{Prometheus, PrometheusOptions, Sample};
pub use trimtab::{Output, Trimtab};
pub use users::rule;
pub use wait::eventually;
pub use work_dir::WorkDir;
