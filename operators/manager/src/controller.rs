//! `trimtab controller`: brings the parts together and runs them until a signal.
//!
//! In: the command line. Out: nothing; the process ends when it is told to, or when it cannot begin.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use anyhow::Context;
use jiff::Timestamp;
use kube::Client;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use trimtab_admission_sizes::{AppliedSizesWriter, SizesAdmission, SizesRow};
use trimtab_api::{OptimizationPolicy, PriceBook, Recommendation};
use trimtab_core::{CustomKind, WorkloadKind};
use trimtab_metrics_sources::{MetricsServerSource, PrometheusSource, UsageSource};
use trimtab_optimization_policy::{
    analyzer::Analyzer,
    controller::{self, CONTROLLER, Settings},
    evidence::STEP_SECONDS,
    feed::{Feed, Feeds},
    known::{Known, known},
    memory::Memory,
};
use trimtab_pricing::PriceTable;
use trimtab_recommendation::{
    emergency_stop::EmergencyStop,
    gather::Sources,
    policies::{PolicyRow, policy_row},
    reconciler::Reconciler,
    refused_pods::RefusedPods,
    requests::Sender,
    row::{Row, row},
};
use trimtab_runtime::{
    Leadership, Metrics, Terms, Writer,
    access::Access,
    admin,
    client::{self, ClientOptions, Connection},
    events::Events,
    lease::{self, LeaseOptions},
    shutdown,
    store::Store,
    telemetry::{self, Redactor, TelemetryOptions},
};
use trimtab_usage_history::UsageStore;
use trimtab_usage_profile::Sampler;
use trimtab_world::{Kind, Namespaces, Options, World};

use crate::{carrying, cli::ControllerArgs, gauges, interest, prometheus, readiness::Readiness};

/// How long the parts have to end after a signal.
const GRACE: Duration = Duration::from_secs(8);

/// Runs the controllers.
pub fn main(args: ControllerArgs) -> anyhow::Result<()> {
    // Waiting is what the process does most; two threads keep decisions and requests apart.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(run(args))
}

async fn run(args: ControllerArgs) -> anyhow::Result<()> {
    let redactor = Redactor::new();
    let telemetry = telemetry::init(&TelemetryOptions {
        format: args.log_format,
        filter: Some(args.log.clone()),
        otlp_endpoint: args.otlp_endpoint.clone(),
        redactor: redactor.clone(),
    })?;
    let stop = shutdown::on_signal()?;
    let result = serve(&args, &redactor, &stop).await;
    stop.cancel();
    telemetry.shutdown(Duration::from_secs(2)).await;
    result
}

/// The kinds of custom resources among `kinds`; the others are sized anyway.
fn custom(kinds: &[WorkloadKind]) -> Vec<CustomKind> {
    let of = |kind: &WorkloadKind| match kind {
        WorkloadKind::Custom(custom) => Some(*custom),
        _ => None,
    };
    let custom: BTreeSet<CustomKind> = kinds.iter().filter_map(of).collect();
    custom.into_iter().collect()
}

