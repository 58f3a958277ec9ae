//! Leader election. In: the Lease in Trimtab's namespace. Out: whether this instance leads, until the very end.

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use trimtab_runtime::{
    Leadership,
    lease::{self, LeaseOptions},
};

use crate::process::Process;

/// The name of the Lease.
const LEASE: &str = "trimtab-controller";

/// The election in which this instance takes part. It outlives the signal: the final writes still need the Lease.
pub struct Election {
    stop: CancellationToken,
    task: Option<JoinHandle<()>>,
}

impl Election {
    /// Joins the election. If a single instance is guaranteed, it leads without one.
    pub fn start(process: &Process) -> anyhow::Result<(Leadership, Self)> {
        let stop = CancellationToken::new();
        if process.args.no_leader_election {
            return Ok((lease::alone(LEASE, &process.metrics), Self { stop, task: None }));
        }
        let options = LeaseOptions::new(LEASE, &process.namespace, &process.identity);
        let (leadership, task) = lease::elect(&process.client, options, process.metrics.clone(), stop.clone())?;
        Ok((leadership, Self { stop, task: Some(task) }))
    }

    /// Releases the Lease.
    pub async fn end(self) {
        self.stop.cancel();
        if let Some(task) = self.task {
            let _ = task.await;
        }
    }
}
