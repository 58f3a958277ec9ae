//! Annotations that cannot be applied leave a workload unchanged.

#![allow(clippy::unwrap_used)]

use trimtab_world::row::Resources;

use super::*;
use crate::{
    outcome::{Outcome, Skip},
    testkit::*,
};

fn fault_of(scene: &Scene) -> Option<InvalidAnnotation> {
    let observed = scene.observed();
    fault(observed.workload, observed.namespace, &observed.running.injected, observed.usage)
}

fn generous() -> Scene {
    a_deployment().requesting("1", "1Gi").using(steady(0.12, 180.0), 14)
}

#[test]
fn what_may_have_been_meant_as_protection_keeps_the_workload_as_it_is() {
    assert!(matches!(generous().decide(), Outcome::Recommend(_)), "it asks for too much");
    for (key, value, says) in [
        ("trimtab.dev/min-memory", "istio-poxy=1Gi", "names container \"istio-poxy\", which it does not have"),
        (
            "trimtab.dev/max-cpu",
            "app=2, aap=1",
            "names container \"aap\", which it does not have: did you mean \"app\"?",
        ),
        ("trimtab.dev/runtime-memory", "jvm=1Gi", "names container \"jvm\", which it does not have"),
        ("trimtab.dev/min-memmory", "1Gi", "did you mean trimtab.dev/min-memory?"),
        ("trimtab.dev/min-memory.app", "1Gi", "Trimtab does not read annotation trimtab.dev/min-memory.app"),
        ("trimtab.dev/exclude", "true", "Trimtab does not read annotation trimtab.dev/exclude"),
        ("trimtab.dev/mod", "Off", "did you mean trimtab.dev/mode?"),
        ("trimtab.dev/mode", "off", "annotation trimtab.dev/mode: \"off\" is not one of"),
        ("trimtab.dev/min-memory", "40Gx", "annotation trimtab.dev/min-memory: \"40Gx\" is not"),
        ("trimtab.dev/runtime-memory", "lots", "annotation trimtab.dev/runtime-memory: \"lots\" is not"),
    ] {
        let scene = generous().annotated(&[(key, value)]);
        assert_eq!(scene.decide(), Outcome::Skip(Skip::InvalidAnnotation), "{key}={value}");
        let found = fault_of(&scene).unwrap();
        let message = found.message();
        assert!(message.starts_with("Deployment shop/web: ") && message.contains(says), "{key}={value}: {message}");
    }
}

#[test]
fn what_stands_on_the_namespace_counts_for_all_in_it() {
    for (key, value) in [("trimtab.dev/min-memory", "1Gi"), ("trimtab.dev/mdoe", "Off"), ("trimtab.dev/ignore", "yes")]
    {
        let mut scene = generous();
        scene.namespace.annotations = annotations(&[(key, value)]);
        assert_eq!(scene.decide(), Outcome::Skip(Skip::InvalidAnnotation), "{key}");
        assert!(fault_of(&scene).unwrap().message().starts_with("Namespace shop: "), "{key}");
    }
}

#[test]
fn what_can_be_applied_or_protects_nothing_is_no_fault() {
    for (key, value) in [
        ("trimtab.dev/min-memory", "app=64Mi"),
        ("trimtab.dev/mode", "Recommend"),
        ("trimtab.dev/requested-at", "now"),
        ("argocd.argoproj.io/tracking-id", "Off"),
    ] {
        let scene = generous().annotated(&[(key, value)]);
        assert_eq!(fault_of(&scene), None, "{key}={value}");
        assert!(matches!(scene.decide(), Outcome::Recommend(_)), "{key}={value}");
    }
    // A container that is injected, or was seen in runs that have ended, exists.
    let named = || generous().annotated(&[("trimtab.dev/min-memory", "proxy=64Mi")]);
    assert_eq!(fault_of(&named().injected("proxy", Resources::default())), None);
    let mut over = named();
    let history = over.usage[0].1.clone();
    over.usage.push(("proxy".into(), history));
    assert_eq!(fault_of(&over), None);
}
