#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{collections::BTreeSet, sync::Arc};

use proptest::prelude::*;
use trimtab_api::{
    delivery::DeliveryMode::{self, Admission, Auto, Git, Manual, Template},
    gates::ClosedGate,
    quantity::Quantity,
    resources::{ContainerResources, Resources as Amounts},
    rollout_strategy::IfInfeasible,
    windows::WindowKind::Deny,
};
use trimtab_core::{WorkloadKind, quantity};
use trimtab_engine::{gate::closed_gates, input::EmergencyStop, windows::Windows};
use trimtab_world::row::{
    ContainerKind, HpaMetric, HpaTargetValue, LimitRangeItem, LimitRangeScope, LimitRatio, Owner, ResourceAmounts,
    Resources, VpaMode,
};

use crate::{
    FORWARD, Input, PodResize, START, reasons,
    testkit::{Scene, ago, argo_cd, hpa, labels, limit_range, node, pdb, quota, size, vpa, window},
};

const PAGE: &str = include_str!("../../../docs/gates.md");

fn start_gates(input: &Input<'_>) -> Vec<ClosedGate> {
    closed_gates(START, input)
}

fn forward_gates(input: &Input<'_>) -> Vec<ClosedGate> {
    closed_gates(FORWARD, input)
}

fn names(gates: &[ClosedGate]) -> Vec<&str> {
    gates.iter().map(|g| &*g.gate).collect()
}

#[test]
fn where_nothing_speaks_against_it_a_rollout_may_start() {
    assert_eq!(Scene::new().with(start_gates), []);
    for kind in [WorkloadKind::StatefulSet, WorkloadKind::DaemonSet, WorkloadKind::CronJob] {
        assert_eq!(Scene::new().of_kind(kind).with(start_gates), [], "{kind}");
    }
}

/// A scene in which every gate is closed that can be closed at the same time.
fn everything_wrong() -> Scene<'static> {
    let mut scene = Scene::new();
    scene.scale(1);
    scene.emergency_stop = EmergencyStop::On { by: Some("anna"), reason: None, since: None };
    scene.unknown_kinds = &["Node"];
    scene.rules.limits.suspended = true;
    scene.workload.uid = "another".into();
    scene.workload.annotations = labels(&[("trimtab.dev/mode", "Off")]);
    scene.proposal = vec![size("app", "600m/600m", "100Mi/100Mi"), size("proxy", "1/", "/")];
    scene.add_container("log", ContainerKind::Sidecar, "10m/", "64Mi/");
    scene.proposal.push(size("log", "10m/10m", "64Mi/64Mi"));
    scene.data_age_s = None;
    scene.rules.limits.windows = Windows::read(&[window(Deny, "* * * * *", "168h", "UTC")]).unwrap();
    scene.last_ended = Some(ago(0));
    (scene.under_way, scene.started_last_hour) = (5, 60);
    scene.other = Some(("mine", true));
    (scene.rules.delivery, scene.admission) = (Admission, false);
    scene.workload.owners = Box::new([Owner::Controller { kind: "Postgres".into(), name: "orders".into() }]);
    scene.workload.generation = 8;
    let target = HpaTargetValue::Utilization(80);
    scene.hpas = vec![hpa(HpaMetric::Cpu { container: None, target })];
    scene.vpas = vec![vpa(VpaMode::Always, true, true)];
    scene.pdbs = vec![pdb(0, 1, 2)];
    let most = ResourceAmounts { cpu: Some(100), memory: None };
    scene.limit_range_items = vec![limit_range(LimitRangeScope::Container, ResourceAmounts::default(), most)];
    let full = Resources { cpu_request: Some(1), ..Resources::default() };
    scene.quotas = vec![quota(full, full)];
    scene.nodes = vec![node("node-a", 0, 0)];
    scene.template().containers[0].cpu_resize_restarts = true;
    scene
}

#[test]
fn all_closed_gates_are_listed_in_order_and_few_hold_a_rollout_under_way() {
    let scene = everything_wrong();
    let closed = scene.with(start_gates);
    assert_eq!(names(&closed), START.iter().map(|g| g.name).collect::<Vec<_>>(), "a status lists them all");
    assert_eq!(names(&scene.with(forward_gates)), ["EmergencyStop", "Policy", "Mode"]);
}

