//! Whether the proposal can be applied to this workload at all: its amounts, its containers.

use trimtab_world::row::{ContainerKind, WorkloadRow};

use trimtab_engine::gate::{Blocked, Gate, Reason, blocked};

use crate::{
    input::{Input, Surroundings},
    sizes::{self, Wanted},
};

pub(super) const GATE: Gate<Surroundings> = Gate {
    name: "Proposal",
    reasons: &[
        Reason {
            word: "ProposalUnreadable",
            when: "an amount of the proposal is not a quantity, a request is above its limit, or nothing is proposed",
            opens: "fixing the proposal",
        },
        Reason {
            word: "ContainerNotFound",
            when: "the workload's template has no container of that name",
            opens: "a proposal for the containers that exist",
        },
        Reason {
            word: "ContainerNotResizable",
            when: "the container is an init container that ends before the pod starts",
            opens: "a proposal without it",
        },
        Reason {
            word: "PodLevelResources",
            when: "the pods have resources as a whole",
            opens: "taking `spec.resources` out of the pod template",
        },
    ],
    check,
};

fn check(input: &Input<'_>) -> Option<Blocked> {
    let wanted = match sizes::wanted(input.proposal) {
        Ok(wanted) => wanted,
        Err((what, error)) => return blocked("ProposalUnreadable", format!("{what}: {error}")),
    };
    if wanted.is_empty() {
        return blocked("ProposalUnreadable", "the proposal names no container");
    }
    let workload = input.workload?;
    if workload.template.pod_resources.is_some() || input.live().any(|p| p.pod_resources.is_some()) {
        let why = "which a change of its containers does not change: take spec.resources out of the pod template";
        return blocked(
            "PodLevelResources",
            format!("the pods of {} have resources as a whole, {why}", input.common.target_name()),
        );
    }
    wanted.iter().find_map(|w| container(input, workload, w))
}

fn container(input: &Input<'_>, workload: &WorkloadRow, wanted: &Wanted<'_>) -> Option<Blocked> {
    let (name, to) = (wanted.name, wanted.to);
    for (resource, request, limit, format) in [
        ("cpu", to.cpu_request, to.cpu_limit, sizes::cpu as fn(u64) -> String),
        ("memory", to.memory_request, to.memory_limit, sizes::memory),
    ] {
        if let (Some(request), Some(limit)) = (request, limit)
            && request > limit
        {
            let (request, limit) = (format(request), format(limit));
            let what = format!("requests.{resource} {request} of container {name} is above limits.{resource} {limit}");
            return blocked("ProposalUnreadable", what + ", which no pod may have");
        }
    }
    match workload.template.container(name).map(|c| c.kind) {
        Some(ContainerKind::App | ContainerKind::Sidecar) => None,
        Some(ContainerKind::Init) => blocked(
            "ContainerNotResizable",
            format!(
                "container {name} of {} ends before its pod starts and cannot be resized",
                input.common.target_name()
            ),
        ),
        None => blocked("ContainerNotFound", format!("{} has no container {name}", input.common.target_name())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::{Scene, asked, size};

    #[test]
    fn closed_for_what_cannot_be_carried_out() {
        type Change = fn(&mut Scene);
        let cases: [(&str, Change, Option<&str>); 9] = [
            ("good", |_| {}, None),
            ("request equals limit", |s| s.proposal = vec![size("app", "100m/100m", "64Mi/64Mi")], None),
            (
                "request above limit",
                |s| s.proposal = vec![size("app", "101m/100m", "64Mi/64Mi")],
                Some("ProposalUnreadable"),
            ),
            ("memory above limit", |s| s.proposal = vec![size("app", "1/", "65Mi/64Mi")], Some("ProposalUnreadable")),
            ("no quantity", |s| s.proposal = vec![size("app", "much/", "64Mi/")], Some("ProposalUnreadable")),
            ("nothing", |s| s.proposal.clear(), Some("ProposalUnreadable")),
            ("another container", |s| s.proposal = vec![size("proxy", "1/", "/")], Some("ContainerNotFound")),
            (
                "an init container",
                |s| {
                    s.add_container("migrate", ContainerKind::Init, "100m/", "64Mi/");
                    s.proposal = vec![size("migrate", "1/", "/")];
                },
                Some("ContainerNotResizable"),
            ),
            (
                "pod-level resources",
                |s| s.template().pod_resources = Some(std::sync::Arc::default()),
                Some("PodLevelResources"),
            ),
        ];
        for (what, change, expected) in cases {
            let mut scene = Scene::new();
            change(&mut scene);
            assert_eq!(asked(&GATE, &scene).map(|(reason, _)| reason).as_deref(), expected, "{what}");
        }
    }
}
