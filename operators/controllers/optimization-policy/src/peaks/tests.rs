#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::json;
use trimtab_api::risk::RiskLevel;
use trimtab_sizing::{Evidence, Sizes};
use trimtab_world::row::ContainerKind;

use crate::{sized::SizedContainer, testkit::*};

/// The level and message of the factor, if found.
fn found(scene: &Scene) -> Option<(RiskLevel, String)> {
    let draft = scene.draft();
    let factor = draft.risk.factors.into_iter().find(|f| f.reason == "PeaksAboveRequest")?;
    let said = factor.message.trim_start_matches("container app ");
    assert!(draft.explanation.contains(said), "{said}: {}", draft.explanation);
    Some((factor.level, factor.message))
}

#[test]
fn use_far_above_a_lowered_request_is_told() {
    let nightly =
        |cores: f64| -> Usage { Box::new(move |t| (if t.rem_euclid(DAY) < 3600 { cores } else { 0.1 }, 180.0 * MIB)) };
    // Two whole days of UTC: it is noon.
    let busy = |t: i64| (NOW_S - 12 * DAY - DAY / 2..NOW_S - 10 * DAY - DAY / 2).contains(&t);
    let two_days: Usage = Box::new(move |t| (if busy(t) { 1.5 } else { 0.1 }, 180.0 * MIB));
    let batch: Usage = Box::new(move |t| (0.12, if busy(t) { 3072.0 } else { 400.0 } * MIB));
    for (case, says, expected, scene) in [
        (
            "an hour a night",
            "twice the proposed request of 1",
            RiskLevel::Medium,
            a_deployment().requesting("400m", "300Mi").using(nightly(1.5), 14),
        ),
        (
            "two days of a fortnight, covered at 95 % of recent samples",
            "of the time",
            RiskLevel::Medium,
            a_deployment()
                .requesting("450m", "300Mi")
                .using(two_days, 14)
                .under(json!({"sizing": {"profile": "Resilient"}})),
        ),
        (
            "memory of two days",
            "of memory, more than one and a half times",
            // It may exceed what its node has left.
            RiskLevel::High,
            a_deployment().requesting("200m", "1Gi").using(batch, 14),
        ),
    ] {
        let (level, message) = found(&scene).unwrap_or_else(|| panic!("{case}: {:?}", scene.draft()));
        assert_eq!(level, expected, "{case}");
        assert!(message.contains(says), "{case}: {message}");
    }
}

#[test]
fn a_share_of_readings_that_rounds_to_nothing_is_not_said_to_be_none() {
    let sizes = |cpu| Sizes { cpu_request: Some(cpu), ..Sizes::default() };
    let sized = SizedContainer { name: "app".into(), kind: ContainerKind::App, from: sizes(400), to: sizes(100) };
    let e = Evidence { cpu_peak: 1.5, cpu_over_percent: 0.04, cpu_over_of_one_percent: 20.0, ..Evidence::default() };
    let [cpu, memory] = super::above_request(&sized, &e);
    let said = cpu.unwrap();
    assert!(said.contains(": less than 0.1% of all readings were above that, which would be 20% of"), "{said}");
    assert_eq!(memory, None);
}

#[test]
fn what_is_near_the_request_or_small_or_raised_is_not_told() {
    let spikes = |cores: f64, mib: f64| -> Usage {
        Box::new(move |t| if t.rem_euclid(DAY) < 3600 { (cores, mib * MIB) } else { (0.01, 100.0 * MIB) })
    };
    for (case, scene) in [
        ("steady", a_deployment().requesting("1", "1Gi").using(steady(0.12, 180.0), 14)),
        ("a trifle", a_deployment().requesting("200m", "1Gi").using(spikes(0.045, 100.0), 14)),
        ("raised from next to nothing", a_deployment().requesting("10m", "32Mi").using(spikes(1.5, 100.0), 14)),
        ("set for the first time", a_deployment().using(spikes(1.5, 100.0), 14)),
    ] {
        assert_eq!(found(&scene), None, "{case}");
    }
}
