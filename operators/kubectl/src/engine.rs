//! The controller's own decisions, made in the client: its world, its usage and its policies, without writes.
//!
//! In: a session and the usage source. Out: an analyzer for what the user asks about. The cluster needs none of
//! Trimtab's kinds: missing ones are treated as empty.

use std::{sync::Arc, time::Duration};

use k8s_openapi::api::core::v1::Service;
use kube::{Api, Resource, api::ListParams};
use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;
use trimtab_api::{AppliedSizes, OptimizationPolicy, PriceBook};
use trimtab_core::CustomKind;
use trimtab_metrics_sources::{PrometheusSource, ServiceProxy, UsageSource};
use trimtab_optimization_policy::{
    analyzer::Analyzer,
    evidence::STEP_SECONDS,
    feed::{Feed, Feeds},
    preview::{self, Objects},
};
use trimtab_usage_history::UsageStore;
use trimtab_world::{Namespaces, Options, World};

use crate::{
    cli::PrometheusArgs,
    cluster::{Session, answer},
    discover::{self, Candidate},
    problem::Problem,
    refusal::Tried,
    usage,
};

/// How long the first lists may take.
const PATIENCE: Duration = Duration::from_secs(120);
/// Servers that are tried before giving up.
const ASKED: usize = 6;
/// Set in every pod: there Services are reachable directly.
const IN_CLUSTER: &str = "KUBERNETES_SERVICE_HOST";

/// Where usage comes from.
pub struct Source {
    /// The server.
    pub source: Arc<dyn UsageSource>,
    /// How it was found, for display.
    pub found: String,
}

/// The cluster as the controller sees it. Watches end with this value.
pub struct Cluster {
    /// The rows.
    pub world: Arc<World>,
    stop: CancellationToken,
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Session {
    /// Lists the cluster, or only these namespaces.
    pub async fn world(&self, namespaces: Namespaces) -> Result<Cluster, Problem> {
        // Watches retry forever; errors that are known at once are reported at once.
        let version = self.client.apiserver_version().await;
        version.map_err(|e| self.problem(e, Tried::Read("the version of the API server")))?;
        let stop = CancellationToken::new();
        let options = Options { namespaces, custom: CustomKind::all().collect(), ..Options::default() };
        let world = World::start(self.client.clone(), options, stop.clone().cancelled_owned());
        let cluster = Cluster { world, stop };
        let synced = tokio::time::timeout(PATIENCE, cluster.world.wait_synced()).await;
        synced.map_err(|_| {
            Problem::Failed(format!(
                "the cluster could not be listed within {} s: the API server is slow or the connection too narrow; name \
                 one namespace with -n",
                PATIENCE.as_secs()
            ))
        })?;
        Ok(cluster)
    }

    /// The server that the user named, else one found in the cluster.
    pub async fn source(&self, args: &PrometheusArgs) -> Result<Source, Problem> {
        if let Some(url) = args.prometheus_url.as_deref().filter(|url| !url.is_empty()) {
            let config = usage::config(args, url).map_err(Problem::Failed)?;
            let source = PrometheusSource::new(config).map_err(|e| Problem::Failed(e.to_string()))?;
            let found = source.server().to_owned();
            return Ok(Source { source: Arc::new(source), found });
        }
        let services = self.services().await?;
        let candidates = discover::candidates(&services);
        let mut refused = Vec::new();
        for candidate in candidates.iter().take(ASKED) {
            match self.ask(args, candidate).await {
                Ok(source) => return Ok(source),
                Err(why) => refused.push(why),
            }
        }
        let hint = "set --prometheus URL, for example after kubectl port-forward -n monitoring \
                    service/prometheus 9090";
        Err(Problem::Failed(match refused.as_slice() {
            [] => {
                format!("no Service in the cluster looks like a Prometheus, Thanos, VictoriaMetrics or Mimir: {hint}")
            }
            all => format!("no Prometheus that was found has usage: {}; {hint}", all.join("; ")),
        }))
    }

    async fn services(&self) -> Result<Vec<Service>, Problem> {
        let all = Api::<Service>::all(self.client.clone()).list(&ListParams::default()).await;
        match all {
            Ok(list) => Ok(list.items),
            Err(error) if answer(&error).is_some_and(|s| s.code == 403) => Err(Problem::Failed(
                "no permission to list Services in all namespaces, so Prometheus cannot be found: set --prometheus URL"
                    .to_owned(),
            )),
            Err(error) => Err(self.problem(error, Tried::Read("Services"))),
        }
    }

    /// Asks a server for its newest sample; a server without samples does not count.
    async fn ask(&self, args: &PrometheusArgs, candidate: &Candidate) -> Result<Source, String> {
        let config = usage::config(args, &candidate.url())?;
        let direct = std::env::var_os(IN_CLUSTER).is_some();
        let source = if direct {
            PrometheusSource::new(config)
        } else {
            let proxy = ServiceProxy {
                client: self.client.clone(),
                namespace: candidate.namespace.clone(),
                service: candidate.service.clone(),
                port: candidate.port.to_string(),
                tls: candidate.tls,
            };
            PrometheusSource::through(config, proxy)
        };
        let source = source.map_err(|e| e.to_string())?;
        let newest = source.check(self.now().as_second()).await.map_err(|e| {
            let way = if direct { "" } else { ", through the API server, which needs create on services/proxy" };
            format!("{e}{way}")
        })?;
        if newest.newest_sample_s.is_none() {
            return Err(format!("{} has no usage of containers", candidate.url()));
        }
        let way = if direct { "" } else { ", through the API server" };
        let found = format!("{} {}{way}", candidate.product, candidate.url());
        Ok(Source { source: Arc::new(source), found })
    }

    /// An analyzer over `world` with these policies in addition to the cluster's objects of Trimtab's other kinds. It
    /// never writes.
    pub async fn analyzer(
        &self,
        world: &Arc<World>,
        source: &Source,
        policies: Vec<OptimizationPolicy>,
    ) -> Result<Analyzer, Problem> {
        let (recommendations, sizes, books) =
            futures::join!(self.list(None), self.all::<AppliedSizes>(), self.all::<PriceBook>());
        let objects = Objects { policies, recommendations: recommendations.unwrap_or_default(), sizes, books };
        let feed = Feed {
            source: source.source.clone(),
            store: Arc::new(UsageStore::new()),
            name: "Prometheus",
            step_seconds: STEP_SECONDS,
            restored: None,
        };
        let feeds = Feeds { prometheus: Some(feed), metrics_server: None };
        preview::onlooker(&self.client, world.clone(), feeds, objects)
            .map_err(|e| Problem::Failed(format!("the built-in price table is damaged: {e}")))
    }

    /// Every readable object of a kind; nothing where the kind or the permission is missing.
    pub async fn all<K>(&self) -> Vec<K>
    where
        K: Resource<DynamicType = ()> + Clone + DeserializeOwned + std::fmt::Debug,
    {
        let list = Api::<K>::all(self.client.clone()).list(&ListParams::default()).await;
        list.map(|list| list.items).unwrap_or_default()
    }
}

/// Policies as evaluated with a Prometheus alone: one that uses metrics-server is evaluated all the same, and a
/// suspended one as if it were not suspended.
pub fn viewed(mut policies: Vec<OptimizationPolicy>) -> Vec<OptimizationPolicy> {
    for policy in &mut policies {
        policy.spec.metrics.source = trimtab_api::policy_history::MetricsSource::Auto;
        policy.spec.suspend = false;
    }
    policies
}
