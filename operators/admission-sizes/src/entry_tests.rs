#![allow(clippy::unwrap_used)]
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::amounts::read_entry;

/// A container from `cpu memory / cpu memory`; `-` is not set.
fn container(name: &str, text: &str) -> ContainerResources {
    let (requests, limits) = text.split_once('/').unwrap_or((text, ""));
    let half = |half: &str| {
        let mut words = half.split_whitespace().map(|w| (w != "-").then(|| w.to_owned()));
        json!({"cpu": words.next().flatten(), "memory": words.next().flatten()})
    };
    serde_json::from_value(json!({"name": name, "requests": half(requests), "limits": half(limits)})).unwrap()
}

fn of(from: &[(&str, &str)], to: &[(&str, &str)], sidecars: &[&str]) -> Result<WorkloadSizes, Refusal> {
    let list = |all: &[(&str, &str)]| all.iter().map(|(name, text)| container(name, text)).collect::<Vec<_>>();
    entry("deploy-web", "sha256:0123", "u-1", &list(from), &list(to), sidecars)
}

fn text(half: &trimtab_api::applied_sizes::Requirements) -> String {
    let word = |q: &Option<trimtab_api::quantity::Quantity>| q.as_ref().map_or("-".to_owned(), |q| q.0.clone());
    let (r, l) = (&half.requests, &half.limits);
    format!("{} {} / {} {}", word(&r.cpu), word(&r.memory), word(&l.cpu), word(&l.memory))
}

#[test]
fn an_entry_says_all_that_a_container_has_and_gets() {
    for (from, to, had, gets) in [
        ("500m 512Mi / 1 512Mi", "100m 128Mi / 1 256Mi", "500m 512Mi / 1 512Mi", "100m 128Mi / 1 256Mi"),
        ("0.5 0.5Gi", "0.1 1000k", "500m 512Mi / - -", "100m 1M / - -"),
        // How the API server defaults limits without requests.
        ("/ 1 512Mi", "/ 500m 256Mi", "1 512Mi / 1 512Mi", "500m 256Mi / 500m 256Mi"),
        ("", "100m 128Mi / - 128Mi", "- - / - -", "100m 128Mi / - 128Mi"),
        ("500m 512Mi / 1 512Mi", "100m", "500m 512Mi / 1 512Mi", "100m - / - -"),
    ] {
        let entry = of(&[("app", from)], &[("app", to)], &[]).unwrap();
        let sized = &entry.containers[0];
        assert_eq!((text(&sized.from).as_str(), text(&sized.to).as_str()), (had, gets), "{from} → {to}");
        assert!(!sized.sidecar);
    }
}

#[test]
fn only_what_is_sized_is_named_and_sidecars_are_marked() {
    let from = [("app", "1 1Gi"), ("proxy", "1 1Gi"), ("other", "1 1Gi")];
    let entry = of(&from, &[("proxy", "100m 64Mi"), ("app", "500m 512Mi")], &["proxy"]).unwrap();
    let named: Vec<_> = entry.containers.iter().map(|c| (c.name.as_str(), c.sidecar)).collect();
    assert_eq!(named, [("proxy", true), ("app", false)]);
    assert_eq!((entry.uid.as_str(), entry.recommendation.as_str()), ("u-1", "deploy-web"));
}

#[test]
fn what_could_make_a_pod_that_cannot_be_created_is_refused() {
    let app = [("app", "500m 512Mi / 1 512Mi")];
    for (to, says) in [
        (&[][..], "no container is sized"),
        (&[("app", "")], "without any request or limit"),
        (&[("main", "1 1Gi")], "container main is not in the template"),
        (&[("app", "1 1Gi"), ("app", "1 1Gi")], "named twice"),
        (&[("app", "2 512Mi / 1 512Mi")], "cpu request above its limit"),
        (&[("app", "1 1Gi / 1 512Mi")], "memory request above its limit"),
        (&[("app", "much 1Gi")], "requests.cpu is \"much\""),
        (&[("app", "1 1Gi / 1 -1Gi")], "limits.memory is \"-1Gi\""),
    ] {
        let refusal = of(&app, to, &[]).unwrap_err().to_string();
        assert!(refusal.contains(says), "{to:?}: {refusal}");
    }
}

proptest! {
    #[test]
    fn an_entry_is_always_consistent(from in "([0-9]{1,4}m?|-) ([0-9]{1,4}Mi|-) / ([0-9]{1,4}m?|-) ([0-9]{1,4}Mi|-)",
        to in "([0-9]{1,4}m?|-) ([0-9]{1,4}Mi|-) / ([0-9]{1,4}m?|-) ([0-9]{1,4}Mi|-)") {
        if let Ok(entry) = of(&[("app", &from)], &[("app", &to)], &[]) {
            let to = read_entry(&entry.containers[0].to).unwrap();
            prop_assert_eq!(to.request_above_limit(), None);
            prop_assert_eq!(to.with_defaulted_requests(), to, "the API server would change it");
            prop_assert!(!to.is_empty());
        }
    }
}
