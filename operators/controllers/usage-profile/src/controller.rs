//! The loop: when this instance begins to lead it restores histories; then it samples, and writes what is new.
//!
//! In: leadership, the world, a source without a past. Out: histories in the store, and profiles. Wiring only.

use std::{fmt, future::ready, sync::Arc, time::Duration};

use jiff::Timestamp;
use kube::Client;
use tokio::{
    sync::watch,
    time::{Instant, MissedTickBehavior, interval, sleep},
};
use trimtab_api::runbooks::Runbooks;
use trimtab_metrics_sources::UsageSource;
use trimtab_runtime::{
    Explain, Metrics, Terms, Writer,
    backoff::Backoff,
    events::Events,
    metrics::{ControllerMetrics, Outcome},
    terms::Over,
    with_timeout,
};
use trimtab_usage_history::{UsageStore, WorldResolver, world};
use trimtab_world::World;

use crate::{health::Health, keeper::ProfileWriter, restore, settings::Settings};

/// This controller's name in metrics and field managers (`trimtab-usage-profile`).
pub const CONTROLLER: &str = "usage-profile";

/// How many profiles are written concurrently in normal operation, and at shutdown.
const WRITES_AT_ONCE: (usize, usize) = (4, 24);

/// Returns which namespaces are sampled. Called before each sampling.
pub type NamespacesOfInterest = Arc<dyn Fn() -> Vec<String> + Send + Sync>;

/// The dependencies of sampling.
pub struct Sampler {
    /// Reads profiles back.
    pub client: Client,
    /// The cluster.
    pub world: Arc<World>,
    /// The source: metrics-server.
    pub source: Arc<dyn UsageSource>,
    /// Where histories are stored. Empty while this instance does not lead.
    pub store: Arc<UsageStore>,
    /// The namespaces that are sampled.
    pub namespaces: NamespacesOfInterest,
    /// Writes under `trimtab-usage-profile`.
    pub writer: Writer,
    /// Publishes events under this controller's name.
    pub events: Events,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// Where messages lead.
    pub runbooks: Runbooks,
    /// Becomes true when histories have been restored, and false when leadership is lost. Nothing may be decided on the
    /// store before.
    pub ready: watch::Sender<bool>,
}

impl fmt::Debug for Sampler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sampler").field("source", &self.source.server()).finish_non_exhaustive()
    }
}

/// Restores, samples and writes during the terms in which this instance leads. At shutdown, new data is written within
/// `settings.shutdown`; for that, leadership must outlive the token of `terms` by as much.
pub async fn run(sampler: Sampler, mut terms: Terms, settings: Settings, now: fn() -> Timestamp) {
    sampler.metrics.set_circuit(sampler.source.name(), sampler.source.circuit_open());
    while terms.begin(ready(())).await {
        let mut term = Term::new(&sampler, settings, now);
        if term.serve(&mut terms).await == Over::Shutdown {
            term.finish().await;
            return;
        }
        // Another instance records now; what it writes is read back when this one leads again.
        sampler.ready.send_replace(false);
        sampler.store.clear();
    }
}

/// A term in which this instance leads.
struct Term<'a> {
    sampler: &'a Sampler,
    settings: Settings,
    now: fn() -> Timestamp,
    keeper: ProfileWriter,
    health: Health,
    restored: bool,
}

impl<'a> Term<'a> {
    fn new(sampler: &'a Sampler, settings: Settings, now: fn() -> Timestamp) -> Self {
        let keeper = ProfileWriter::new(
            sampler.world.clone(),
            sampler.store.clone(),
            sampler.writer.clone(),
            sampler.events.clone(),
            sampler.metrics.clone(),
            sampler.runbooks.clone(),
            seconds(settings.profile_interval),
        );
        Self { sampler, settings, now, keeper, health: Health::default(), restored: false }
    }

