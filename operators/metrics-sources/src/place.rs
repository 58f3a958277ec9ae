//! Which node a series was recorded on, as far as its labels say.
//!
//! In: a label that names the target of a scrape, and the scrape job. Out: a [`Place`]. Pure. A name alone proves nothing: only
//! a form of label that is known to name this cluster's nodes can name one that it does not have.

use std::{collections::BTreeSet, sync::Arc};

/// Labels that name a node, the plainest first. An `instance` is often the kubelet's address, and often something else.
pub const NODE_LABELS: [&str; 6] =
    ["node", "node_name", "nodename", "kubernetes_node", "kubernetes_io_hostname", "instance"];

/// Where a series was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The label that says it.
    pub label: String,
    /// A name or an address of a host, without a port.
    pub host: String,
    /// How it is said: the label, the scrape job and the port. Series of one form are scraped in one way.
    pub form: String,
}

/// A node that a series was recorded on, where the pod is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stranger<'a> {
    /// The label that names it.
    pub label: &'a str,
    /// Its name or address.
    pub node: &'a str,
    /// Whether this cluster has such a node: else the series is of another cluster, or older than the removal of the node.
    pub known: bool,
    /// Whether the pod was recorded on its own node at the same time, for so long that there are two pods.
    pub beside: bool,
}

/// What knows the nodes of this cluster.
pub trait Nodes {
    /// The node of this cluster that has this name or address; `None` where none has it, or where nobody knows.
    fn node(&self, host: &str) -> Option<Arc<str>>;

    /// The node on which this pod is now; `None` where this cluster does not have the pod, or where nobody knows.
    fn home(&self, namespace: &str, pod: &str) -> Option<Arc<str>>;

    /// These forms of labels name this cluster's nodes. Answers all that are known to, by this batch or another.
    fn vouch(&mut self, forms: BTreeSet<String>) -> BTreeSet<String>;
}

impl Place {
    /// The place that a label of a scrape job names.
    #[must_use]
    pub fn new(label: &str, value: &str, job: &str) -> Self {
        let (host, port) = if label == "instance" { split(value) } else { (value, "") };
        Self { label: label.to_owned(), host: host.to_owned(), form: format!("{label} {job} {port}") }
    }
}

/// How plainly a label names a node, 0 the plainest; `None` for one that names none.
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
