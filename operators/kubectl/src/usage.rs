//! Usage of a workload's containers, from Prometheus or from its UsageProfile.
//!
//! In: a Recommendation, where to ask. Out: values by time, or why there are none.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use jiff::Timestamp;
use secrecy::SecretString;
use trimtab_api::{UsageProfile, recommendation::Recommendation};
use trimtab_core::WorkloadKind;
use trimtab_metrics_sources::{
    Bearer, Ca, Metric, NamespaceLoad, PrometheusConfig, PrometheusSettings, PrometheusSource, RUN_STEP_S, ReadKind,
    ReadRequest, RunNames, Sample, SampleSink, SeriesKey, UsageSource, read_batch,
};
use trimtab_runtime::proxy::Variables;
use trimtab_usage_history::profile;

use crate::{
    chart::{COLUMNS, Usage},
    cli::PrometheusArgs,
    explain::{ContainerUsage, UsageKnown},
    words,
};

/// How far back to read.
const SPAN_S: i64 = 7 * DAY_S;
/// The step between samples: fine enough for a peak of half an hour, and cheap in a large namespace.
const STEP_S: i64 = 1800;
const DAY_S: i64 = 86_400;
/// Seconds in a column of the chart.
const COLUMN_S: i64 = SPAN_S / COLUMNS as i64;
/// Expected containers in a namespace; a larger answer is read in halves.
const GUESS: u32 = 200;

/// Reads the last seven days from Prometheus.
pub async fn from_prometheus(
    args: &PrometheusArgs,
    url: &str,
    rec: &Recommendation,
    now: Timestamp,
) -> Result<UsageKnown, String> {
    let target = &rec.spec.target_ref;
    let kind = WorkloadKind::of(&target.api_version, &target.kind).ok_or_else(|| {
        format!("{} is not a workload kind that Trimtab sizes: name it with --workload-kinds", target.kind)
    })?;
    let config = config(args, url)?;
    let source = PrometheusSource::new(config).map_err(|e| e.to_string())?;
    let end_s = now.as_second() / STEP_S * STEP_S;
    let start_s = end_s - SPAN_S;
    let namespace = rec.metadata.namespace.clone().unwrap_or_default();
    // Runs are often shorter than the step, so they are read as the controller does: at a fine step, and alone.
    let runs = runs_of(kind, &target.name);
    let request = ReadRequest {
        namespaces: vec![NamespaceLoad { name: namespace, containers: GUESS, runs: runs.clone() }],
        start_s,
        end_s,
        step_s: STEP_S,
        kind: ReadKind::Recent,
    };
    let mut sink = Sink { kind, name: &target.name, runs: &runs, points: BTreeMap::new() };
    for mut batch in source.plan(&request) {
        batch.metrics.retain(|m| matches!(m, Metric::CpuCores | Metric::MemoryWorkingSet));
        let of_others = !runs.is_empty() && batch.step_s != RUN_STEP_S;
        if !batch.metrics.is_empty() && !of_others {
            read_batch(&source, &batch, &mut sink).await.map_err(|e| e.to_string())?;
        }
    }
    if sink.points.is_empty() {
        return Err(none_found(source.server(), &words::target(rec)));
    }
    let series = |points: Vec<(i64, f64)>| Usage::by_time(points, start_s + STEP_S, end_s + STEP_S, COLUMN_S);
    Ok(UsageKnown {
        source: format!("{}, the last 7 days, a column is {} h", source.server(), COLUMN_S / 3600),
        containers: sink
            .points
            .into_iter()
            .map(|(name, (cpu, memory))| ContainerUsage {
                name,
                cpu: series(cpu.into_iter().map(|(t, cores)| (t, cores * 1000.0)).collect()),
                memory: series(memory),
            })
            .collect(),
    })
}

/// The workload's name, if it runs to completion; nothing for other kinds.
fn runs_of(kind: WorkloadKind, name: &str) -> RunNames {
    let named = |of: WorkloadKind| -> BTreeSet<String> { (kind == of).then(|| name.to_owned()).into_iter().collect() };
    RunNames { cron_jobs: named(WorkloadKind::CronJob), jobs: named(WorkloadKind::Job) }
}

/// Says that nothing was found to draw. The recommendation may be based on older data than the chart.
fn none_found(server: &str, target: &str) -> String {
    format!(
        "{server} has no usage of {target} to draw: only the last 7 days are drawn; a policy's figures, where there are any, are of its \
         whole window"
    )
}