    /// Restores, and then runs passes until the term is over; returns why it is. Work under way is dropped then, at any
    /// point: each request is complete in itself, and its effect is seen the next time.
    async fn serve(&mut self, terms: &mut Terms) -> Over {
        let restored = async {
            self.sampler.world.wait_synced().await;
            self.restore().await;
        };
        if let Err(over) = terms.within(restored).await {
            return over;
        }
        self.restored = true;
        self.sampler.ready.send_replace(true);
        let metrics = self.sampler.metrics.controller(CONTROLLER, 1);
        let mut ticks = interval(self.settings.sample_interval.max(Duration::from_secs(1)));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            if let Err(over) = terms.within(ticks.tick()).await {
                return over;
            }
            if let Err(over) = self.pass(terms, &metrics).await {
                return over;
            }
        }
    }

    /// Samples, and writes what is due.
    ///
    /// # Errors
    /// Why the term was over before the pass was. That is no failure of the pass.
    async fn pass(&mut self, terms: &mut Terms, metrics: &ControllerMetrics) -> Result<(), Over> {
        let pass = metrics.start();
        let work = async {
            self.sample().await;
            self.write_due().await;
        };
        if let Err(over) = terms.within(work).await {
            pass.cut_off();
            return Err(over);
        }
        let failed = self.health == Health::Failing || self.keeper.is_failing;
        pass.finish(if failed { Outcome::Error } else { Outcome::RequeueAfter });
        Ok(())
    }

    /// Retries until it succeeds: without the past, decisions would be wrong.
    async fn restore(&mut self) {
        let interval_s = seconds(self.settings.profile_interval);
        let mut attempt: u32 = 0;
        loop {
            let begun = Instant::now();
            let page_size = self.settings.page_size;
            let result =
                restore::restore(&mut self.keeper, &self.sampler.client, page_size, interval_s, (self.now)()).await;
            let Err(error) = result else {
                tracing::debug!(seconds = begun.elapsed().as_secs_f64(), "restored");
                return;
            };
            attempt = attempt.saturating_add(1);
            self.sampler.metrics.count_error(CONTROLLER, "restore", &error);
            if attempt == 1 {
                let what_to_do = error.what_to_do();
                tracing::warn!(%error, what_to_do, "usage histories cannot be restored; nothing is sampled until they are");
            }
            sleep(Backoff { cap: Duration::from_secs(60), ..Backoff::default() }.delay(attempt, 1.0)).await;
        }
    }

    async fn sample(&mut self) {
        self.keeper.follow_world();
        let Sampler { world, source, store, namespaces, metrics, .. } = self.sampler;
        let names: Vec<String> = namespaces().into_iter().filter(|n| world.namespace(n).is_some()).collect();
        if names.is_empty() {
            return;
        }
        let now_s = (self.now)().as_second();
        let loads = names.iter().map(|n| world::load(world, n)).collect();
        let step_s = seconds(self.settings.sample_interval);
        let result = store.sample(&**source, loads, now_s, step_s, &WorldResolver(world)).await;
        self.health.note(&result, &**source, metrics);
        self.keeper.admit(now_s);
    }

    async fn write_due(&mut self) {
        let now = (self.now)();
        let due = self.keeper.schedule.due(now.as_second(), seconds(self.settings.sample_interval));
        let written = self.keeper.write(due, WRITES_AT_ONCE.0, now).await;
        if written > 0 {
            tracing::debug!(written, "usage profiles written");
        }
    }

    /// Writes all new data, as far as time and leadership allow.
    async fn finish(mut self) {
        if !self.restored {
            return;
        }
        self.keeper.follow_world();
        let all = self.keeper.schedule.all();
        let writing = self.keeper.write(all, WRITES_AT_ONCE.1, (self.now)());
        match with_timeout("write usage profiles", self.settings.shutdown, writing).await {
            Ok(written) => tracing::info!(written, "usage profiles written before the end"),
            Err(timeout) => tracing::warn!(%timeout, "some usage profiles were not written before the end"),
        }
    }
}

fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX).max(1)
}

#[cfg(test)]
#[path = "controller_tests.rs"]
mod tests;
