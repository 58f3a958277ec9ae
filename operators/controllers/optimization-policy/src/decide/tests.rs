//! Tables of outcomes by kind and situation. The default policy is Balanced: CPU limits are kept, memory limits keep
//! their ratio, changes under 10 %, 10m and 16Mi are not worth it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::json;
use trimtab_api::risk::RiskLevel;
use trimtab_core::WorkloadKind;
use trimtab_sizing::Sizes;
use trimtab_world::row::{HpaMetric, HpaTargetValue, LimitRangeItem, LimitRangeScope, LimitRatio, Resources, VpaMode};

use super::*;
use crate::testkit::*;

/// The size for 0.12 cores and 180 MiB (see [`matches`]).
const STEADY: &str = "C/- M/-";

pub(super) fn over_provisioned() -> Scene {
    a_deployment().requesting("1", "1Gi").using(steady(0.12, 180.0), 14)
}

#[test]
fn containers_get_what_they_use() {
    let cases: Vec<(&str, Scene, &str)> = vec![
        ("too much", over_provisioned(), STEADY),
        ("too little", a_deployment().requesting("50m", "100Mi").using(steady(0.12, 180.0), 14), STEADY),
        ("nothing set", a_deployment().using(steady(0.12, 180.0), 14), STEADY),
        ("CPU limit kept, memory limit in its ratio", over_provisioned().limited_to("2", "2Gi"), "C/2 M/2M"),
        (
            "limits only are requests too",
            a_deployment().limited_to("1", "1Gi").using(steady(0.12, 180.0), 14),
            "1/1 M/M",
        ),
        (
            "a limit under usage is raised",
            a_deployment().requesting("50m", "100Mi").limited_to("60m", "120Mi").using(steady(0.12, 180.0), 14),
            "C/C M/*",
        ),
        ("idle comes to the least", a_deployment().requesting("1", "1Gi").using(steady(0.0, 5.0), 14), "*/- 32Mi/-"),
        (
            "a change of memory alone",
            a_deployment().requesting("140m", "1Gi").using(steady(0.12, 180.0), 14),
            "140m/- M/-",
        ),
        (
            "killed: above the level",
            a_deployment()
                .requesting("140m", "128Mi")
                .limited_to("", "128Mi")
                .using(steady(0.12, 110.0), 14)
                .oom_killed(3, 128),
            "140m/- 133Mi/133Mi",
        ),
        (
            "killed small: any step is worth it",
            a_deployment()
                .requesting("140m", "40Mi")
                .limited_to("", "40Mi")
                .using(steady(0.12, 35.0), 14)
                .oom_killed(1, 40),
            "140m/- 43Mi/43Mi",
        ),
        (
            "throttled: request and limit rise",
            a_deployment()
                .requesting("100m", "200Mi")
                .limited_to("100m", "")
                .using(steady(0.098, 180.0), 14)
                .throttled(30),
            "*/128m 200Mi/-",
        ),
        ("JVM: memory stays", over_provisioned().limited_to("", "1Gi").jvm(None), "C/- 1Gi/1Gi"),
        ("JVM with its own heap: not under it", over_provisioned().jvm(Some(400 << 20)), "C/- 400Mi/-"),
        (
            "a volume in memory: not under what it may hold",
            over_provisioned().last(|c| c.memory_volumes = 400 << 20),
            "C/- 400Mi/-",
        ),
        (
            "a JVM beside a volume in memory: not under both",
            over_provisioned().jvm(Some(300 << 20)).last(|c| c.memory_volumes = 100 << 20),
            "C/- 400Mi/-",
        ),
        (
            "limits removed by the policy",
            over_provisioned()
                .limited_to("2", "2Gi")
                .under(json!({"sizing": {"cpu": {"limit": "Remove"}, "memory": {"limit": "Remove"}}})),
            STEADY,
        ),
        (
            "limits equal to requests",
            over_provisioned()
                .limited_to("2", "2Gi")
                .under(json!({"sizing": {"cpu": {"limit": "EqualRequest"}, "memory": {"limit": "EqualRequest"}}})),
            "C/C M/M",
        ),
        (
            "bounds of the policy",
            over_provisioned().under(json!({"sizing": {"cpu": {"min": "200m"}, "memory": {"max": "150Mi"}}})),
            "200m/- 150Mi/-",
        ),
        (
            "an exception",
            over_provisioned().under(json!({"sizing": {"containers": [{"name": "app", "cpu": {"min": "300m"}}]}})),
            "300m/- M/-",
        ),
        (
            "annotations narrow",
            over_provisioned()
                .annotated(&[("trimtab.dev/min-cpu", "app=300m, 9"), ("trimtab.dev/max-memory", "150Mi")]),
            "300m/- 150Mi/-",
        ),
        (
            "annotations never widen",
            over_provisioned()
                .annotated(&[("trimtab.dev/min-cpu", "1m")])
                .under(json!({"sizing": {"cpu": {"min": "200m"}}})),
            "200m/- M/-",
        ),
        (
            "LimitRange",
            over_provisioned().limit_range(LimitRangeItem {
                min: some("250m", ""),
                max: some("", "128Mi"),
                ..an_item(LimitRangeScope::Container)
            }),
            "250m/- 128Mi/-",
        ),
        (
            "LimitRange ratio",
            over_provisioned().limited_to("2", "4Gi").limit_range(LimitRangeItem {
                max_limit_request_ratio: LimitRatio { cpu_thousandths: Some(4000), memory_thousandths: Some(2000) },
                ..an_item(LimitRangeScope::Container)
            }),
            "500m/2 M/2M",
        ),
        (
            "defaults of the LimitRange are what it has",
            a_deployment().using(steady(1.2, 180.0), 14).limit_range(LimitRangeItem {
                default_limit: some("500m", "512Mi"),
                default_request: some("100m", "128Mi"),
                ..an_item(LimitRangeScope::Container)
            }),
            "*/* M/512Mi",
        ),
        (
            "no limit is removed that the namespace demands",
            over_provisioned()
                .limited_to("2", "2Gi")
                .under(json!({"sizing": {"cpu": {"limit": "Remove"}}}))
                .quota(Resources { cpu_limit: Some(90_000), ..Resources::default() }, Resources::default()),
            "C/2 M/2M",
        ),
        ("HPA on CPU: memory may change", over_provisioned().with_hpa_on_cpu(), "1/- M/-"),
        (
            "HPA on a plain amount of CPU moves nothing",
            over_provisioned().scaled_on(HpaMetric::Cpu { container: None, target: HpaTargetValue::AverageValue(100) }),
            STEADY,
        ),
        (
            "HPA on another container",
            over_provisioned()
                .scaled_on(HpaMetric::Cpu { container: Some("proxy".into()), target: HpaTargetValue::Utilization(80) }),
            STEADY,
        ),
        (
            "HPA on memory",
            over_provisioned().scaled_on(HpaMetric::Memory {
                container: Some("app".into()),
                target: HpaTargetValue::Utilization(80),
            }),
            "C/- 1Gi/-",
        ),
        (
            "savings asked for, but it needs more",
            a_deployment()
                .requesting("50m", "100Mi")
                .using(steady(0.12, 180.0), 14)
                .under(json!({"thresholds": {"minMonthlySavings": "500"}})),
            STEADY,
        ),
    ];
    let wrong: Vec<String> = cases
        .into_iter()
        .map(|(case, scene, expected)| (case, scene.proposed("app"), expected))
        .filter(|(_, found, expected)| !matches(found, expected))
        .map(|(case, found, expected)| format!("{case}: {found}, expected {expected}"))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn brief(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Recommend(draft) => format!("proposes {:?}", draft.proposal),
        other => format!("{other:?}"),
    }
}