/// The configuration for a server at `url`, with the flags applied.
pub fn config(args: &PrometheusArgs, url: &str) -> Result<PrometheusConfig, String> {
    let mut settings = PrometheusSettings::new(url);
    for header in &args.prometheus_header {
        // The value may be a secret, so it is not repeated.
        let (name, value) = header.split_once('=').ok_or("--prometheus-header: expected NAME=VALUE")?;
        settings.headers.push((name.trim().to_owned(), SecretString::from(value.to_owned())));
    }
    settings.bearer = args.prometheus_bearer_file.clone().map(Bearer::File);
    settings.ca = args.prometheus_ca_file.clone().map(Ca::File);
    let proxy = Variables::of_process().proxy_for(url).map_err(|e| e.to_string())?;
    settings.proxy = proxy.map(|proxy| proxy.to_string().into());
    settings.cluster_label.clone_from(&args.prometheus_cluster);
    settings.deadline = Duration::from_secs(30);
    PrometheusConfig::check(settings).map_err(|e| format!("the Prometheus configuration is invalid: {e}"))
}

type Points = (Vec<(i64, f64)>, Vec<(i64, f64)>);

struct Sink<'a> {
    kind: WorkloadKind,
    name: &'a str,
    runs: &'a RunNames,
    points: BTreeMap<String, Points>,
}

impl SampleSink for Sink<'_> {
    fn series(&mut self, key: SeriesKey<'_>, samples: &[Sample]) {
        if !self.kind.gives_name(self.name, key.pod) && !self.runs.owns(key.pod) {
            return;
        }
        let (cpu, memory) = self.points.entry(key.container.to_owned()).or_default();
        let side = if key.metric == Metric::CpuCores { cpu } else { memory };
        side.extend(samples.iter().map(|s| (s.time_s, s.value)));
    }
}

/// The daily peaks stored in a UsageProfile.
pub fn from_profile(found: &UsageProfile) -> Result<UsageKnown, String> {
    let name = found.metadata.name.as_deref().unwrap_or_default();
    let status = found.status.as_ref().ok_or_else(|| format!("UsageProfile {name} holds nothing yet"))?;
    let histories = profile::histories(status).map_err(|e| format!("UsageProfile {name}: {e}"))?;
    let mut containers = Vec::new();
    for (container, history) in &histories {
        let cells = history.cells();
        let (Some(first), Some(last)) = (cells.first(), cells.last()) else { continue };
        let (start, end) = (i64::from(first.day), i64::from(last.day) + 1);
        let cpu = cells.iter().filter_map(|c| Some((i64::from(c.day), c.cpu_peak()? * 1000.0)));
        let memory = cells.iter().filter_map(|c| Some((i64::from(c.day), c.memory_peak()?)));
        containers.push(ContainerUsage {
            name: container.to_string(),
            cpu: Usage::by_time(cpu, start, end, 1),
            memory: Usage::by_time(memory, start, end, 1),
        });
    }
    if containers.is_empty() {
        return Err(format!("UsageProfile {name} holds nothing yet"));
    }
    Ok(UsageKnown { source: format!("UsageProfile {name}, a column is the peak of a day"), containers })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;
    use trimtab_api::UsageProfile;
    use trimtab_core::WorkloadKind;

    use super::{from_profile, none_found, runs_of};

    #[test]
    fn runs_are_read_by_the_name_of_their_workload() {
        let nightly = runs_of(WorkloadKind::CronJob, "nightly");
        assert!(nightly.owns("nightly-29384756-abcde") && !nightly.owns("nightly-web-abcde"), "{nightly:?}");
        assert!(runs_of(WorkloadKind::Job, "import").owns("import-x7k2p"));
        assert!(runs_of(WorkloadKind::Deployment, "web").is_empty());
    }

    #[test]
    fn what_is_not_found_to_draw_does_not_contradict_the_figures() {
        let text = none_found("http://prometheus:9090", "CronJob/nightly");
        assert!(
            text.contains(
                "only the last 7 days are drawn; a policy's figures, where there are any, are of its whole window"
            ),
            "{text}"
        );
    }

    #[test]
    fn a_profile_without_history_says_so() {
        let profile = |status| {
            let object = json!({"apiVersion": "trimtab.dev/v1alpha1", "kind": "UsageProfile", "metadata": {"name": "deploy-web"},
                "spec": {"targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}}, "status": status});
            from_profile(&serde_json::from_value::<UsageProfile>(object).unwrap()).unwrap_err()
        };
        assert!(profile(json!(null)).contains("holds nothing yet"));
        assert!(profile(json!({"containers": []})).contains("holds nothing yet"));
        let broken =
            profile(json!({"containers": [{"name": "app", "cpuP95": "1", "memoryPeak": "1", "history": "?"}]}));
        assert!(broken.contains("the history of container app is not base64"), "{broken}");
    }
}
