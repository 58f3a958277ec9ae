//! A source of usage that has no answer, and takes a second to say so: time in which others may come first.

use std::time::Duration;

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

    async fn ask(&self, _: &str, _: i64) -> Result<Option<f64>, SourceError> {
        tokio::time::sleep(Duration::from_secs(1)).await;
        Ok(None)
    }
}
