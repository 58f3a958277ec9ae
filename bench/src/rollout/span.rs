//! What a control plane uses in a span of time, and who asked it for what.
//!
//! In: a plane whose API server is a process of its own. Out: the processor time of the API server and of the rest,
//! and the audit log. Nothing here asks the API server: `/proc` and the log are files.

use std::time::Duration;

use anyhow::Result;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use trimtab_e2e::{AuditEvent, Plane};

/// What a control plane used in a span of time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// How long the span was, in seconds.
    pub seconds: f64,
    /// Processor time of the API server, in seconds.
    pub apiserver: f64,
    /// Processor time of etcd, the controllers and the scheduler, in seconds.
    pub others: f64,
}

impl Cost {
    /// Processor time of all of it, in seconds.
    pub fn all(self) -> f64 {
        self.apiserver + self.others
    }
}

/// A span of time that has begun.
#[derive(Debug)]
pub struct Span<'p> {
    plane: &'p Plane,
    begun: Instant,
    apiserver: Duration,
    others: Duration,
    mark: u64,
}

impl<'p> Span<'p> {
    /// Begins one.
    ///
    /// # Errors
    /// When the API server is no process of its own, or there is no audit log.
    pub fn begin(plane: &'p Plane) -> Result<Self> {
        let (mark, begun) = (plane.audit().mark()?, Instant::now());
        let (apiserver, others) = (plane.apiserver_usage()?.cpu, plane.process().usage()?.cpu);
        Ok(Self { plane, begun, apiserver, others, mark })
    }

    /// What was used so far.
    ///
    /// # Errors
    /// When a process has ended.
    pub fn cost(&self) -> Result<Cost> {
        let since = |now: Duration, then: Duration| now.saturating_sub(then).as_secs_f64();
        Ok(Cost {
            seconds: self.begun.elapsed().as_secs_f64(),
            apiserver: since(self.plane.apiserver_usage()?.cpu, self.apiserver),
            others: since(self.plane.process().usage()?.cpu, self.others),
        })
    }

    /// The requests so far.
    ///
    /// # Errors
    /// When the audit log cannot be read.
    pub fn requests(&self) -> Result<Vec<AuditEvent>> {
        self.plane.audit().since(self.mark)
    }
}
