//! Injected containers: the advice on them, and that none of it counts as applied.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::json;
use trimtab_world::row::Resources;

use super::*;
use crate::{decide::containers, testkit::*};

const MI: u64 = 1 << 20;

fn proxy() -> Resources {
    Resources {
        cpu_request: Some(100),
        cpu_limit: Some(2000),
        memory_request: Some(128 * MI),
        memory_limit: Some(1024 * MI),
    }
}

/// A workload that is far too large, with a proxy that uses three times its request.
fn meshed(name: &str) -> Scene {
    let scene = a_deployment().requesting("500m", "1Gi").using(steady(0.05, 100.0), 14);
    scene.injected(name, proxy()).injected_using(name, steady(0.3, 500.0), 14)
}

fn injected(scene: &Scene) -> Injected {
    let decided = containers(&scene.policy, &scene.observed(), None, now()).unwrap();
    match decided.last().unwrap().decision.clone() {
        Err(Left::Injected(injected)) => *injected,
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_known_injector_is_told_by_annotations_of_its_own() {
    for injector in &INJECTORS {
        let scene = meshed(injector.container);
        let fit = injected(&scene).fit.unwrap();
        assert_eq!(fit.injector, injector);
        let keys: Vec<&str> = fit.annotations().iter().map(|(key, _)| *key).collect();
        assert_eq!(keys, injector.keys, "also of what stays");
        let text = scene.draft().explanation;
        for (key, value) in fit.annotations() {
            assert!(text.contains(&format!("{key}: \"{value}\"")), "{text}");
        }
        assert_eq!(text.contains("Set all of them"), injector.all_or_none, "{text}");
        assert!(text.contains("CPU request 100m → ") && text.contains("memory request 128Mi → "), "{text}");
        assert!(text.contains(&format!("Container {} is injected", injector.container)), "{text}");
    }
}

#[test]
fn the_size_is_the_one_that_the_same_container_of_a_template_gets() {
    let fit = injected(&meshed("istio-proxy")).fit.unwrap();
    let own = a_deployment().requesting("100m", "128Mi").limited_to("2", "1Gi").using(steady(0.3, 500.0), 14);
    let [cpu, cpu_limit, memory, memory_limit] =
        <[String; 4]>::try_from(fit.annotations().into_iter().map(|(_, value)| value).collect::<Vec<_>>()).unwrap();
    assert_eq!(own.proposed("app"), format!("{cpu}/{cpu_limit} {memory}/{memory_limit}"));
}

#[test]
fn advice_counts_for_nothing_else() {
    let (with, silent) = (meshed("istio-proxy"), {
        let scene = a_deployment().requesting("500m", "1Gi").using(steady(0.05, 100.0), 14);
        scene.injected("istio-proxy", proxy())
    });
    let (with, silent) = (with.draft(), silent.draft());
    assert!(with.proposal.containers.iter().all(|c| c.name == "app"), "{:?}", with.proposal);
    assert_eq!((&with.digest, &with.patch), (&silent.digest, &silent.patch));
    assert_eq!((&with.savings, &with.risk, &with.summary), (&silent.savings, &silent.risk, &silent.summary));
    assert_eq!((&with.evidence, with.confidence_percent), (&silent.evidence, silent.confidence_percent));
    assert!(silent.explanation.contains("There is no usage data for it."), "{}", silent.explanation);
    // If the template's own containers are right-sized, the advice alone is no proposal.
    let fitting = a_deployment().using(steady(0.12, 180.0), 14).fitting();
    let fitting = fitting.injected("istio-proxy", proxy()).injected_using("istio-proxy", steady(0.3, 500.0), 14);
    assert_eq!(fitting.decide(), crate::outcome::Outcome::RightSized);
    assert!(injected(&fitting).fit.is_ok());
}

#[test]
fn why_a_container_is_not_sized_is_said() {
    let memory = |mib: u64| Resources { memory_request: Some(mib * MI), ..Resources::default() };
    let excluded = json!({"sizing": {"containers": [{"name": "istio-proxy", "mode": "Off"}]}});
    let fits = a_deployment().requesting("500m", "1Gi").using(steady(0.05, 100.0), 14);
    let fits = fits.injected(
        "istio-proxy",
        Resources { cpu_request: Some(320), memory_request: Some(560 * MI), ..Resources::default() },
    );
    for (scene, expected, said) in [
        (meshed("mesh-proxy"), NoFit::UnknownInjector, "no annotation is known that tells its injector"),
        (meshed("istio-proxy").under(excluded), NoFit::Excluded, "The policy excludes it."),
        (fits.injected_using("istio-proxy", steady(0.3, 520.0), 14), NoFit::Fits, "It has what it needs."),
        (meshed("istio-proxy").quota(memory(3600), memory(3456)), NoFit::NoRoom, "leaves no room"),
        (
            meshed("istio-proxy").under(json!({"history": {"minimum": "72h"}})).injected_using(
                "istio-proxy",
                steady(0.3, 500.0),
                1,
            ),
            NoFit::Refused(RefuseReason::InsufficientHistory),
            "less history than the policy requires",
        ),
    ] {
        assert_eq!(injected(&scene).fit, Err(expected));
        let text = scene.draft().explanation;
        assert!(text.contains(said) && !text.contains("sidecar.istio.io"), "{expected:?}: {text}");
    }
    let unknown = meshed("mesh-proxy").draft().explanation;
    assert!(
        unknown.contains("Container mesh-proxy is injected") && unknown.contains("Memory peaked at 501Mi"),
        "{unknown}"
    );
}

#[test]
fn a_limit_is_never_taken_away_by_advice() {
    let remove = json!({"sizing": {"cpu": {"limit": "Remove"}, "memory": {"limit": "Remove"}}});
    let fit = injected(&meshed("istio-proxy").under(remove)).fit.unwrap();
    assert_eq!((fit.to.cpu_limit, fit.to.memory_limit), (Some(2000), Some(1 << 30)));
}

#[test]
fn what_is_injected_without_limits_makes_no_guaranteed_pod() {
    let spiky = |t: i64| (if t.rem_euclid(DAY) < 600 { 0.9 } else { 0.1 }, 180.0 * MIB);
    let own = a_deployment().requesting("1", "1Gi").limited_to("1", "1Gi").using(Box::new(spiky), 14);
    let request = |s: &Scene| containers(&s.policy, &s.observed(), None, now()).unwrap()[0].sized.to.cpu_request;
    // The request of a Guaranteed pod is its limit too, and covers the peak.
    assert!(request(&own) >= Some(900), "{:?}", request(&own));
    let meshed = own.injected("mesh", Resources::default());
    assert!(request(&meshed) < Some(500), "{:?}", request(&meshed));
}
