//! Which node a series was recorded on, as far as its labels show.
//!
//! In: a label that names a scrape target, and the scrape job. Out: a [`Place`]. Pure. A name alone proves nothing:
//! only a form of label known to name this cluster's nodes can name a node that it does not have.

use std::{collections::BTreeSet, sync::Arc};

/// Labels that name a node, the most explicit first. An `instance` is often the kubelet's address, but not always.
pub const NODE_LABELS: [&str; 6] =
    ["node", "node_name", "nodename", "kubernetes_node", "kubernetes_io_hostname", "instance"];

/// Where a series was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The label.
    pub label: String,
    /// A host name or address, without a port.
    pub host: String,
    /// Its form: the label, the scrape job and the port. Series of one form are scraped in one way.
    pub form: String,
}

/// A node that a series was recorded on, but not the pod's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stranger<'a> {
    /// The label that names it.
    pub label: &'a str,
    /// Its name or address.
    pub node: &'a str,
    /// Whether this cluster has such a node: if not, the series is of another cluster, or predates the node's removal.
    pub known: bool,
    /// Whether the pod was recorded on its own node at the same time, for so long that there are two pods.
    pub beside: bool,
}

/// Look-up of this cluster's nodes.
pub trait Nodes {
    /// The node of this cluster with this name or address; `None` if there is none, or if it is unknown.
    fn node(&self, host: &str) -> Option<Arc<str>>;

    /// The current node of this pod; `None` if this cluster does not have the pod, or if it is unknown.
    fn home(&self, namespace: &str, pod: &str) -> Option<Arc<str>>;

    /// Adds forms of labels that name this cluster's nodes. Returns all known ones, from this batch or another.
    fn vouch(&mut self, forms: BTreeSet<String>) -> BTreeSet<String>;
}

impl Place {
    /// The place named by a label of a scrape job.
    #[must_use]
    pub fn new(label: &str, value: &str, job: &str) -> Self {
        let (host, port) = if label == "instance" { split(value) } else { (value, "") };
        Self { label: label.to_owned(), host: host.to_owned(), form: format!("{label} {job} {port}") }
    }
}

/// How explicitly a label names a node, 0 the most; `None` for one that names none.
#[must_use]
pub fn rank(label: &str) -> Option<usize> {
    NODE_LABELS.iter().position(|known| *known == label)
}

/// Host and port of an address.
fn split(address: &str) -> (&str, &str) {
    if let Some((host, rest)) = address.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return (host, rest.trim_start_matches(':'));
    }
    match address.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') && port.bytes().all(|b| b.is_ascii_digit()) => (host, port),
        _ => (address, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_host_and_a_port() {
        for (address, expected) in [
            ("10.0.0.5:10250", ("10.0.0.5", "10250")),
            ("10.0.0.5", ("10.0.0.5", "")),
            ("node-1:9100", ("node-1", "9100")),
            ("[fd00::1]:10250", ("fd00::1", "10250")),
            ("fd00::1", ("fd00::1", "")),
            ("https://kubernetes", ("https://kubernetes", "")),
        ] {
            assert_eq!(split(address), expected, "{address}");
        }
        assert_eq!(Place::new("node", "a:1", "kubelet").host, "a:1", "a name is not cut");
    }

    #[test]
    fn a_node_is_named_more_plainly_than_an_instance() {
        assert!(rank("node") < rank("instance"));
        assert_eq!(rank("cluster"), None);
    }
}
