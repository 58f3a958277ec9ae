//! Nine points of a rollout of four pods, each as an undisturbed view; and a step in a few words.
#![allow(dead_code)]

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use trimtab_api::{
    approval::{Approver, Decision, HonouredApproval},
    delivery::DeliveryMode,
    gates::ClosedGate,
    quantity::Quantity,
    resources::{ContainerResources, Resources},
    rollout::{RolloutResult, RolloutStatus, Stage},
    rollout_strategy::IfInfeasible,
    undo::Undo,
    verification::{Baseline, Check, Verdict},
};
use trimtab_core::{WorkloadId, WorkloadKind};
use trimtab_engine::{header::Place, machine::step, protocol::Response, standing::Standing};
use trimtab_rollout::{
    Request, Session, Step,
    effect::Effect,
    view::{NotGiven, Pod, Resize, Settings, Share, StepSetting, Target, View},
};

pub const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);
pub const LONG: Timestamp = Timestamp::constant(1_790_000_000, 0);

pub const POINTS: [&str; 9] = [
    "not begun",
    "Resizing, step 1",
    "Watching, step 1",
    "Resizing, step 2",
    "Delivering",
    "Verifying",
    "Undoing",
    "Applied",
    "RolledBack",
];

fn sizes(cpu: &str) -> Vec<ContainerResources> {
    let requests = Resources { cpu: Some(Quantity(cpu.to_owned())), memory: Some(Quantity("64Mi".to_owned())) };
    vec![ContainerResources { name: "app".to_owned(), requests, limits: Resources::default() }]
}

pub fn former() -> Vec<ContainerResources> {
    sizes("500m")
}

pub fn new() -> Vec<ContainerResources> {
    sizes("250m")
}

pub fn edited() -> Vec<ContainerResources> {
    sizes("900m")
}

pub fn gate(gate: &str, reason: &str) -> ClosedGate {
    ClosedGate { gate: gate.to_owned(), reason: reason.to_owned(), message: "closed".to_owned() }
}

fn pod(number: usize, changed: bool) -> Pod {
    Pod {
        name: format!("web-{number}"),
        uid: format!("p{number}"),
        resource_version: format!("{number}00"),
        spec: if changed { new() } else { former() },
        sized_by_trimtab: Vec::new(),
        resize: Resize::Settled,
        ready: true,
        bound: true,
        terminating: false,
        created_since: false,
    }
}

/// The view at `point`.
pub fn at(point: &str) -> View {
    let (stage, step, changed): (_, _, &[usize]) = match point {
        "Watching, step 1" => (Stage::Watching, 1, &[1]),
        "Resizing, step 2" => (Stage::Resizing, 2, &[1]),
        "Delivering" => (Stage::Delivering, 3, &[1, 2, 3, 4]),
        "Verifying" => (Stage::Verifying, 3, &[1, 2, 3, 4]),
        "Undoing" => (Stage::Undoing, 2, &[2]),
        "Applied" => (Stage::Ended, 3, &[1, 2, 3, 4]),
        "RolledBack" => (Stage::Ended, 2, &[]),
        _ => (Stage::Resizing, 1, &[]),
    };
    let delivered = matches!(point, "Verifying" | "Applied");
    let undone = matches!(point, "Undoing" | "RolledBack");
    let ended = stage == Stage::Ended;
    let rollout = RolloutStatus {
        proposal_digest: "sha256:one".to_owned(),
        approved_by: Approver::person("ann"),
        target_uid: "u1".to_owned(),
        template: "t1".to_owned(),
        stage,
        step,
        steps: 3,
        progress: format!("{}/4", changed.len()),
        started: Time(NOW),
        stage_since: Time(NOW),
        former: former(),
        desired: new(),
        original: Vec::new(),
        delivery: DeliveryMode::Admission,
        delivered,
        baseline: Baseline::default(),
        checks: Vec::new(),
        undo: undone.then(|| Undo {
            reason: "ChecksFailed".to_owned(),
            message: "worse than before: Readiness: 3 of 4".to_owned(),
            since: Time(NOW),
            nothing_to_restore: false,
        }),
        result: ended.then_some(if undone { RolloutResult::RolledBack } else { RolloutResult::Applied }),
        ended: ended.then_some(Time(NOW)),
        rollbacks: i32::from(ended && undone),
    };
    View {
        digest: "sha256:one".to_owned(),
        proposal: new(),
        approval: Some(HonouredApproval {
            decision: Decision::Approved,
            by: Approver::person("ann"),
            rule: "may approve".to_owned(),
            proposal_digest: "sha256:one".to_owned(),
            since: Time(NOW),
            target_uid: None,
        }),
        approval_known: Ok(()),
        seen: Ok(()),
        deletion: None,
        protected: true,
        owned: false,
        place: None,
        policy_deleted: None,
        history: None,
        elsewhere: Vec::new(),
        pods_refused: None,
        withdrawn: None,
        leaving: false,
        taken: false,
        rollout: (point != "not begun").then_some(rollout),
        start_gates: Vec::new(),
        forward_gates: Vec::new(),
        target: Some(Target {
            id: WorkloadId::new(WorkloadKind::Deployment, "shop", "web"),
            uid: "u1".to_owned(),
            template: "t1".to_owned(),
            template_has_desired: false,
            template_has_former: true,
            template_sizes: former(),
            desired_pods: 4,
            rolling: false,
            runs_to_completion: false,
            terminating: false,
        }),
        pods: (1..=4).map(|n| pod(n, changed.contains(&n))).collect(),
        baseline: Ok(Baseline::default()),
        checks: if point == "not begun" {
            Vec::new()
        } else {
            vec![Check { name: "Readiness".to_owned(), verdict: Verdict::Pass, message: "4 of 4".to_owned() }]
        },
        ran: false,
        sizes_entry: delivered,
        has_entry: delivered,
        sizes_given: if delivered { Ok(()) } else { Err(NotGiven::OtherResources) },
        settings: Settings {
            steps: vec![
                StepSetting { share: Share::Count(1), pause_s: 300 },
                StepSetting { share: Share::Percent(50), pause_s: 300 },
                StepSetting { share: Share::Percent(100), pause_s: 0 },
            ],
            if_infeasible: IfInfeasible::Undo,
            deferred_timeout_s: 600,
            verification_window_s: 900,
            delivery: DeliveryMode::Admission,
            in_place: true,
        },
    }
}

