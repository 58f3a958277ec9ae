//! A source of usage that answers nothing: what rollouts ask of it is in no test here.

use async_trait::async_trait;
use trimtab_metrics_sources::{Batch, Freshness, ReadReport, ReadRequest, SampleSink, SourceError, UsageSource};

pub struct Meter;

#[async_trait]
impl UsageSource for Meter {
    fn name(&self) -> &'static str {
        "prometheus"
    }

    fn server(&self) -> &str {
        "test"
    }

    fn has_history(&self) -> bool {
        true
    }

    fn plan(&self, _: &ReadRequest) -> Vec<Batch> {
        Vec::new()
    }

    async fn read(&self, _: &Batch, _: &mut dyn SampleSink) -> Result<ReadReport, SourceError> {
        Ok(ReadReport::default())
    }

    async fn check(&self, _: i64) -> Result<Freshness, SourceError> {
        Ok(Freshness { newest_sample_s: None })
    }
}
