//! Writes the one PromQL selector of a batch.
//!
//! In: a batch, names of labels, an optional cluster label. Out: selector text, with every name escaped. Pure.

use crate::runs;
use crate::source::{Batch, Metric, Pods};

use super::config::LabelNames;

/// The series that provide `metric`.
#[must_use]
pub fn series_names(metric: Metric) -> &'static [&'static str] {
    match metric {
        Metric::CpuCores => &["container_cpu_usage_seconds_total"],
        Metric::MemoryWorkingSet => &["container_memory_working_set_bytes"],
        Metric::CpuPeriods => &["container_cpu_cfs_periods_total"],
        Metric::CpuThrottledPeriods => &["container_cpu_cfs_throttled_periods_total"],
        Metric::Restarts => &["kube_pod_container_status_restarts_total"],
        // The last termination is the one before a restart; for a pod that is not restarted, the other series shows it.
        Metric::OomKilled => {
            &["kube_pod_container_status_last_terminated_reason", "kube_pod_container_status_terminated_reason"]
        }
        Metric::MemoryRequest => &["kube_pod_container_resource_requests"],
        Metric::MemoryLimit => &["kube_pod_container_resource_limits"],
    }
}

/// Whether the series is a counter, whose readings are differenced.
#[must_use]
pub fn is_counter(metric: Metric) -> bool {
    match metric {
        Metric::CpuCores | Metric::CpuPeriods | Metric::CpuThrottledPeriods | Metric::Restarts => true,
        Metric::MemoryWorkingSet | Metric::OomKilled | Metric::MemoryRequest | Metric::MemoryLimit => false,
    }
}

/// The selector of `batch`.
///
/// Raw series without functions: the server only decodes what it returns. `container!~"|POD"` leaves out the sums of
/// pods and cgroups and Docker's pause container, `cpu=~"|total"` the per-CPU series of old kubelets,
/// `reason=~"|OOMKilled"` other reasons of termination. A matcher that allows the empty string also matches series
/// without that label.
#[must_use]
pub fn selector(batch: &Batch, names: &LabelNames, cluster_label: Option<&(String, String)>) -> String {
    let (metrics, namespaces) = (&batch.metrics, &batch.namespaces);
    let label =
        |plain: &'_ str, exported: &'static str| if batch.exported { exported.to_owned() } else { plain.to_owned() };
    let mut text = String::with_capacity(256 + namespaces.iter().map(|name| name.len() + 1).sum::<usize>());
    text.push('{');
    let series: Vec<&str> = metrics.iter().flat_map(|metric| series_names(*metric)).copied().collect();
    match series.as_slice() {
        [name] => push_matcher(&mut text, "__name__", "=", name),
        names => push_set(&mut text, "__name__", names.iter().copied()),
    }
    text.push(',');
    let namespace = label(&names.namespace, "exported_namespace");
    match namespaces.as_slice() {
        [name] => push_matcher(&mut text, &namespace, "=", name),
        _ => push_set(&mut text, &namespace, namespaces.iter().map(String::as_str)),
    }
    text.push(',');
    push_matcher(&mut text, &label(&names.container, "exported_container"), "!~", "|POD");
    text.push(',');
    push_matcher(&mut text, "cpu", "=~", "|total");
    if metrics.contains(&Metric::OomKilled) {
        text.push(',');
        push_matcher(&mut text, "reason", "=~", "|OOMKilled");
    }
    if metrics.contains(&Metric::MemoryRequest) || metrics.contains(&Metric::MemoryLimit) {
        text.push(',');
        push_matcher(&mut text, "resource", "=~", "|memory");
    }
    // Those left out are few, and to leave them out here would make the server match every name.
    if let Pods::Only(runs) = &batch.pods {
        text.push(',');
        push_matcher(&mut text, &names.pod, "=~", &runs::pattern(runs, push_regex_literal));
    }
    push_cluster(&mut text, cluster_label);
    text.push('}');
    text
}

fn push_cluster(text: &mut String, cluster_label: Option<&(String, String)>) {
    if let Some((name, value)) = cluster_label {
        text.push(',');
        push_matcher(text, name, "=", value);
    }
}

