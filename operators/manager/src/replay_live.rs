//! The usage of workloads from a live server, as series for replay.
//!
//! In: a Prometheus-compatible server and workload names. Out: one series per container, of the busiest pod at each
//! step. Pods are attributed by the naming rules of their controllers, because a replay queries no API server.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, bail};
use trimtab_core::WorkloadKind;
use trimtab_metrics_sources::{
    Metric, NamespaceLoad, PrometheusSource, ReadKind, ReadRequest, Sample, SampleSink, SeriesKey, UsageSource,
    read_batch,
};
use trimtab_recorded_series::Series;
use trimtab_runtime::telemetry::Redactor;
use trimtab_sizing::replay::Sample as Usage;

use crate::{cli::ReplayArgs, credentials::Credentials, prometheus};

/// Seconds between two samples.
const STEP: i64 = 300;
/// Number of containers assumed in a namespace before it is known; a larger answer is read in halves.
const GUESS: u32 = 200;

/// A workload as named on the command line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Wanted {
    namespace: String,
    kind: Option<WorkloadKind>,
    name: String,
}

/// Reads the series of all named workloads.
pub fn read(args: &ReplayArgs) -> anyhow::Result<Vec<Series>> {
    if args.prometheus.prometheus_secret.is_some() {
        bail!("--prometheus-secret needs a cluster: give the credentials in files");
    }
    let wanted: Vec<Wanted> = args.workload.iter().map(|text| parse(text)).collect::<anyhow::Result<_>>()?;
    if wanted.is_empty() {
        bail!("name at least one --workload NAMESPACE/NAME");
    }
    let credentials = Credentials::in_files(&args.prometheus)?;
    let config =
        prometheus::config(&args.prometheus, &credentials, &Redactor::new())?.context("--prometheus-url is missing")?;
    let end_s = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())? / STEP * STEP;
    let history = i64::try_from(args.history.as_secs()).context("--history is too long")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let source = PrometheusSource::new(config)?;
        let namespaces: BTreeSet<&str> = wanted.iter().map(|w| w.namespace.as_str()).collect();
        let request = ReadRequest {
            namespaces: namespaces
                .into_iter()
                .map(|name| NamespaceLoad { name: name.to_owned(), containers: GUESS, ..NamespaceLoad::default() })
                .collect(),
            start_s: end_s - history / STEP * STEP,
            end_s,
            step_s: STEP,
            kind: ReadKind::History,
        };
        let mut sink = Sink { wanted: &wanted, steps: BTreeMap::new() };
        for batch in source.plan(&request) {
            read_batch(&source, &batch, &mut sink).await?;
        }
        if sink.steps.is_empty() {
            bail!("the server has no usage of these workloads");
        }
        Ok(sink.into_series())
    })
}

fn parse(text: &str) -> anyhow::Result<Wanted> {
    let wanted =
        |namespace: &str, kind, name: &str| Wanted { namespace: namespace.to_owned(), kind, name: name.to_owned() };
    match text.split('/').collect::<Vec<_>>().as_slice() {
        [namespace, name] if !namespace.is_empty() && !name.is_empty() => Ok(wanted(namespace, None, name)),
        [namespace, kind, name] if !namespace.is_empty() && !name.is_empty() => {
            let kind = kind.parse().ok().with_context(|| format!("{kind:?} is not a workload kind"))?;
            Ok(wanted(namespace, Some(kind), name))
        }
        _ => bail!("{text:?} is neither NAMESPACE/NAME nor NAMESPACE/KIND/NAME"),
    }
}

impl Wanted {
    /// Whether this is the name of one of its pods, by the naming rule of its controller.
    fn owns(&self, pod: &str) -> bool {
        let fits = |kind: WorkloadKind| kind.gives_name(&self.name, pod);
        self.kind.map_or_else(|| WorkloadKind::all().any(fits), fits)
    }
}

/// CPU and memory of the busiest pod by time, as far as known.
type Steps = BTreeMap<i64, (Option<f64>, Option<f64>)>;

struct Sink<'a> {
    wanted: &'a [Wanted],
    steps: BTreeMap<(&'a Wanted, String), Steps>,
}

impl SampleSink for Sink<'_> {
    fn series(&mut self, key: SeriesKey<'_>, samples: &[Sample]) {
        let Some(wanted) = self.wanted.iter().find(|w| w.namespace == key.namespace && w.owns(key.pod)) else { return };
        let steps = self.steps.entry((wanted, key.container.to_owned())).or_default();
        for sample in samples {
            let (cpu, memory) = steps.entry(sample.time_s).or_default();
            let side = match key.metric {
                Metric::CpuCores => cpu,
                Metric::MemoryWorkingSet => memory,
                _ => return,
            };
            *side = Some(side.map_or(sample.value, |v| v.max(sample.value)));
        }
    }
}

impl Sink<'_> {
    fn into_series(self) -> Vec<Series> {
        self.steps
            .into_iter()
            .map(|((wanted, container), steps)| Series {
                name: format!("{}/{}/{container}", wanted.namespace, wanted.name),
                samples: steps
                    .into_iter()
                    // The decision rejects and counts NaN, which marks the unknown one of the two at a step.
                    .map(|(time, (cpu, memory))| Usage {
                        time,
                        cores: cpu.unwrap_or(f64::NAN),
                        bytes: memory.unwrap_or(f64::NAN),
                    })
                    .collect(),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::parse;

    #[test]
    fn pods_are_told_by_the_naming_rules() {
        for (workload, pod, expected) in [
            ("shop/web", "web-7d9f8c6b5-x2x9z", true),
            ("shop/web", "web-front-7d9f8c6b5-x2x9z", false),
            ("shop/Deployment/web", "web-0", false),
            ("shop/StatefulSet/db", "db-12", true),
            ("shop/StatefulSet/db", "db-x2x9z", false),
            ("shop/CronJob/report", "report-28374650-bc2df", true),
            ("shop/DaemonSet/agent", "agent-8x8x7", true),
            ("shop/web", "web", false),
        ] {
            assert_eq!(parse(workload).unwrap().owns(pod), expected, "{workload} {pod}");
        }
        for bad in ["web", "/web", "shop/", "shop/Pod/web", "a/b/c/d"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
