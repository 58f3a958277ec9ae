//! Leader election. In: the Lease in Trimtab's namespace, and whether this instance is eligible. Out: whether it leads,
//! until the very end.

use tokio::{sync::watch, task::JoinHandle};
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
    task: JoinHandle<()>,
}

impl Election {
    /// Joins the election. If a single instance is guaranteed, it leads without one, also only while it is `eligible`.
    pub fn start(process: &Process, eligible: watch::Receiver<bool>) -> anyhow::Result<(Leadership, Self)> {
        let stop = CancellationToken::new();
        let metrics = process.metrics.clone();
        let (leadership, task) = match process.args.no_leader_election {
            true => lease::alone(LEASE, metrics, eligible, stop.clone()),
            false => {
                let options = LeaseOptions::new(LEASE, &process.namespace, &process.identity);
                lease::elect(&process.client, options, metrics, eligible, stop.clone())?
            }
        };
        Ok((leadership, Self { stop, task }))
    }

    /// Releases the Lease.
    pub async fn end(self) {
        self.stop.cancel();
        let _ = self.task.await;
    }
}