#[test]
fn every_kind_is_sized() {
    for kind in WorkloadKind::ALL {
        let scene = a_workload(kind).requesting("1", "1Gi").using(steady(0.12, 180.0), 14);
        assert!(matches(&scene.proposed("app"), STEADY), "{kind}");
        let patch: serde_json::Value = serde_json::from_str(&scene.draft().patch).unwrap();
        let path = if kind == WorkloadKind::CronJob { "/spec/jobTemplate/spec/template" } else { "/spec/template" };
        assert!(patch.pointer(path).is_some(), "{kind}: {patch}");
    }
}

#[test]
fn what_is_good_enough_is_left_alone() {
    let fits = || a_deployment().fitting().using(steady(0.12, 180.0), 14);
    for (case, scene) in [
        ("exactly", fits()),
        ("under 10 %", fits().requesting("146m", "217Mi")),
        ("under 10m and 16Mi", fits().requesting("142m", "214Mi")),
        ("saves too little", over_provisioned().under(json!({"thresholds": {"minMonthlySavings": "500"}}))),
        (
            "too small for its thresholds",
            over_provisioned().under(json!({"thresholds": {"minCpu": "2", "minMemory": "2Gi"}})),
        ),
        ("an autoscaler that stands in the way of nothing", fits().with_hpa_on_cpu()),
        ("a JVM that has enough CPU", fits().limited_to("", "1Gi").jvm(None)),
    ] {
        assert!(scene.decide() == Outcome::RightSized, "{case}: {}", brief(&scene.decide()));
    }
}

