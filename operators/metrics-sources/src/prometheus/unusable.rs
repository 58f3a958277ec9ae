//! A server that cannot be queried yet: what authenticates Trimtab or the server is missing or not valid.
//!
//! In: the configuration without it, and what is wrong. Out: that error, for every read. It stands in for the server until
//! it is replaced (see [`crate::ReplaceableSource`]), so that all else goes on.

use async_trait::async_trait;

use super::{config::PrometheusConfig, plan};
use crate::{
    error::SourceError,
    source::{Batch, Freshness, ReadReport, ReadRequest, SampleSink, UsageSource},
};

/// A server whose credentials or certificates cannot be used.
#[derive(Clone, Debug)]
pub struct UnusableSource {
    server: String,
    max_points: u64,
    why: String,
}

impl UnusableSource {
    /// The server of `config`. `why` names the file or the Secret and what is wrong with it, without its content.
    #[must_use]
    pub fn new(config: &PrometheusConfig, why: impl Into<String>) -> Self {
        Self { server: config.server.clone(), max_points: config.max_points, why: why.into() }
    }

    fn refused(&self) -> SourceError {
        SourceError::Credentials { server: self.server.clone(), why: self.why.clone() }
    }
}

#[async_trait]
impl UsageSource for UnusableSource {
    fn name(&self) -> &'static str {
        "prometheus"
    }

    fn server(&self) -> &str {
        &self.server
    }

    fn has_history(&self) -> bool {
        true
    }

    fn plan(&self, request: &ReadRequest) -> Vec<Batch> {
        plan::plan(request, self.max_points)
    }

    async fn read(&self, _: &Batch, _: &mut dyn SampleSink) -> Result<ReadReport, SourceError> {
        Err(self.refused())
    }

    async fn check(&self, _: i64) -> Result<Freshness, SourceError> {
        Err(self.refused())
    }

    async fn ask(&self, _: &str, _: i64) -> Result<Option<f64>, SourceError> {
        Err(self.refused())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{NamespaceLoad, PrometheusSettings, ReadKind};

    #[tokio::test]
    async fn every_read_says_what_is_wrong_and_none_is_left_out() {
        struct Nobody;
        impl SampleSink for Nobody {
            fn series(&mut self, _: crate::SeriesKey<'_>, _: &[crate::Sample]) {}
        }
        let config = PrometheusConfig::check(PrometheusSettings::new("https://p:9090/x")).unwrap();
        let source = UnusableSource::new(&config, "cannot read /etc/p/token");
        let load = NamespaceLoad { name: "shop".to_owned(), containers: 1, ..NamespaceLoad::default() };
        let request =
            ReadRequest { namespaces: vec![load], start_s: 0, end_s: 86_400, step_s: 300, kind: ReadKind::History };
        let batches = source.plan(&request);
        assert!(!batches.is_empty(), "a namespace without a read would count as read");
        let errors = [
            source.read(&batches[0], &mut Nobody).await.unwrap_err(),
            source.check(0).await.unwrap_err(),
            source.ask("up", 0).await.unwrap_err(),
        ];
        for error in errors {
            let expected = "https://p:9090/x: credentials can't be used: cannot read /etc/p/token; check the configured file or Secret";
            assert_eq!(error.to_string(), expected);
        }
        assert!(!source.circuit_open());
    }
}
