//! Reads the labels of one series: its container, its metric, and the labels that may identify a cluster.
//!
//! In: a JSON object of strings, and the names of the labels that matter. Out: [`Labels`], borrowed. Pure. Nothing is
//! allocated for labels of the scrape, the container or its node, which are nearly all of them.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, MapAccess, Visitor};

use crate::origin::{Origin, is_local_label};
use crate::place::{NODE_LABELS, rank};
use crate::source::{Batch, Metric};

use super::config::LabelNames;
use super::selector::series_names;

/// The labels of a series. Absent labels are empty, as in PromQL.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Labels<'a> {
    /// Name of the series.
    pub name: Cow<'a, str>,
    /// Namespace of the pod, or of the scrape target if `exported` is set.
    pub namespace: Cow<'a, str>,
    /// Name of the pod, or of the target's.
    pub pod: Cow<'a, str>,
    /// Name of the container, or of the target's.
    pub container: Cow<'a, str>,
    /// Namespace, pod and container as a scrape target reported them, if the scrape job has replaced them with its own.
    pub exported: [Cow<'a, str>; 3],
    /// The resource of a size.
    pub resource: Cow<'a, str>,
    /// The label that names the node most explicitly, and its value; empty if there is none.
    pub node: (&'static str, Cow<'a, str>),
    /// The scrape job.
    pub job: Cow<'a, str>,
    /// Labels that may tell clusters apart, in the order of the answer.
    pub others: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

/// The container of a series, from the point of view of a batch.
#[derive(Debug, PartialEq, Eq)]
pub enum Whose<'a> {
    /// Of this container: namespace, pod, container.
    Container(Metric, [&'a str; 3]),
    /// It was not requested, or its container is unknown.
    Nobody,
    /// It is about a pod in other labels.
    Exported,
}

impl<'a> Labels<'a> {
    /// Reads a JSON object.
    ///
    /// # Errors
    /// serde's, if it is not an object of strings.
    pub fn read(json: &'a [u8], names: &LabelNames) -> Result<Self, serde_json::Error> {
        let mut reader = serde_json::Deserializer::from_slice(json);
        let labels = Seed(names).deserialize(&mut reader)?;
        reader.end()?;
        Ok(labels)
    }

    /// Its container.
    #[must_use]
    pub fn whose(&self, batch: &Batch) -> Whose<'_> {
        let Some(metric) = batch.metrics.iter().copied().find(|metric| series_names(*metric).contains(&&*self.name))
        else {
            return Whose::Nobody;
        };
        if matches!(metric, Metric::MemoryRequest | Metric::MemoryLimit) && !matches!(&*self.resource, "" | "memory") {
            return Whose::Nobody;
        }
        let told = self.exported.iter().any(|name| !name.is_empty());
        let key = match (batch.exported, told) {
            (true, _) => {
                let [namespace, pod, container] = &self.exported;
                [&**namespace, &**pod, &**container]
            }
            (false, true) => return Whose::Exported,
            (false, false) => [&*self.namespace, &*self.pod, &*self.container],
        };
        let [namespace, pod, _] = key;
        // A server that does not know the matcher of exported labels returns more than was requested.
        let asked = !batch.exported || batch.namespaces.iter().any(|name| name == namespace);
        if key.iter().any(|name| name.is_empty()) || !asked || !batch.pods.take_in(metric, namespace, pod) {
            return Whose::Nobody;
        }
        Whose::Container(metric, key)
    }

    /// The cluster it was recorded in, as far as labels show.
    #[must_use]
    pub fn origin(&self) -> Origin {
        Origin::new(self.others.iter().map(|(name, value)| (name.clone().into_owned(), value.clone().into_owned())))
    }
}

#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

struct Seed<'n>(&'n LabelNames);

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Labels<'de>;

    fn deserialize<D: serde::Deserializer<'de>>(self, reader: D) -> Result<Self::Value, D::Error> {
        reader.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Labels<'de>;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("a map of labels")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let names = self.0;
        let mut labels = Labels::default();
        let [namespace, pod, container] = &mut labels.exported;
        while let Some(Text(name)) = map.next_key()? {
            let Text(value) = map.next_value()?;
            match &*name {
                "__name__" => labels.name = value,
                name if name == names.namespace => labels.namespace = value,
                name if name == names.pod => labels.pod = value,
                name if name == names.container => labels.container = value,
                "exported_namespace" => *namespace = value,
                "exported_pod" => *pod = value,
                "exported_container" => *container = value,
                "resource" => labels.resource = value,
                "job" => labels.job = value,
                other if rank(other).is_some() => name_node(&mut labels.node, other, value),
                other if is_local_label(other) || names.replicas.iter().any(|replica| replica == other) => {}
                _ => labels.others.push((name, value)),
            }
        }
        Ok(labels)
    }
}