fn size(containers: &[ContainerResources]) -> &'static str {
    if containers == former() {
        "former"
    } else if containers == new() {
        "new"
    } else {
        "of somebody else"
    }
}

/// The step of a session for `view` after any preceding requests have succeeded.
pub fn answered(view: &View, session: Session) -> (Session, Step) {
    let mut view = view.clone();
    let (mut session, mut next) = step(&view, session, None, NOW);
    while let Step::Ask(Request::Reserve { .. } | Request::Confirm(_)) = &next {
        if let Step::Ask(Request::Reserve { uid }) = &next {
            view.place = Some(Place { uid: uid.clone(), announced: false });
        }
        (session, next) = step(&view, session, Some(Response::Done), NOW);
    }
    (session, next)
}

/// The step of a new session for `view`, in a few words: a request, or `~` and a standing. The finalizer is as the
/// machine wants it.
pub fn says(view: &View) -> String {
    let next = |view: &View| answered(view, Session::default()).1;
    let mut view = view.clone();
    match next(&view) {
        Step::Ask(Request::Protect | Request::Release) if view.deletion.is_none() => {
            view.protected = !view.protected;
            words(&view, &next(&view))
        }
        other => words(&view, &other),
    }
}

/// `step` in a few words. The other fields of a request are checked here: they must come from this very view.
pub fn words(view: &View, step: &Step) -> String {
    match step {
        Step::Ask(Request::WriteStatus(r)) => match (r.stage, &r.undo, r.result) {
            (Stage::Undoing, Some(undo), None) => format!("Undoing {}", undo.reason),
            (Stage::Ended, _, Some(result)) => format!("Ended {result:?}"),
            (stage, None, None) => format!("{stage:?}/{}", r.step),
            _ => format!("a status that contradicts itself: {r:?}"),
        },
        Step::Ask(Request::Effect(Effect::Resize { pod, uid, resource_version, containers })) => {
            let seen = view.pods.iter().find(|p| p.name == *pod).expect("a pod of the view");
            assert_eq!((uid, resource_version), (&seen.uid, &seen.resource_version), "preconditions");
            assert!(seen.bound && !seen.terminating, "{pod} cannot be resized");
            format!("{pod} {}", size(containers))
        }
        Step::Ask(Request::Effect(Effect::Evict { pod, .. })) => format!("evict {pod}"),
        Step::Ask(Request::Effect(Effect::PutSizes { uid, from, to })) => {
            let target = view.target.as_ref().expect("a workload");
            assert_eq!((uid, from), (&target.uid, &target.template_sizes), "the entry is for the workload as it is");
            if *to == new() { "put".to_owned() } else { format!("put {}", size(to)) }
        }
        Step::Ask(Request::Reserve { .. }) => "reserve".to_owned(),
        Step::Ask(Request::GiveBack) => "give back".to_owned(),
        Step::Ask(Request::Confirm(_)) => "confirm".to_owned(),
        Step::Ask(Request::Effect(Effect::DropSizes)) => "drop".to_owned(),
        Step::Ask(Request::Protect) => "protect".to_owned(),
        Step::Ask(Request::Remember(_)) => "remember".to_owned(),
        Step::Ask(Request::Release) => "release".to_owned(),
        Step::Ask(Request::Effect(Effect::PatchTemplate { containers, .. })) => format!("patch {}", size(containers)),
        Step::LookAgain { until } => {
            assert!(*until > NOW, "a wait that is over already would spin");
            "~".to_owned()
        }
        Step::Wait { until, standing } => {
            assert!(until.is_none_or(|u| u > NOW), "a wait that is over already would spin");
            match standing {
                Standing::Blocked(gates) => format!("~Blocked {}", gates.first().map_or("by nothing", |g| &g.gate)),
                Standing::Paused { reason, .. } => format!("~Paused {reason}"),
                other => {
                    let text = format!("{other:?}");
                    format!("~{}", text.split('(').next().unwrap_or_default())
                }
            }
        }
    }
}

pub fn earlier(view: &mut View) {
    let target = view.target.as_mut().unwrap();
    (target.template_sizes, target.template_has_former) = (edited(), false);
}

pub fn deliver(view: &mut View, mode: DeliveryMode) {
    view.settings.delivery = mode;
    view.sizes_entry = false;
    if let Some(r) = &mut view.rollout {
        r.delivery = mode;
    }
}

pub fn patched(view: &mut View) {
    let target = view.target.as_mut().unwrap();
    (target.template, target.template_sizes) = ("t2".to_owned(), new());
    (target.template_has_former, target.template_has_desired) = (false, true);
}
