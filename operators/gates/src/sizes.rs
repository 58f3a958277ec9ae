//! Sizes as numbers: of each container of a pod, before and after the change; totals of pods.
//!
//! In: the proposal, and pods or the template. Out: millicores and bytes, before and after.

use trimtab_api::resources::ContainerResources;
use trimtab_core::quantity::{self, QuantityError};
use trimtab_world::row::{self, ContainerKind, PodRow, Resources, Template};

use crate::input::Input;

/// An amount of a container: its name, and how to read it.
pub(crate) type Amount = (&'static str, fn(&Resources) -> Option<u64>);

/// The amounts that a container can have.
pub(crate) const AMOUNTS: [Amount; 4] = [
    ("requests.cpu", |r| r.cpu_request),
    ("requests.memory", |r| r.memory_request),
    ("limits.cpu", |r| r.cpu_limit),
    ("limits.memory", |r| r.memory_limit),
];

/// One container before and after.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sized<'a> {
    pub(crate) name: &'a str,
    pub(crate) kind: ContainerKind,
    pub(crate) from: Resources,
    pub(crate) to: Resources,
}

impl Sized<'_> {
    pub(crate) fn cpu_changes(&self) -> bool {
        (self.from.cpu_request, self.from.cpu_limit) != (self.to.cpu_request, self.to.cpu_limit)
    }

    pub(crate) fn memory_changes(&self) -> bool {
        (self.from.memory_request, self.from.memory_limit) != (self.to.memory_request, self.to.memory_limit)
    }

    /// Whether any amount would decrease, or a limit be set where there was none.
    pub(crate) fn shrinks(&self) -> bool {
        let request = |from: Option<u64>, to: Option<u64>| to.unwrap_or(0) < from.unwrap_or(0);
        let limit = |from: Option<u64>, to: Option<u64>| to.unwrap_or(u64::MAX) < from.unwrap_or(u64::MAX);
        request(self.from.cpu_request, self.to.cpu_request)
            || request(self.from.memory_request, self.to.memory_request)
            || limit(self.from.cpu_limit, self.to.cpu_limit)
            || limit(self.from.memory_limit, self.to.memory_limit)
    }
}

/// The proposed size of one container.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'a> {
    pub(crate) name: &'a str,
    pub(crate) to: Resources,
}

/// The numbers of a proposal.
///
/// # Errors
/// The path and text of the first amount that does not parse.
pub(crate) fn wanted(proposal: &[ContainerResources]) -> Result<Vec<Wanted<'_>>, (String, QuantityError)> {
    type Read = fn(&str) -> Result<u64, QuantityError>;
    proposal
        .iter()
        .map(|c| {
            let read = |part: &str, q: &Option<trimtab_api::quantity::Quantity>, read: Read| {
                let Some(q) = q else { return Ok(None) };
                read(&q.0).map(Some).map_err(|e| (format!("{} of container {} is {:?}", part, c.name, q.0), e))
            };
            let to = Resources {
                cpu_request: read("requests.cpu", &c.requests.cpu, quantity::cpu_millis)?,
                cpu_limit: read("limits.cpu", &c.limits.cpu, quantity::cpu_millis)?,
                memory_request: read("requests.memory", &c.requests.memory, quantity::bytes)?,
                memory_limit: read("limits.memory", &c.limits.memory, quantity::bytes)?,
            };
            // The API server defaults an omitted request to the limit.
            Ok(Wanted { name: &c.name, to: to.with_defaulted_requests().without_zeros() })
        })
        .collect()
}

fn sized<'a>(name: &'a str, kind: ContainerKind, from: Resources, wanted: &[Wanted<'_>]) -> Sized<'a> {
    let from = from.with_defaulted_requests().without_zeros();
    let to = wanted.iter().find(|w| w.name == name).map_or(from, |w| w.to);
    Sized { name, kind, from, to }
}

/// The containers of a pod before and after.
pub(crate) fn of_pod<'a>(pod: &'a PodRow, wanted: &[Wanted<'_>]) -> Vec<Sized<'a>> {
    pod.containers.iter().map(|c| sized(&c.name, c.kind, *c.resources, wanted)).collect()
}

/// The containers of a template before and after.
pub(crate) fn of_template<'a>(template: &'a Template, wanted: &[Wanted<'_>]) -> Vec<Sized<'a>> {
    template.containers.iter().map(|c| sized(&c.name, c.kind, *c.resources, wanted)).collect()
}

/// The containers of each live pod before and after; of one created from the template if there is no live pod. Empty
/// if the proposal does not parse or there is no workload: other gates report that.
pub(crate) fn shapes<'a>(input: &Input<'a>) -> Vec<Vec<Sized<'a>>> {
    let Ok(wanted) = wanted(input.proposal) else { return Vec::new() };
    let pods: Vec<_> = input.live().map(|p| of_pod(p, &wanted)).collect();
    match input.workload {
        Some(workload) if pods.is_empty() => vec![of_template(&workload.template, &wanted)],
        _ => pods,
    }
}

/// The requests and limits of a pod with these containers, before or after.
pub(crate) fn pod_total(containers: &[Sized<'_>], side: fn(&Sized<'_>) -> Resources) -> Resources {
    row::pod_total(containers.iter().map(|c| (c.kind, side(c))))
}

/// CPU in human-readable form.
pub(crate) fn cpu(millicores: u64) -> String {
    quantity::format_cpu(millicores)
}

/// Memory in human-readable form.
pub(crate) fn memory(bytes: u64) -> String {
    quantity::format_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::{Scene, size, sizes};

    #[test]
    fn a_request_that_is_left_out_is_the_limit_and_other_containers_stay() {
        let mut scene = Scene::new();
        scene.add_container("proxy", ContainerKind::Sidecar, "/100m", "64Mi/");
        scene.proposal = vec![size("app", "/2", "1Gi/2Gi")];
        scene.with(|input| {
            let shapes = shapes(input);
            assert_eq!(shapes.len(), 3);
            assert_eq!((shapes[0][0].from, shapes[0][0].to), (sizes("500m/1", "512Mi/1Gi"), sizes("2/2", "1Gi/2Gi")));
            assert_eq!(
                (shapes[0][1].from, shapes[0][1].to),
                (sizes("100m/100m", "64Mi/"), sizes("100m/100m", "64Mi/"))
            );
        });
        scene.pods.clear();
        assert_eq!(scene.with(|input| shapes(input).len()), 1, "the template stands for pods that are not there");
    }
}