async fn serve(args: &ControllerArgs, redactor: &Redactor, stop: &CancellationToken) -> anyhow::Result<()> {
    let metrics = Metrics::new(env!("CARGO_PKG_VERSION"), option_env!("TRIMTAB_COMMIT"));
    let options = ClientOptions {
        kubeconfig: args.kubeconfig.clone(),
        context: args.context.clone(),
        ..ClientOptions::default()
    };
    let Connection { client, server, namespace } = client::connect(&options, metrics.clone()).await?;
    let namespace = args.namespace.clone().unwrap_or(namespace);
    tracing::info!(version = env!("CARGO_PKG_VERSION"), server, namespace, "starting");

    let source = prometheus_source(args, &client, &namespace, redactor).await?;
    let world = World::start(
        client.clone(),
        Options { page_size: args.page_size, custom: custom(&args.workload_kinds), ..Options::default() },
        stop.clone().cancelled_owned(),
    );
    let (policies, policy_rows): (Store<OptimizationPolicy>, Store<PolicyRow>) = Store::start_pair(
        client.clone(),
        args.page_size,
        |policy: &OptimizationPolicy| Some(policy.clone()),
        |policy: &OptimizationPolicy| Some(policy_row(policy)),
        stop.clone(),
    );
    let books: Store<PriceBook> =
        Store::start(client.clone(), args.page_size, |b: &PriceBook| Some(b.clone()), stop.clone());
    let (recommendations, rows): (Store<Known>, Store<Row>) =
        Store::start_pair(client.clone(), args.page_size, |r: &Recommendation| known(r), row, stop.clone());
    let (guard, in_place) = carrying::guard(&client, args.page_size, Timestamp::now, stop);
    let admission = SizesAdmission::start(client.clone(), stop.clone());
    let applied = Store::start(client.clone(), args.page_size, SizesRow::of, stop.clone());
    let emergency_stop = EmergencyStop::new(client.clone(), &namespace);
    let caches = gauges::Caches {
        world: world.clone(),
        policies: policies.clone(),
        books: books.clone(),
        recommendations: recommendations.clone(),
        rows: rows.clone(),
        guard: guard.clone(),
        admission: admission.clone(),
        emergency_stop: emergency_stop.clone(),
    };
    let mut watches = Readiness::default();
    watches.world(&world, Kind::ALL.into_iter().chain(custom(&args.workload_kinds).into_iter().map(Kind::Custom)));
    watches.store("optimizationpolicies", &policies);
    watches.store("recommendations", &recommendations);
    watches.store("pricebooks", &books);
    watches.store("appliedsizes", &applied);
    watches.guard(&guard);
    admission.watches().iter().for_each(|(resource, store)| watches.optional(resource, store));
    gauges::register(&metrics, caches);
    let checks = watches.start(stop.clone());
    let access = Access::of(args.metrics_auth, &client);
    let (address, admin) = admin::serve(args.admin_address, checks, metrics.clone(), access, stop.clone()).await?;
    tracing::info!(%address, metrics_auth = %args.metrics_auth, "serving /healthz, /readyz and /metrics");

    let identity = lease::identity();
    let lease_stop = CancellationToken::new();
    let (leadership, election) = if args.no_leader_election {
        (Leadership::always(), None)
    } else {
        let options = LeaseOptions::new("trimtab-controller", &namespace, &identity);
        let (leadership, election) = lease::elect(&client, options, metrics.clone(), lease_stop.clone())?;
        (leadership, Some(election))
    };

    let sampled = args.metrics_server || source.is_none();
    let (ready, restored) = watch::channel(false);
    let feed = |source, name, step_seconds, restored| {
        let store = Arc::new(UsageStore::new());
        Feed { source, store, name, step_seconds, restored }
    };
    let sampled_every =
        i64::try_from(args.metrics_server_interval.as_secs()).context("--metrics-server-interval is too long")?;
    let metrics_server =
        || -> Arc<dyn UsageSource> { Arc::new(MetricsServerSource::new(client.clone(), server.clone())) };
    let feeds = Feeds {
        prometheus: source.map(|source| feed(source, "Prometheus", STEP_SECONDS, None)),
        metrics_server: sampled.then(|| feed(metrics_server(), "MetricsServer", sampled_every, Some(restored))),
    };
    let events = |name: &str| Events::new(client.clone(), name, &identity, leadership.clone(), metrics.clone());
    let writer = |name: &str| Writer::new(client.clone(), format!("trimtab-{name}"), leadership.clone());
    let sizes = AppliedSizesWriter::with(applied, writer(carrying::SIZES));
    gauges::sizes(&metrics, sizes.clone());
    let table = Arc::new(PriceTable::built_in().context("the built-in price table is damaged")?);
    let sampler = feeds.metrics_server.clone().map(|feed| Sampler {
        client: client.clone(),
        world: world.clone(),
        source: feed.source,
        store: feed.store,
        namespaces: interest::namespaces(world.clone(), policies.clone()),
        writer: writer(trimtab_usage_profile::CONTROLLER),
        events: events(trimtab_usage_profile::CONTROLLER),
        metrics: metrics.clone(),
        ready,
    });
    let reconciler = Reconciler::new(
        rows,
        Sources {
            world: world.clone(),
            policies: policy_rows,
            guard,
            sizes: sizes.clone(),
            admission,
            usage: carrying::usage(&feeds),
            emergency_stop: emergency_stop.clone(),
            in_place,
            limiter: Arc::default(),
            refused_pods: RefusedPods::start(client.clone(), args.page_size, stop.clone()),
            nodes: Arc::default(),
            questions: Arc::default(),
        },
        Sender {
            writer: writer(trimtab_recommendation::CONTROLLER),
            client: client.clone(),
            sizes: sizes.clone(),
            emergency_stop,
        },
        events(trimtab_recommendation::CONTROLLER),
        metrics.clone(),
        Timestamp::now,
    );
    let terms = Terms::new(leadership.clone(), stop.clone());
    let sweep = trimtab_admission_sizes::sweep(sizes.clone(), world.clone(), Namespaces::All, terms.clone());
    let analyzer = Analyzer {
        world,
        sizes,
        feeds,
        policies,
        recommendations,
        books: books.clone(),
        writer: writer(CONTROLLER),
        events: events(CONTROLLER),
        metrics: metrics.clone(),
        table,
        memory: Memory::default(),
    };
    let settings = Settings { interval: args.interval, ..Settings::default() };
    let mut parts = vec![
        admin,
        tokio::spawn(trimtab_recommendation::controller::run(reconciler, terms.clone())),
        tokio::spawn(sweep),
        tokio::spawn(controller::run(analyzer, terms.clone(), settings, Timestamp::now, fastrand::f64)),
        tokio::spawn(trimtab_price_book::run(
            books,
            writer(trimtab_price_book::CONTROLLER),
            metrics.clone(),
            terms.clone(),
            Timestamp::now,
        )),
    ];
    if let Some(sampler) = sampler {
        let settings = trimtab_usage_profile::Settings {
            sample_interval: args.metrics_server_interval,
            profile_interval: args.profile_interval,
            ..Default::default()
        };
        parts.push(tokio::spawn(trimtab_usage_profile::run(sampler, terms, settings, Timestamp::now)));
    }
    stop.cancelled().await;
    let ended = async {
        for part in parts {
            // A part that panicked has said so; the others still end in order.
            let _ = part.await;
        }
        // Last, because what is written at the end still needs the Lease.
        lease_stop.cancel();
        if let Some(election) = election {
            let _ = election.await;
        }
    };
    if tokio::time::timeout(GRACE, ended).await.is_err() {
        tracing::warn!("some parts did not end in time");
    }
    tracing::info!("stopped");
    Ok(())
}

async fn prometheus_source(
    args: &ControllerArgs,
    client: &Client,
    namespace: &str,
    redactor: &Redactor,
) -> anyhow::Result<Option<Arc<dyn UsageSource>>> {
    let secret = match &args.prometheus.prometheus_secret {
        Some(name) => prometheus::secret(client, namespace, name).await?,
        None => BTreeMap::new(),
    };
    let Some(config) = prometheus::config(&args.prometheus, secret, redactor)? else { return Ok(None) };
    let source = PrometheusSource::new(config).context("the Prometheus client cannot be made")?;
    tracing::info!(server = source.server(), "usage is read from Prometheus");
    Ok(Some(Arc::new(source)))
}
