//! Which names match nothing, and what is reported about them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;

use serde_json::json;
use trimtab_core::WorkloadKind;

use super::*;
use crate::{testkit::*, validate::validate};

#[derive(Default)]
struct Cluster {
    workloads: Vec<Arc<WorkloadRow>>,
    namespace: Labels,
    injected: BTreeMap<String, Vec<&'static str>>,
}

impl Rows for Cluster {
    fn workload(&self, id: &WorkloadId) -> Option<Arc<WorkloadRow>> {
        self.workloads.iter().find(|w| w.id == *id).cloned()
    }

    fn namespace(&self, name: &str) -> Option<Arc<NamespaceRow>> {
        let annotations = self.namespace.clone();
        Some(Arc::new(NamespaceRow { name: name.into(), labels: Labels::default(), annotations, terminating: false }))
    }

    fn in_pods(&self, id: &WorkloadId) -> BTreeSet<Arc<str>> {
        self.injected.get(&*id.name).into_iter().flatten().map(|name| Arc::from(*name)).collect()
    }
}

impl Cluster {
    fn with(mut self, name: &str, containers: &[&str], notes: &[(&'static str, &str)]) -> Self {
        let mut scene =
            a_deployment().annotated(notes).row(|r| r.id = WorkloadId::new(WorkloadKind::Deployment, "shop", name));
        for container in containers {
            scene = scene.container(container);
        }
        self.workloads.push(Arc::new(scene.row));
        self
    }

    fn found(&self, sizing: serde_json::Value) -> Names {
        let policy = validate(&a_policy(json!({"sizing": sizing}))).unwrap();
        let namespaces = [self.namespace("shop").unwrap()];
        let plan = Plan::new(vec![policy], &namespaces, |_| self.workloads.clone());
        find(&plan, self).remove(0)
    }

    /// Reason and message of each unmatched name.
    fn said(&self, sizing: serde_json::Value) -> Vec<(&'static str, String)> {
        self.found(sizing).list.into_iter().map(|u| (u.reason, u.message)).collect()
    }
}

fn excluded(name: &str) -> serde_json::Value {
    json!({"containers": [{"name": name, "mode": "Off"}]})
}

#[test]
fn what_stands_beside_the_workload_is_told_and_holds_it_back() {
    let labels = |key: &str| -> Labels { [(Arc::from(key), Arc::from("Off"))].into_iter().collect() };
    let said = |change: &dyn Fn(&mut WorkloadRow)| {
        let mut cluster = Cluster::default().with("web", &[], &[]);
        change(Arc::make_mut(&mut cluster.workloads[0]));
        let held = not_applied(&cluster.workloads[0], &cluster.namespace("shop").unwrap());
        let said = cluster.said(json!({}));
        assert_eq!(held, said.iter().map(|(_, m)| m.clone()).collect::<Vec<_>>());
        said
    };
    let template = |row: &mut WorkloadRow, f: &dyn Fn(&mut trimtab_world::row::Template)| {
        f(Arc::make_mut(&mut row.template));
    };
    for (place, said) in [
        ("a label", said(&|row| row.labels = labels("trimtab.dev/mode"))),
        ("an annotation of its pod template", said(&|r| template(r, &|t| t.annotations = labels("trimtab.dev/mode")))),
        ("a label of its pod template", said(&|r| template(r, &|t| t.labels = labels("trimtab.dev/mode")))),
    ] {
        let [(reason, message)] = said.try_into().unwrap();
        assert_eq!(reason, "UnknownAnnotation");
        assert_eq!(
            message,
            format!(
                "Deployment shop/web: Trimtab does not read trimtab.dev/mode=\"Off\" as {place}: write it as an annotation of the \
                 object itself; no recommendation is created until it is corrected or removed"
            )
        );
    }
    // Policies may select by labels of any name.
    assert_eq!(said(&|row| row.labels = labels("trimtab.dev/tier")), []);
    // What is in force is in force.
    let both = said(&|row| {
        row.labels = labels("trimtab.dev/mode");
        row.annotations = labels("trimtab.dev/mode");
    });
    assert_eq!(both, []);
}

#[test]
fn a_container_that_no_workload_has_is_named_with_the_nearest() {
    let cluster = Cluster::default().with("web", &["istio-proxy"], &[]).with("db", &["metrics"], &[]);
    assert_eq!(cluster.said(excluded("istio-proxy")), [], "one workload that has it is enough");
    assert_eq!(cluster.said(json!({})), []);
    let [(reason, message)] = cluster.said(excluded("istio-poxy")).try_into().unwrap();
    assert_eq!(reason, "ContainerNotFound");
    assert_eq!(
        message,
        "sizing.containers names \"istio-poxy\", but no container of the 2 workloads that the policy sizes has that name: \
         did you mean \"istio-proxy\"?"
    );
    let [(_, message)] = cluster.said(excluded("linkerd")).try_into().unwrap();
    assert!(message.ends_with("; the containers are app, istio-proxy, metrics"), "{message}");
    assert_eq!(Cluster::default().said(excluded("any")), [], "nothing is selected: NoWorkloads says that");
}

#[test]
fn an_injected_container_is_found_in_the_pods() {
    let mut cluster = Cluster::default().with("web", &[], &[("trimtab.dev/min-cpu", "istio-proxy=100m")]);
    assert_eq!(cluster.said(excluded("istio-proxy")).len(), 2);
    cluster.injected.insert("web".to_owned(), vec!["app", "istio-proxy"]);
    assert_eq!(cluster.said(excluded("istio-proxy")), []);
}

#[test]
fn an_annotation_for_a_container_that_is_not_there_is_named() {
    let note = |text: &'static str| Cluster::default().with("web", &["proxy"], &[("trimtab.dev/max-memory", text)]);
    assert_eq!(note("app=1Gi, proxy=64Mi,2Gi").said(json!({})), []);
    let [(reason, message)] = note("app=1Gi, proxi=64Mi").said(json!({})).try_into().unwrap();
    assert_eq!(reason, "ContainerNotFound");
    assert_eq!(
        message,
        "Deployment shop/web: annotation trimtab.dev/max-memory names container \"proxi\", which it does not have: did you \
         mean \"proxy\"?"
    );
}

#[test]
fn an_annotation_that_is_not_read_is_named_with_the_nearest() {
    for (key, value, means_mode, says) in [
        ("trimtab.dev/mod", "Off", true, "did you mean trimtab.dev/mode? No recommendation is created until"),
        ("trimtab.dev/Mode", "Apply", true, "did you mean trimtab.dev/mode?"),
        ("trimtab.dev/enabled", "off", true, "did you mean trimtab.dev/mode?"),
        ("trimtab.dev/minCpu", "1", false, "did you mean trimtab.dev/min-cpu?"),
        (
            "trimtab.dev/cpu-floor",
            "1",
            false,
            "the ones that it reads there are trimtab.dev/mode, trimtab.dev/min-cpu, ",
        ),
        ("trimtab.dev/requested-at", "now", false, "it is read on objects of another kind only"),
    ] {
        let cluster = Cluster::default().with("web", &[], &[(key, value)]);
        let [found] = cluster.found(json!({})).list.try_into().unwrap();
        assert_eq!((found.reason, found.means_mode), ("UnknownAnnotation", means_mode), "{key}");
        assert!(found.message.starts_with("Deployment shop/web: ") && found.message.contains(says), "{found:?}");
        assert!(matches!(&found.place, Place::Workload(id, _) if &*id.name == "web"), "{found:?}");
        let held = found.message.contains("o recommendation is created until it is corrected or removed");
        assert_eq!((held, found.holds_back), (key != "trimtab.dev/requested-at", held), "{found:?}");
    }
    for read in [
        [("trimtab.dev/mode", "Off")].as_slice(),
        &[("trimtab.dev/min-cpu", "1"), ("argocd.argoproj.io/tracking-id", "Off")],
    ] {
        assert_eq!(Cluster::default().with("web", &[], read).said(json!({})), [], "{read:?}");
    }
    // A correct annotation next to it determines the mode.
    let both = [("trimtab.dev/mod", "Off"), ("trimtab.dev/mode", "Recommend")];
    let [found] = Cluster::default().with("web", &[], &both).found(json!({})).list.try_into().unwrap();
    assert!(!found.means_mode && found.holds_back, "{found:?}");
}

#[test]
fn annotations_of_a_namespace_are_looked_at_once() {
    let mut cluster = Cluster::default().with("a", &[], &[]).with("b", &[], &[]);
    cluster.namespace = annotations(&[("trimtab.dev/min-cpu", "1"), ("trimtab.dev/mdoe", "Off")]);
    let found = cluster.found(json!({})).list;
    let said: Vec<_> = found.iter().map(|u| (u.means_mode, u.message.as_str())).collect();
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].0 && said[0].1.starts_with("Namespace shop: Trimtab does not read annotation trimtab.dev/mdoe"));
    assert!(said[1].1.contains("it is read on objects of another kind only; no recommendation is created"), "{said:?}");
}

#[test]
fn the_list_is_bounded_and_what_matters_most_stays_in_it() {
    let mut cluster = Cluster::default();
    for n in 0..60 {
        cluster = cluster.with(&format!("w{n:02}"), &[], &[("trimtab.dev/minCpu", "1")]);
    }
    cluster = cluster.with("zz", &[], &[("trimtab.dev/mod", "Off")]);
    let names = cluster.found(excluded("nobody"));
    assert_eq!((names.list.len(), names.more), (MOST, 12));
    assert!(names.list[0].means_mode);
}