#[test]
fn what_cannot_be_said_is_skipped_with_its_reason() {
    let usage = || steady(0.12, 180.0);
    let off = [("trimtab.dev/mode", "Off")];
    let range = |item: LimitRangeItem| over_provisioned().limit_range(item);
    let full = Resources { memory_request: Some(590 << 20), ..Resources::default() };
    let cases: Vec<(Skip, Scene)> = vec![
        (
            Skip::InsufficientHistory,
            a_deployment()
                .requesting("1", "1Gi")
                .using(usage(), 0)
                .sampled(usage(), 1, 300, 300)
                .history(|h| h.forget_before(NOW_S)),
        ),
        (Skip::StaleMetrics, a_deployment().requesting("1", "1Gi").sampled(usage(), 14, 300, 2 * 3600)),
        (Skip::NoUsageData, a_deployment().requesting("1", "1Gi")),
        (Skip::NoUsageData, a_deployment().requesting("1", "1Gi").sampled(usage(), 40, 300, 20 * DAY)),
        (
            Skip::HpaOnSameResource,
            a_deployment()
                .fitting()
                .last(|c| std::sync::Arc::make_mut(&mut c.resources).cpu_request = Some(1000))
                .using(usage(), 14)
                .with_hpa_on_cpu(),
        ),
        (Skip::OptedOut, over_provisioned().annotated(&off)),
        (Skip::OptedOut, {
            let mut s = over_provisioned();
            s.namespace.annotations = annotations(&off);
            s
        }),
        (Skip::InvalidAnnotation, over_provisioned().annotated(&[("trimtab.dev/mode", "off")])),
        (Skip::InvalidAnnotation, over_provisioned().annotated(&[("trimtab.dev/max-memory", "512m")])),
        (Skip::InvalidAnnotation, over_provisioned().annotated(&[("trimtab.dev/min-cpu", "app=lots")])),
        (Skip::InvalidAnnotation, over_provisioned().annotated(&[("trimtab.dev/min-cpu", "other=lots")])),
        (Skip::InvalidAnnotation, over_provisioned().annotated(&[("trimtab.dev/max-cpu", "512Mi")])),
        (
            Skip::ContradictingBounds,
            over_provisioned().annotated(&[("trimtab.dev/min-cpu", "2"), ("trimtab.dev/max-cpu", "1")]),
        ),
        (Skip::ContradictingBounds, over_provisioned().annotated(&[("trimtab.dev/max-memory", "8Mi")])),
        (
            Skip::ContradictingBounds,
            range(LimitRangeItem { min: some("2", ""), ..an_item(LimitRangeScope::Container) })
                .under(json!({"sizing": {"cpu": {"max": "1"}}})),
        ),
        (
            Skip::ContradictingBounds,
            range(LimitRangeItem { min: some("", "2Gi"), max: some("", "1Gi"), ..an_item(LimitRangeScope::Container) }),
        ),
        (Skip::ContradictingBounds, range(LimitRangeItem { min: some("500m", ""), ..an_item(LimitRangeScope::Pod) })),
        (
            Skip::ContradictingBounds,
            range(LimitRangeItem { max: some("", "300Mi"), ..an_item(LimitRangeScope::Pod) }).limited_to("", "2Gi"),
        ),
        (
            Skip::QuotaExceeded,
            a_deployment()
                .requesting("140m", "100Mi")
                .using(usage(), 14)
                .quota(full, Resources { memory_request: Some(300 << 20), ..Resources::default() }),
        ),
        (Skip::Terminating, over_provisioned().row(|r| r.terminating = true)),
        (Skip::ManagedByVpa, over_provisioned().with_vpa(VpaMode::Always, (true, true))),
        (Skip::ManagedByVpa, over_provisioned().with_vpa(VpaMode::Initial, (false, true))),
        (Skip::Terminating, {
            let mut s = over_provisioned();
            s.namespace.terminating = true;
            s
        }),
        (
            Skip::Finished,
            a_workload(WorkloadKind::Job).requesting("1", "1Gi").using(usage(), 2).row(|r| r.finished = true),
        ),
        (
            Skip::PodLevelResources,
            over_provisioned().template(|t| {
                t.pod_resources = Some(Resources { cpu_request: Some(500), ..Resources::default() }.into())
            }),
        ),
        (Skip::NoPodTemplate, over_provisioned().template(|t| t.containers = Box::default())),
        (Skip::SizedAsRollout, over_provisioned().row(|r| r.template_for = Some("web".into()))),
        (Skip::ScaledToZero, a_workload(WorkloadKind::Rollout).requesting("1", "1Gi").row(|r| r.desired = 0)),
        (
            Skip::ContainersExcluded,
            over_provisioned().under(json!({"sizing": {"containers": [{"name": "app", "mode": "Off"}]}})),
        ),
    ];
    for (nth, (expected, scene)) in cases.into_iter().enumerate() {
        let outcome = scene.decide();
        assert!(outcome == Outcome::Skip(expected), "case {nth}: {} and not {expected:?}", brief(&outcome));
    }
}

