//! Waiting until every Deployment has its recommendation, by one watch: no list loop that would load the API server.

use std::{collections::HashSet, time::Duration};

use anyhow::{Context, Result, bail, ensure};
use futures::StreamExt;
use kube::{
    Api, Client,
    core::{ApiResource, DynamicObject},
    runtime::watcher::{self, Event},
};
use serde_json::Value;
use tokio::time::Instant;
use trimtab_e2e::Process;

/// A kind that holds recommendations, and how to recognise a complete one.
#[derive(Clone, Debug)]
pub struct Kind {
    /// The kind.
    pub resource: ApiResource,
    /// Whether an object contains a recommendation.
    pub complete: fn(&Value) -> bool,
}

/// When recommendations were seen, from the start of the process.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// The first.
    pub first: Duration,
    /// The last.
    pub all: Duration,
}

/// Waits until `wanted` objects of `kind` are complete.
///
/// # Errors
/// When the program ends, the watch fails, or `within` has passed.
pub async fn wait(
    client: &Client,
    kind: &Kind,
    wanted: usize,
    begun: Instant,
    within: Duration,
    program: &mut Process,
) -> Result<Seen> {
    let api: Api<DynamicObject> = Api::all_with(client.clone(), &kind.resource);
    let mut events = watcher::watcher(api, watcher::Config::default()).boxed();
    let (mut complete, mut first) = (HashSet::new(), None);
    let mut looks = tokio::time::interval(Duration::from_secs(1));
    loop {
        let event = tokio::select! {
            event = events.next() => event.context("the watch has ended")??,
            _ = looks.tick() => {
                if let Some(status) = program.exited()? {
                    bail!("it ended ({status}):\n{}", program.log());
                }
                ensure!(begun.elapsed() < within, "{} of {wanted} after {within:?}:\n{}", complete.len(), program.log());
                continue;
            }
        };
        let (Event::Apply(object) | Event::InitApply(object)) = event else { continue };
        if (kind.complete)(&object.data) {
            complete.insert((object.metadata.namespace, object.metadata.name));
            let first = *first.get_or_insert_with(|| begun.elapsed());
            if complete.len() >= wanted {
                return Ok(Seen { first, all: begun.elapsed() });
            }
        }
    }
}
