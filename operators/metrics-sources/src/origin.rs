//! Where a series was recorded: the labels that identify a cluster, not a container.
//!
//! In: the labels of a series that say nothing about its container. Out: an [`Origin`], and whether two of them are two
//! clusters. Pure.

/// The labels of a series that may tell one cluster from another, sorted by name. Labels of the scrape, of the container and of
/// replicas of one server are not among them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin {
    labels: Vec<(String, String)>,
}

/// A label that differs between two origins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Its name.
    pub label: String,
    /// The left value; empty if unset.
    pub left: String,
    /// The right value; empty if unset.
    pub right: String,
}

/// Names of labels by which people tell clusters apart. A series with such a label and one without it are of two
/// clusters; for other labels absence says nothing, because one of two scrape jobs may add it.
const CLUSTER_LABELS: [&str; 25] = [
    "account",
    "cluster",
    "cluster_id",
    "cluster_name",
    "clusterid",
    "clustername",
    "datacenter",
    "dc",
    "env",
    "environment",
    "fleet",
    "k8s_cluster",
    "k8s_cluster_name",
    "kube_cluster",
    "kubernetes_cluster",
    "monitor",
    "origin_prometheus",
    "project",
    "prometheus_cluster",
    "region",
    "site",
    "stage",
    "tenant",
    "tenant_id",
    "tenant_name",
];

/// Whether people tell clusters apart by a label of this name.
#[must_use]
pub fn is_cluster_label(name: &str) -> bool {
    CLUSTER_LABELS.binary_search(&name).is_ok()
}

/// Whether a label is about the scrape, the container or its node, so that it may differ within one cluster.
#[must_use]
pub fn is_local_label(name: &str) -> bool {
    matches!(
        name,
        "__name__"
            | "app"
            | "availability_zone"
            | "az"
            | "container_id"
            | "container_name"
            | "cpu"
            | "device"
            | "endpoint"
            | "exitcode"
            | "failure_type"
            | "host"
            | "host_ip"
            | "hostname"
            | "id"
            | "image"
            | "image_id"
            | "image_spec"
            | "instance"
            | "instance_type"
            | "interface"
            | "job"
            | "kubernetes_name"
            | "kubernetes_namespace"
            | "kubernetes_node"
            | "kubernetes_pod_name"
            | "metrics_path"
            | "name"
            | "node"
            | "nodename"
            | "node_name"
            | "pod_name"
            | "pod_uid"
            | "reason"
            | "resource"
            | "scope"
            | "scrape_job"
            | "service"
            | "source"
            | "uid"
            | "unit"
            | "zone"
    ) || ["container_label_", "container_env_", "exported_", "label_", "pod_label_"]
        .iter()
        .any(|prefix| name.starts_with(prefix))
        // Labels of nodes, which the example configuration of Prometheus copies to every cAdvisor series.
        || ["kubernetes_io_", "k8s_io_", "_amazonaws_com_", "_google_com_", "_azure_com_"]
            .iter()
            .any(|part| name.contains(part))
}

impl Origin {
    /// The origin of these labels, in any order.
    #[must_use]
    pub fn new(labels: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut labels: Vec<_> = labels.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        labels.sort();
        Self { labels }
    }

    /// The origin of a series without such labels.
    #[must_use]
    pub fn none() -> &'static Self {
        static NONE: Origin = Origin { labels: Vec::new() };
        &NONE
    }

    /// The labels, sorted by name.
    #[must_use]
    pub fn labels(&self) -> &[(String, String)] {
        &self.labels
    }

    /// The value of a label; empty if unset.
    #[must_use]
    pub fn value(&self, label: &str) -> &str {
        self.labels.iter().find(|(name, _)| name == label).map_or("", |(_, value)| value)
    }

    /// The label that shows the two to be of two clusters: one by which people tell clusters apart, else any both have.
    #[must_use]
    pub fn differs(&self, other: &Self) -> Option<Difference> {
        if self == other {
            return None;
        }
        let difference = |name: &str| {
            let (left, right) = (self.value(name), other.value(name));
            (left != right).then(|| Difference {
                label: name.to_owned(),
                left: left.to_owned(),
                right: right.to_owned(),
            })
        };
        let names = || self.labels.iter().chain(&other.labels).map(|(name, _)| name.as_str());
        names().filter(|name| is_cluster_label(name)).find_map(difference).or_else(|| {
            names().filter(|name| !self.value(name).is_empty() && !other.value(name).is_empty()).find_map(difference)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(labels: &[(&str, &str)]) -> Origin {
        Origin::new(labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    #[test]
    fn two_origins_are_two_clusters_where_a_label_says_so() {
        type Labels = &'static [(&'static str, &'static str)];
        let table: [(&str, Labels, Labels, Option<&str>); 7] = [
            ("the same", &[("cluster", "a")], &[("cluster", "a")], None),
            ("two clusters", &[("cluster", "a")], &[("cluster", "b")], Some("cluster")),
            ("one has the label", &[], &[("cluster", "b")], Some("cluster")),
            ("an unknown label with two values", &[("planet", "a")], &[("planet", "b")], Some("planet")),
            ("an unknown label that one of two jobs adds", &[], &[("planet", "b")], None),
            (
                "the well-known one is named",
                &[("a", "1"), ("cluster", "x")],
                &[("a", "2"), ("cluster", "y")],
                Some("cluster"),
            ),
            ("an empty value is no label", &[("cluster", "")], &[], None),
        ];
        for (what, left, right, expected) in table {
            let (left, right) = (origin(left), origin(right));
            assert_eq!(left.differs(&right).map(|d| d.label).as_deref(), expected, "{what}");
            assert_eq!(right.differs(&left).map(|d| d.label).as_deref(), expected, "{what}, the other way round");
        }
    }

    #[test]
    fn labels_are_in_one_class() {
        assert!(CLUSTER_LABELS.is_sorted(), "the list is searched by halves");
        assert!(CLUSTER_LABELS.iter().all(|name| !is_local_label(name)));
        for local in ["id", "beta_kubernetes_io_instance_type", "topology_kubernetes_io_region", "exported_job"] {
            assert!(is_local_label(local), "{local}");
        }
        assert!(!is_local_label("k8s_cluster"));
    }
}