#[test]
fn a_quota_with_room_and_a_quota_for_less_are_in_nobodys_way() {
    let hard = Resources { memory_request: Some(1 << 30), ..Resources::default() };
    let used = Resources { memory_request: Some(1 << 30), ..Resources::default() };
    assert!(matches(&over_provisioned().quota(hard, used).proposed("app"), STEADY), "less needs no room");
    let small = || a_deployment().requesting("140m", "100Mi").using(steady(0.12, 180.0), 14);
    let used = Resources { memory_request: Some(300 << 20), ..Resources::default() };
    assert!(matches(&small().quota(hard, used).proposed("app"), "140m/- M/-"));
}

#[test]
fn containers_are_sized_each_for_itself() {
    let scene = over_provisioned()
        .sidecar("proxy")
        .requesting("200m", "256Mi")
        .using(steady(0.01, 60.0), 14)
        .container("agent")
        .requesting("100m", "64Mi")
        .init("migrate")
        .requesting("4", "128Mi");
    assert!(matches(&scene.proposed("app"), STEADY));
    let ((c, m), (proxy_c, proxy_m)) = (asked(0.12, 180.0), asked(0.01, 60.0));
    assert_eq!(scene.proposed("proxy"), format!("{proxy_c}m/- {proxy_m}Mi/-"));
    assert_eq!((scene.proposed("agent"), scene.proposed("migrate")), ("=".into(), "=".into()));
    let draft = scene.draft();
    // The init container runs beside the preceding sidecar and determines the pod's request.
    assert_eq!(draft.summary.cpu, format!("4200m→{}m", 4000 + proxy_c));
    assert_eq!(draft.summary.memory, format!("1344Mi→{}Mi", m + proxy_m + 64));
    assert!(c < 4000);
    assert!(draft.explanation.contains("Container migrate is not changed: init containers count towards"));
    assert!(draft.explanation.contains("Container agent is not changed: there is no usage data"));
    assert_eq!(draft.evidence.containers.len(), 2);

    let off = scene.under(json!({"sizing": {"containers": [{"name": "proxy", "mode": "Off"}]}}));
    assert!(matches(&off.proposed("app"), STEADY) && off.proposed("proxy") == "=");
    assert!(off.draft().explanation.contains("Container proxy is not changed: the policy excludes it"));
}

#[test]
fn missing_usage_of_what_is_meant_to_have_no_pods_says_so() {
    use WorkloadKind::{CronJob, DaemonSet, Deployment, StatefulSet};
    let stopped = |kind| {
        let mut scene = a_workload(kind).requesting("1", "1Gi").row(|r| (r.desired, r.ready, r.updated) = (0, 0, 0));
        scene.pods = 0;
        scene
    };
    let usage = || steady(0.12, 180.0);
    for (kind, expected) in [
        (Deployment, Skip::ScaledToZero),
        (StatefulSet, Skip::ScaledToZero),
        (DaemonSet, Skip::NoMatchingNodes),
        (CronJob, Skip::NoUsageData),
    ] {
        let scene = stopped(kind);
        assert_eq!(scene.skip(), expected, "{kind}: never measured");
        if kind != CronJob {
            assert_eq!(scene.clone().sampled(usage(), 14, 300, 2 * DAY).skip(), expected, "{kind}: long ago");
            assert!(matches!(scene.clone().using(usage(), 14).decide(), Outcome::Recommend(_)), "{kind}: fresh");
            assert_eq!(scene.annotated(&[("trimtab.dev/mode", "Off")]).skip(), Skip::OptedOut, "{kind}");
        }
    }
    let asleep = stopped(CronJob).row(|r| r.suspended = true);
    assert_eq!(asleep.skip(), Skip::NoUsageData, "a suspended CronJob is not scaled to zero");
    let one = a_deployment().requesting("1", "1Gi").row(|r| r.desired = 1);
    assert_eq!(one.sampled(usage(), 14, 300, 2 * DAY).skip(), Skip::StaleMetrics, "it should have pods");
}

