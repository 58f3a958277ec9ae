//! What all controllers share. In: the process, its caches, usage feeds, leadership. Out: one value, from which each
//! controller takes what it needs.

use std::sync::Arc;

use anyhow::Context;
use trimtab_admission_sizes::AppliedSizesWriter;
use trimtab_optimization_policy::feed::Feeds;
use trimtab_pricing::PriceTable;
use trimtab_runtime::{Leadership, Terms, Writer, events::Events};

use crate::{caches::Caches, process::Process};

/// The field manager of AppliedSizes objects, without the prefix `trimtab-`.
const SIZES: &str = "sizes";

/// What all controllers share.
pub struct Shared {
    /// The process and its connection.
    pub process: Process,
    /// All watches.
    pub caches: Caches,
    /// Usage.
    pub feeds: Feeds,
    /// The sizes that admission gives new pods: one keeper, so that writes of one namespace are sequential.
    pub sizes: AppliedSizesWriter,
    /// List prices.
    pub prices: Arc<PriceTable>,
    leadership: Leadership,
}

impl Shared {
    /// Assembles them.
    pub fn new(process: Process, caches: Caches, feeds: Feeds, leadership: Leadership) -> anyhow::Result<Self> {
        let prices = Arc::new(PriceTable::built_in().context("the built-in price table is damaged")?);
        let sizes = AppliedSizesWriter::with(caches.applied.clone(), writer(&process, SIZES, &leadership));
        Ok(Self { process, caches, feeds, sizes, prices, leadership })
    }

    /// The terms in which this instance leads.
    pub fn terms(&self) -> Terms {
        Terms::new(self.leadership.clone(), self.process.stop.clone())
    }

    /// Writes under the name of `controller`, while this instance leads.
    pub fn writer(&self, controller: &str) -> Writer {
        writer(&self.process, controller, &self.leadership)
    }

    /// Events under the name of `controller`, while this instance leads.
    pub fn events(&self, controller: &str) -> Events {
        let Process { client, identity, metrics, .. } = &self.process;
        Events::new(client.clone(), controller, identity, self.leadership.clone(), metrics.clone())
    }
}

fn writer(process: &Process, controller: &str, leadership: &Leadership) -> Writer {
    Writer::new(process.client.clone(), format!("trimtab-{controller}"), leadership.clone())
}
