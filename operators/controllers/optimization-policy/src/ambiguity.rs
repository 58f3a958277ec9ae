//! Detects series that belong to another cluster, or whose cluster is ambiguous.
//!
//! In: the results of reading its namespaces. Out: a reason and a message that names the label and the flag. Pure
//! except for reading the store. The message changes only when the required action changes: no exact counts.

use std::collections::{BTreeMap, BTreeSet};

use trimtab_api::conditions::reasons::{FOREIGN_SERIES, LABELS_NOT_HONORED};
use trimtab_core::WorkloadId;
use trimtab_usage_history::Mixture;

use crate::{
    analyzer::Analyzer,
    feed::UnusableUsage,
    outcome::Tally,
    text::{about, some},
    validate::ValidatedPolicy,
};

impl Analyzer {
    /// What is ambiguous in the series of a policy's workloads.
    pub(crate) fn ambiguity(
        &self,
        policy: &ValidatedPolicy,
        outcomes: Option<&Vec<(WorkloadId, Tally)>>,
    ) -> Option<UnusableUsage> {
        let feed = self.feeds.of(policy.source)?;
        let namespaces: BTreeSet<&str> = outcomes?.iter().map(|(workload, _)| &*workload.namespace).collect();
        let mixtures = namespaces.iter().filter_map(|n| Some(((*n).to_owned(), feed.store.mixture(n)?))).collect();
        fault(&mixtures, feed.store.labels_not_honored())
    }
}

/// The reason and the message; series of other clusters take precedence.
fn fault(mixtures: &BTreeMap<String, Mixture>, labels_not_honored: bool) -> Option<UnusableUsage> {
    let foreign = (!mixtures.is_empty()).then(|| foreign(mixtures));
    let honor = labels_not_honored.then(|| {
        "kube-state-metrics is scraped by a job that does not honour labels: its pods are in the label exported_pod, \
         and that is where restarts and OOM kills are read from. Set honor_labels: true on its scrape job (honorLabels in a \
         ServiceMonitor)"
            .to_owned()
    });
    match (foreign, honor) {
        (None, None) => None,
        (None, Some(honor)) => Some((LABELS_NOT_HONORED, honor)),
        (Some(foreign), None) => Some((FOREIGN_SERIES, foreign)),
        (Some(foreign), Some(honor)) => Some((FOREIGN_SERIES, format!("{foreign}. Also, {honor}"))),
    }
}