/// The query for the time of the newest container sample of the server.
#[must_use]
pub fn newest(names: &LabelNames, cluster_label: Option<&(String, String)>) -> String {
    let mut text = format!("max(timestamp({}{{", series_names(Metric::MemoryWorkingSet).concat());
    push_matcher(&mut text, &names.container, "!~", "|POD");
    push_cluster(&mut text, cluster_label);
    text.push_str("}))");
    text
}

fn push_set<'a>(text: &mut String, label: &str, values: impl Iterator<Item = &'a str>) {
    let mut pattern = String::new();
    for value in values {
        if !pattern.is_empty() {
            pattern.push('|');
        }
        push_regex_literal(&mut pattern, value);
    }
    push_matcher(text, label, "=~", &pattern);
}

/// `label operator "value"`, with the value escaped as a PromQL string.
fn push_matcher(text: &mut String, label: &str, operator: &str, value: &str) {
    text.push_str(label);
    text.push_str(operator);
    text.push('"');
    for letter in value.chars() {
        match letter {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            _ => text.push(letter),
        }
    }
    text.push('"');
}

/// `value` as an RE2 pattern that matches it and nothing else.
fn push_regex_literal(pattern: &mut String, value: &str) {
    for letter in value.chars() {
        if matches!(letter, '\\' | '.' | '+' | '*' | '?' | '(' | ')' | '|' | '[' | ']' | '{' | '}' | '^' | '$') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn selectors_are_escaped() {
        let cluster = ("cluster".to_owned(), "a\"b\\c".to_owned());
        let table = [
            (
                vec![Metric::CpuCores],
                names(&["shop"]),
                None,
                r#"{__name__="container_cpu_usage_seconds_total",namespace="shop",container!~"|POD",cpu=~"|total"}"#,
            ),
            (
                vec![Metric::CpuCores, Metric::MemoryWorkingSet],
                names(&["shop", "a.b|c"]),
                None,
                r#"{__name__=~"container_cpu_usage_seconds_total|container_memory_working_set_bytes",namespace=~"shop|a\\.b\\|c",container!~"|POD",cpu=~"|total"}"#,
            ),
            (
                vec![Metric::OomKilled],
                names(&["x\"} or up{a=\""]),
                Some(&cluster),
                r#"{__name__=~"kube_pod_container_status_last_terminated_reason|kube_pod_container_status_terminated_reason",namespace="x\"} or up{a=\"",container!~"|POD",cpu=~"|total",reason=~"|OOMKilled",cluster="a\"b\\c"}"#,
            ),
        ];
        for (metrics, namespaces, cluster, expected) in table {
            let batch = Batch { metrics, namespaces, ..Batch::default() };
            assert_eq!(selector(&batch, &LabelNames::default(), cluster), expected);
        }
    }

    #[test]
    fn runs_sizes_and_exported_series_have_their_own_selectors() {
        let mut runs = runs::RunsByNamespace::new();
        runs.entry("shop".to_owned()).or_default().cron_jobs.insert("night.ly".to_owned());
        let batch = Batch { metrics: vec![Metric::CpuCores], namespaces: names(&["shop"]), ..Batch::default() };
        let text = |batch: Batch| selector(&batch, &LabelNames::default(), None);
        assert_eq!(
            text(Batch { pods: Pods::Only(runs), ..batch.clone() }),
            r#"{__name__="container_cpu_usage_seconds_total",namespace="shop",container!~"|POD",cpu=~"|total",pod=~"(night\\.ly)-[0-9]{8,10}(-[0-9]+)?-[a-z0-9]{5}"}"#
        );
        assert_eq!(
            text(Batch { metrics: vec![Metric::MemoryLimit], ..batch.clone() }),
            r#"{__name__="kube_pod_container_resource_limits",namespace="shop",container!~"|POD",cpu=~"|total",resource=~"|memory"}"#
        );
        assert_eq!(
            text(Batch { metrics: vec![Metric::Restarts], exported: true, ..batch.clone() }),
            r#"{__name__="kube_pod_container_status_restarts_total",exported_namespace="shop",exported_container!~"|POD",cpu=~"|total"}"#
        );
        let named = LabelNames {
            namespace: "ns".into(),
            pod: "pod_name".into(),
            container: "c".into(),
            ..LabelNames::default()
        };
        assert_eq!(
            selector(&batch, &named, Some(&("cluster".into(), String::new()))),
            r#"{__name__="container_cpu_usage_seconds_total",ns="shop",c!~"|POD",cpu=~"|total",cluster=""}"#
        );
    }
}