#[test]
fn a_workload_is_sized_well_only_if_all_of_it_was_judged() {
    let good = || a_deployment().fitting().using(steady(0.12, 180.0), 14).container("agent");
    assert_eq!(good().skip(), Skip::NoUsageData);
    assert_eq!(good().sampled(steady(0.1, 50.0), 14, 300, 2 * 3600).skip(), Skip::StaleMetrics);
    // An older proposal for the container that is judged no longer holds; one for the other is in doubt and stays.
    let former = |name: &str| Proposal {
        containers: vec![sized::written(name, Sizes { cpu_request: Some(500), ..Sizes::default() })],
    };
    assert_eq!(good().proposing(&former("app")).decide(), Outcome::RightSized);
    assert_eq!(good().proposing(&former("agent")).skip(), Skip::NoUsageData);
}

#[test]
fn changes_of_the_class_of_a_pod_are_told() {
    let guaranteed = a_deployment().requesting("1", "1Gi").limited_to("1", "1Gi").using(steady(0.12, 180.0), 14);
    let reasons = |s: &Scene| s.draft().risk.factors.into_iter().map(|f| f.reason).collect::<Vec<_>>();
    assert!(!reasons(&guaranteed).contains(&"QosClassChange".to_owned()), "a Guaranteed pod stays one");
    let said = guaranteed.clone().under(json!({"sizing": {"cpu": {"limit": "Keep"}}}));
    assert!(reasons(&said).contains(&"QosClassChange".to_owned()), "unless the policy says otherwise");
    let kept = guaranteed.under(json!({"sizing": {"cpu": {"limit": "EqualRequest"}}}));
    assert!(!reasons(&kept).contains(&"QosClassChange".to_owned()));
    assert_eq!(kept.draft().risk.level, RiskLevel::Medium, "it is still a large change");
    assert!(reasons(&a_deployment().using(steady(0.12, 180.0), 14)).contains(&"QosClassChange".to_owned()));
}

#[test]
fn a_name_that_is_absurd_or_an_amount_that_is_huge_breaks_nothing() {
    let scene = a_deployment().requesting("9P", "15Ei").limited_to("9P", "15Ei").using(steady(0.12, 180.0), 14);
    assert!(scene.proposed("app").starts_with(&format!("{}m/", asked(0.12, 180.0).0)));
    let mut many = a_deployment();
    for n in 0..80 {
        let name = format!("{}-{n}", "x".repeat(60 - 3));
        many = many.container(&name).requesting("1", "1Gi").sampled(steady(0.12, 180.0), 3, 1500, 300);
    }
    let draft = many.draft();
    assert!(draft.proposal.containers.len() <= 64 && draft.evidence.containers.len() <= 64);
    assert!(draft.patch.len() <= 16_384, "{}", draft.patch.len());
    assert!(draft.explanation.len() <= 4096 && draft.explanation.contains("more containers"));
    assert!(draft.explanation.contains("Frees "), "money is said however many containers there are");
}

#[test]
fn a_vertical_autoscaler_that_writes_nothing_is_told_as_a_risk_and_no_more() {
    let scene = over_provisioned();
    let factors = |scene: &Scene| scene.draft().risk.factors.iter().map(|f| f.reason.clone()).collect::<Vec<_>>();
    let beside = scene.clone().with_vpa(VpaMode::Off, (true, true));
    assert!(matches(&beside.proposed("app"), STEADY));
    assert!(
        factors(&beside).iter().any(|f| f == "VpaRecommends") && !factors(&scene).iter().any(|f| f == "VpaRecommends")
    );
    let of_nothing = scene.with_vpa(VpaMode::Always, (false, false));
    assert!(matches(&of_nothing.proposed("app"), STEADY));
}
