//! A source that can be replaced while others hold it, as when its credentials change.
//!
//! In: a source, and later others of the same server. Out: the answers of the present one. A read ends with the source
//! with which it began.

use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;

use crate::{
    error::SourceError,
    source::{Batch, Freshness, ReadReport, ReadRequest, SampleSink, UsageSource},
};

/// A source that can be replaced.
pub struct ReplaceableSource {
    server: String,
    present: Mutex<Arc<dyn UsageSource>>,
}

impl ReplaceableSource {
    /// Begins with `source`.
    #[must_use]
    pub fn new(source: Arc<dyn UsageSource>) -> Self {
        Self { server: source.server().to_owned(), present: Mutex::new(source) }
    }

    /// Continues with `source`, which is of the same kind and server. Its circuit breaker is closed.
    pub fn replace(&self, source: Arc<dyn UsageSource>) {
        *self.present.lock() = source;
    }

    fn present(&self) -> Arc<dyn UsageSource> {
        self.present.lock().clone()
    }
}

#[async_trait]
impl UsageSource for ReplaceableSource {
    fn name(&self) -> &'static str {
        self.present().name()
    }

    fn server(&self) -> &str {
        &self.server
    }

    fn has_history(&self) -> bool {
        self.present().has_history()
    }

    fn plan(&self, request: &ReadRequest) -> Vec<Batch> {
        self.present().plan(request)
    }

    async fn read(&self, batch: &Batch, sink: &mut dyn SampleSink) -> Result<ReadReport, SourceError> {
        self.present().read(batch, sink).await
    }

    async fn check(&self, now_s: i64) -> Result<Freshness, SourceError> {
        self.present().check(now_s).await
    }

    async fn ask(&self, query: &str, now_s: i64) -> Result<Option<f64>, SourceError> {
        self.present().ask(query, now_s).await
    }

    fn circuit_open(&self) -> bool {
        self.present().circuit_open()
    }
}
