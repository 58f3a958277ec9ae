//! Pods that still have a size which Trimtab gave them for a change that is not in force here. In: a view whose workload is
//! at rest. Out: nothing, or why no rollout starts.
//!
//! Pods change their workload: `kubectl delete --cascade=orphan` leaves them, and a workload of another name with the same
//! selector adopts them. What was changed is out of reach then (see `left_behind`), nobody approved its size for this
//! workload, and an undo would return to it. What a webhook, a LimitRange or a person gave is never meant.

use std::slice::from_ref;

use trimtab_api::{quantity::Quantity, resources::ContainerResources};
use trimtab_core::{WorkloadId, WorkloadKind};
use trimtab_engine::gate::{Blocked, Reason, blocked};

use crate::{
    pods::live,
    sizes::same,
    text,
    view::{Pod, Target, View},
};

/// Pods have such a size.
pub(crate) const LEFTOVER_SIZE: Reason = Reason {
    word: "LeftoverSize",
    when: "pods still have a size that Trimtab gave them for a change that is not in force for this workload, such as one of a workload whose pods it adopted",
    opens: "pods that are created again from the template: `kubectl rollout restart KIND/NAME`",
};

/// Why the present size of the pods is none to return to.
pub(crate) fn closed(view: &View, target: &Target) -> Option<Blocked> {
    if is_own(view, target) {
        return None;
    }
    let pods = live(view);
    let left: Vec<&Pod> = pods.iter().filter(|pod| leftover(pod, target).is_some()).copied().collect();
    let (present, given) = left.first().and_then(|pod| leftover(pod, target))?;
    let message = format!(
        "a change that is not in force for this workload left its size on {} of {} ({}), and an undo would return to it; it \
         starts once they are created again from the template: {}",
        text::pods(left.iter().copied()),
        text::count(pods.len()),
        difference(present, given),
        again(&target.id)
    );
    blocked(LEFTOVER_SIZE.word, message)
}

/// Whether the sizes of the pods are this workload's own: those of a change that began here, through this gate, or of the
/// entry by which its new pods are sized.
fn is_own(view: &View, target: &Target) -> bool {
    let here = view.rollout.as_ref().is_some_and(|r| r.target_uid == target.uid);
    let by_another = view.taken || view.elsewhere.iter().any(|other| other.ended.is_some());
    here || by_another || view.has_entry
}

/// The first container of `pod` that has such a size, and what the template gives it.
fn leftover<'a>(pod: &'a Pod, target: &'a Target) -> Option<(&'a ContainerResources, &'a ContainerResources)> {
    let sized = pod.spec.iter().filter(|present| pod.sized_by_trimtab.contains(&present.name));
    let given = |name: &str| target.template_sizes.iter().find(|given| given.name == name);
    let mut both = sized.filter_map(|present| Some((present, given(&present.name)?)));
    both.find(|(present, given)| !same(from_ref(*present), from_ref(*given)))
}

/// Such as `app: requests.cpu 250m instead of 500m`.
fn difference(present: &ContainerResources, given: &ContainerResources) -> String {
    let amounts = |c: &ContainerResources| {
        let (requests, limits) = (&c.requests, &c.limits);
        [&requests.cpu, &requests.memory, &limits.cpu, &limits.memory].map(Clone::clone)
    };
    let names = ["requests.cpu", "requests.memory", "limits.cpu", "limits.memory"];
    let shown = |amount: Option<Quantity>| amount.map_or_else(|| "none".to_owned(), |amount| amount.0);
    let all = names.into_iter().zip(amounts(present).into_iter().zip(amounts(given)));
    let differing = all.filter(|(_, (present, given))| present != given);
    let said =
        differing.map(|(name, (present, given))| format!("{name} {} instead of {}", shown(present), shown(given)));
    format!("{}: {}", present.name, said.collect::<Vec<_>>().join(", "))
}

/// How a person has its pods created again.
fn again(id: &WorkloadId) -> String {
    let (kind, name) = (id.kind.as_str().to_lowercase(), &id.name);
    match id.kind {
        WorkloadKind::Deployment | WorkloadKind::StatefulSet | WorkloadKind::DaemonSet => {
            format!("kubectl rollout restart {kind}/{name}")
        }
        WorkloadKind::Rollout => format!("kubectl argo rollouts restart {name}"),
        WorkloadKind::CronJob | WorkloadKind::Job | WorkloadKind::Custom(_) => "delete one after the other".to_owned(),
    }
}