fn foreign(mixtures: &BTreeMap<String, Mixture>) -> String {
    let mut message = "the server holds series of another cluster, which are left out:".to_owned();
    let mut parts = Vec::new();
    let mut add = |count: fn(&Mixture) -> usize, [one, many]: [&str; 2]| {
        let pods: usize = mixtures.values().map(count).sum();
        if pods > 0 {
            let names: Vec<&str> = mixtures.iter().filter(|(_, m)| count(m) > 0).map(|(n, _)| n.as_str()).collect();
            let what = if pods == 1 { one } else { many };
            parts.push(format!(" {} {what}, in {}", about(pods), some(&names, "namespaces")));
        }
    };
    let living =
        ["that runs now and that this cluster does not have", "that run now and that this cluster does not have"];
    add(|m| m.foreign_pods, living);
    add(|m| m.past_pods, ["that has ended and was another cluster's", "that have ended and were another cluster's"]);
    let ambiguous: Vec<String> = mixtures.values().flat_map(|m| &m.ambiguous).map(ToString::to_string).collect();
    if !ambiguous.is_empty() {
        let names: Vec<&str> = ambiguous.iter().map(String::as_str).collect();
        parts.push(format!(
            " all series of {}, because two clusters have pods of the same names",
            some(&names, "workloads")
        ));
    }
    message.push_str(&parts.join("; and"));
    let labels: BTreeMap<&String, &(String, String)> = mixtures.values().flat_map(|m| &m.labels).collect();
    let node = mixtures.values().filter_map(|m| m.node.as_ref()).min();
    match (labels.first_key_value(), node) {
        (None, Some((label, node))) => message.push_str(&format!(
            ". They were recorded on nodes that this cluster does not have, such as {label}=\"{node}\", and no other label tells them \
             apart: give each cluster's Prometheus an external label, such as cluster, and set --prometheus-cluster \
             cluster=VALUE"
        )),
        (None, None) => message.push_str(
            ". No label tells them apart: give each cluster's Prometheus an external label, such as cluster, and set \
             --prometheus-cluster cluster=VALUE",
        ),
        (Some((label, (own, other))), _) if own.is_empty() => message.push_str(&format!(
            ". They carry {label}=\"{other}\" and those of this cluster have no label {label}: set --prometheus-cluster {label}= to \
             read only series without it, or give this cluster an external label {label} and set \
             --prometheus-cluster {label}=VALUE"
        )),
        (Some((label, (own, other))), _) => message.push_str(&format!(
            ". The label {label} has the values \"{own}\" and \"{other}\": set --prometheus-cluster {label}=VALUE with the one of \
             this cluster. If they are replicas of one server, set --prometheus-replica-label {label}"
        )),
    }
    message
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use trimtab_core::WorkloadKind;

    fn mixture(pods: usize, labels: &[(&str, &str, &str)]) -> Mixture {
        let labels = labels.iter().map(|(l, own, other)| ((*l).to_owned(), ((*own).to_owned(), (*other).to_owned())));
        Mixture { foreign_pods: pods, labels: labels.collect(), ..Mixture::default() }
    }

    fn told(mixture: Mixture) -> (&'static str, String) {
        fault(&[("shop".to_owned(), mixture)].into(), false).unwrap()
    }

    #[test]
    fn the_label_and_the_flag_are_named() {
        let (reason, message) = told(mixture(2, &[("cluster", "", "prod")]));
        assert_eq!(reason, "ForeignSeries");
        for part in ["2 pods", "in shop", "cluster=\"prod\"", "--prometheus-cluster cluster="] {
            assert!(message.contains(part), "{message} should contain {part}");
        }
        let (_, message) = told(mixture(2, &[("cluster", "eu", "us")]));
        for part in ["\"eu\" and \"us\"", "--prometheus-cluster cluster=VALUE", "--prometheus-replica-label cluster"] {
            assert!(message.contains(part), "{message} should contain {part}");
        }
        assert!(told(mixture(2, &[])).1.contains("No label tells them apart"));
    }

    #[test]
    fn a_node_that_is_not_here_is_named() {
        let (_, message) = told(Mixture { node: Some(("node".to_owned(), "rack9".to_owned())), ..mixture(1, &[]) });
        for part in ["node=\"rack9\"", "external label", "--prometheus-cluster cluster=VALUE"] {
            assert!(message.contains(part), "{message} should contain {part}");
        }
        assert!(!message.contains("--prometheus-cluster node"), "a node is no cluster: {message}");
    }

    #[test]
    fn workloads_of_two_clusters_are_named() {
        let db = WorkloadId::new(WorkloadKind::StatefulSet, "shop", "db");
        let mut both = mixture(0, &[("cluster", "eu", "us")]);
        both.ambiguous.insert(db.clone());
        let (_, message) = told(both);
        assert!(message.contains(&db.to_string()), "{message}");
    }

    #[test]
    fn pods_that_have_ended_are_told_too() {
        let past = |pods, past_pods| Mixture { past_pods, ..mixture(pods, &[("cluster", "eu", "us")]) };
        let (reason, message) = told(past(0, 12));
        assert_eq!(reason, "ForeignSeries");
        assert!(
            message.contains(": 10 pods or more that have ended and were another cluster's, in shop."),
            "{message}"
        );
        assert!(message.contains("\"eu\" and \"us\"") && !message.contains("run now"), "{message}");
        assert_eq!(told(past(0, 57)).1, message, "no exact counts");
        let (_, both) = told(past(1, 1));
        assert!(both.contains("1 pod that runs now") && both.contains("; and 1 pod that has ended"), "{both}");
    }

    #[test]
    fn the_message_does_not_move_with_every_pod() {
        assert_eq!(told(mixture(12, &[])), told(mixture(57, &[])));
        assert_ne!(told(mixture(1, &[])), told(mixture(2, &[])));
    }

    #[test]
    fn a_job_that_does_not_honour_labels_is_told_once_and_with_the_rest() {
        assert_eq!(fault(&BTreeMap::new(), false), None);
        let (reason, message) = fault(&BTreeMap::new(), true).unwrap();
        assert_eq!(reason, "LabelsNotHonored");
        assert!(message.contains("honor_labels: true"), "{message}");
        let (reason, both) = fault(&[("shop".to_owned(), mixture(1, &[]))].into(), true).unwrap();
        assert_eq!(reason, "ForeignSeries");
        assert!(both.contains(&message), "{both}");
    }
}