#[test]
fn gates_and_their_reasons_have_one_name_each_that_the_schema_takes() {
    let rows = reasons::all();
    let gates: BTreeSet<&str> = rows.iter().map(|row| row.gate).collect();
    let all: Vec<&str> = gates.into_iter().chain(rows.iter().map(|row| row.reason.word)).collect();
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
    let camel_case = |w: &&str| {
        w.len() <= 63 && w.starts_with(|c: char| c.is_ascii_uppercase()) && w.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    assert!(all.iter().all(camel_case), "{all:?}");
}

/// The table of the documentation.
fn table() -> String {
    let mut text = String::from("| gate | reason | closed when | what opens it |\n|---|---|---|---|\n");
    for reasons::Row { gate, forward, reason } in reasons::all() {
        let held = if forward { " ⏸" } else { "" };
        text += &format!("| `{gate}`{held} | `{}` | {} | {} |\n", reason.word, reason.when, reason.opens);
    }
    text
}

#[test]
fn the_documentation_lists_every_reason() {
    assert!(PAGE.contains(&table()), "docs/gates.md lacks this table:\n{}", table());
}

fn amount() -> impl Strategy<Value = Option<u64>> {
    proptest::option::of(prop_oneof![0..5000_u64, any::<u64>()])
}

fn resources() -> impl Strategy<Value = Resources> {
    (amount(), amount(), amount(), amount()).prop_map(|(cpu_request, cpu_limit, memory_request, memory_limit)| {
        Resources { cpu_request, cpu_limit, memory_request, memory_limit }
    })
}

fn written(name: &str, r: &Resources) -> ContainerResources {
    let cpu = |v: Option<u64>| v.map(|v| Quantity(quantity::format_cpu(v)));
    let memory = |v: Option<u64>| v.map(|v| Quantity(quantity::format_bytes(v)));
    ContainerResources {
        name: name.to_owned(),
        requests: Amounts { cpu: cpu(r.cpu_request), memory: memory(r.memory_request) },
        limits: Amounts { cpu: cpu(r.cpu_limit), memory: memory(r.memory_limit) },
    }
}

/// The surroundings of a change: sizes of two containers, bounds, and room.
type Around = (Resources, Resources, Resources, Resources, Resources, (u64, u64), u8);

fn around() -> impl Strategy<Value = Around> {
    (resources(), resources(), resources(), resources(), resources(), (0..9000_u64, any::<u64>()), any::<u8>())
}

fn mode() -> impl Strategy<Value = DeliveryMode> {
    prop_oneof![Just(Auto), Just(Admission), Just(Template), Just(Git), Just(Manual)]
}

fn scene((app, proxy, hard, used, bounds, left, bits): &Around, mode: DeliveryMode) -> Scene<'static> {
    let bit = |n: u8| bits & (1 << n) != 0;
    let mut scene = Scene::new();
    scene.add_container("proxy", if bit(0) { ContainerKind::Sidecar } else { ContainerKind::App }, "/", "/");
    let template = scene.template();
    for (container, sizes) in template.containers.iter_mut().zip([app, proxy]) {
        container.resources = Arc::new(*sizes);
        (container.cpu_resize_restarts, container.memory_resize_restarts) = (bit(1), bit(2));
    }
    scene.scale(u32::from(*bits >> 5));
    scene.quotas = vec![quota(*hard, *used)];
    let amounts = |cpu, memory| ResourceAmounts { cpu, memory };
    let item = |scope| LimitRangeItem {
        max_limit_request_ratio: LimitRatio { cpu_thousandths: bounds.cpu_limit, memory_thousandths: None },
        ..limit_range(
            scope,
            amounts(bounds.cpu_request, bounds.memory_request),
            amounts(hard.cpu_limit, hard.memory_limit),
        )
    };
    scene.limit_range_items = vec![item(LimitRangeScope::Container), item(LimitRangeScope::Pod)];
    scene.nodes = vec![node("node-a", left.0, left.1 / 2)];
    scene.memory_peaks = vec![("app".into(), bounds.memory_limit.unwrap_or(0))];
    scene.hpas = vec![hpa(HpaMetric::Cpu { container: None, target: HpaTargetValue::Utilization(80) })];
    scene.pdbs = vec![pdb(u32::from(bit(3)), 3, 3)];
    if bit(4) {
        scene.workload.owners = Box::new([argo_cd()]);
        scene.rules.if_infeasible = IfInfeasible::Evict;
    }
    if bit(3) {
        scene.pod_resize = PodResize::KeepsMemoryLimits;
    }
    scene.rules.delivery = mode;
    scene
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// For any proposal in any surroundings, the result fits the schema, is deterministic, and is in order.
    #[test]
    fn gates_always_answer(around in around(), to in resources(), mode in mode(), text in ".{0,20}") {
        let mut scene = scene(&around, mode);
        scene.proposal = vec![written("app", &to)];
        let closed = scene.with(start_gates);
        prop_assert_eq!(&scene.with(start_gates), &closed);
        let mut order = START.iter().map(|g| g.name);
        for gate in &closed {
            prop_assert!(order.any(|name| name == gate.gate), "{} out of order", gate.gate);
            let known = START.iter().find(|g| g.name == gate.gate).unwrap();
            prop_assert!(known.reasons.iter().any(|r| r.word == gate.reason), "{}", gate.reason);
            prop_assert!(!gate.message.is_empty() && gate.message.chars().count() <= 1024);
        }
        prop_assert!(scene.with(forward_gates).iter().all(|g| closed.contains(g)));
        // Text that is not an amount is reported as such.
        scene.proposal[0].requests.cpu = Some(Quantity(text.clone()));
        let unreadable = quantity::cpu_millis(&text).is_err();
        let closed = scene.with(start_gates);
        prop_assert!(!unreadable || closed.iter().any(|g| g.reason == "ProposalUnreadable"), "{text:?}");
    }

    /// A proposal equal to the present size needs no room, violates no bound and disturbs nobody.
    #[test]
    fn what_runs_already_needs_nothing(around in around(), mode in mode()) {
        let mut scene = scene(&around, mode);
        scene.proposal =
            ["app", "proxy"].iter().zip([&around.0, &around.1]).map(|(name, r)| written(name, r)).collect();
        let closed = scene.with(start_gates);
        for name in ["Quota", "LimitRange", "NodeFit", "QoS", "InPlace", "Autoscaler", "MemoryDecrease", "ResizePolicy"] {
            prop_assert!(!names(&closed).contains(&name), "{closed:?}");
        }
    }
}