/// Keeps the label that names the node most explicitly.
fn name_node<'a>(node: &mut (&'static str, Cow<'a, str>), label: &str, value: Cow<'a, str>) {
    let Some((order, name)) = rank(label).and_then(|order| Some((order, *NODE_LABELS.get(order)?))) else { return };
    let plainer = node.1.is_empty() || rank(node.0).is_none_or(|known| order < known);
    if plainer && !value.is_empty() {
        *node = (name, value);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn batch(metrics: &[Metric]) -> Batch {
        Batch { metrics: metrics.to_vec(), namespaces: vec!["shop".into()], ..Batch::default() }
    }

    fn read(json: &str) -> Labels<'_> {
        Labels::read(json.as_bytes(), &LabelNames::default()).unwrap()
    }

    const KILLED: &str = r#"{"__name__":"kube_pod_container_status_last_terminated_reason","namespace":"mon","pod":"ksm-1","container":"ksm","exported_namespace":"shop","exported_pod":"web-1","exported_container":"app"}"#;

    #[test]
    fn a_series_is_of_its_container() {
        let labels = read(
            r#"{"__name__":"container_cpu_usage_seconds_total","container":"app","cpu":"total","namespace":"shop","pod":"we\u0062","id":"/a","node":"n"}"#,
        );
        let whose = labels.whose(&batch(&[Metric::MemoryWorkingSet, Metric::CpuCores]));
        assert_eq!(whose, Whose::Container(Metric::CpuCores, ["shop", "web", "app"]));
        assert_eq!(labels.whose(&batch(&[Metric::MemoryWorkingSet])), Whose::Nobody);
        assert!(labels.others.is_empty(), "nothing tells a cluster");
        assert_eq!((labels.node.0, &*labels.node.1), ("node", "n"));
        assert_eq!(
            read(r#"{"__name__":"container_cpu_usage_seconds_total"}"#).whose(&batch(&[Metric::CpuCores])),
            Whose::Nobody
        );
    }

    #[test]
    fn what_stands_in_exported_labels_is_not_about_the_target() {
        let labels = read(KILLED);
        assert_eq!(labels.whose(&batch(&[Metric::OomKilled])), Whose::Exported);
        let exported = Batch { exported: true, ..batch(&[Metric::OomKilled]) };
        assert_eq!(labels.whose(&exported), Whose::Container(Metric::OomKilled, ["shop", "web-1", "app"]));
        let elsewhere = Batch { namespaces: vec!["other".into()], ..exported };
        assert_eq!(labels.whose(&elsewhere), Whose::Nobody);
    }

    #[test]
    fn label_names_can_be_others() {
        let names = LabelNames {
            namespace: "exported_namespace".into(),
            pod: "exported_pod".into(),
            container: "exported_container".into(),
            ..LabelNames::default()
        };
        let labels = Labels::read(KILLED.as_bytes(), &names).unwrap();
        let whose = labels.whose(&batch(&[Metric::OomKilled]));
        assert_eq!(whose, Whose::Container(Metric::OomKilled, ["shop", "web-1", "app"]));
    }

    #[test]
    fn replicas_are_one_origin_and_clusters_are_not() {
        let one =
            read(r#"{"prometheus_replica":"p-0","prometheus":"mon/k8s","cluster":"eu","job":"kubelet"}"#).origin();
        let two = read(r#"{"prometheus_replica":"p-1","prometheus":"mon/k8s","cluster":"eu"}"#).origin();
        let other = read(r#"{"prometheus_replica":"p-0","cluster":"us"}"#).origin();
        assert_eq!(one, two);
        assert_eq!(
            one.differs(&other).map(|d| (d.label, d.left, d.right)),
            Some(("cluster".into(), "eu".into(), "us".into()))
        );
    }

    #[test]
    fn only_memory_is_a_size_in_bytes() {
        let size = |resource: &str| {
            let json = format!(
                r#"{{"__name__":"kube_pod_container_resource_limits","namespace":"shop","pod":"p","container":"c","resource":"{resource}"}}"#
            );
            read(&json).whose(&batch(&[Metric::MemoryLimit])) != Whose::Nobody
        };
        assert_eq!((size("memory"), size("cpu"), size("")), (true, false, true));
    }
}
