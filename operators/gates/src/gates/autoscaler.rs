//! Whether an autoscaler scales on a request that would change, and with it the meaning of a share of that request.

use trimtab_world::row::{HpaMetric, HpaTargetValue, Resources};

use trimtab_engine::gate::{Blocked, Gate, Reason};

use crate::{
    input::{Input, Surroundings},
    sizes::{self, Sized},
};

pub(super) const GATE: Gate<Surroundings> = Gate {
    name: "Autoscaler",
    reasons: &[Reason {
        word: "HpaOnSameResource",
        when: "a HorizontalPodAutoscaler scales on the utilisation of a resource whose request would change",
        opens: "a proposal that keeps that request, or an autoscaler that aims at an `averageValue`",
    }],
    check,
};

fn check(input: &Input<'_>) -> Option<Blocked> {
    let shapes = sizes::shapes(input);
    let moves = |container: Option<&str>, request: fn(&Resources) -> Option<u64>| {
        let named = |c: &&Sized<'_>| container.is_none_or(|name| name == c.name);
        shapes.iter().flatten().filter(named).any(|c| request(&c.from) != request(&c.to))
    };
    input.hpas.iter().find_map(|hpa| {
        hpa.metrics.iter().find_map(|metric| {
            let (resource, container, target, moves) = match metric {
                HpaMetric::Cpu { container, target } => {
                    ("cpu", container, target, moves(container.as_deref(), |r| r.cpu_request))
                }
                HpaMetric::Memory { container, target } => {
                    ("memory", container, target, moves(container.as_deref(), |r| r.memory_request))
                }
                HpaMetric::Other(_) => return None,
            };
            let HpaTargetValue::Utilization(percent) = target else { return None };
            let of = container.as_deref().map_or_else(String::new, |c| format!(" of container {c}"));
            let (name, target) = (&hpa.name, input.common.target_name());
            let why = "and another request would move its set point: propose without that request, or let it aim at an \
                       averageValue";
            moves.then(|| Blocked {
                reason: "HpaOnSameResource",
                message: format!(
                    "HorizontalPodAutoscaler {name} holds {target} at {percent} % of requests.{resource}{of}, {why}"
                ),
            })
        })
    })
}

#[cfg(test)]
mod tests {
    use trimtab_world::row::ContainerKind;

    use super::*;
    use crate::testkit::{Scene, asked, hpa, size};

    #[test]
    fn closed_where_the_set_point_would_move() {
        use HpaTargetValue::{AverageValue, Utilization};
        let cpu = |container: Option<&str>, target| HpaMetric::Cpu { container: container.map(Into::into), target };
        let memory = |target| HpaMetric::Memory { container: None, target };
        let requests = || size("app", "250m/1", "256Mi/1Gi");
        let memory_only = || size("app", "500m/1", "256Mi/1Gi");
        let limits_only = || size("app", "500m/2", "512Mi/2Gi");
        for (metric, proposal, expected) in [
            (cpu(None, Utilization(80)), requests(), true),
            (cpu(None, Utilization(80)), memory_only(), false),
            (cpu(None, Utilization(80)), limits_only(), false),
            (cpu(None, AverageValue(300)), requests(), false),
            (cpu(Some("app"), Utilization(80)), requests(), true),
            (cpu(Some("proxy"), Utilization(80)), requests(), false),
            (memory(Utilization(80)), requests(), true),
            (memory(Utilization(80)), memory_only(), true),
            (memory(Utilization(80)), limits_only(), false),
            (HpaMetric::Other("External".into()), requests(), false),
        ] {
            let mut scene = Scene::new();
            scene.add_container("proxy", ContainerKind::Sidecar, "50m/", "64Mi/");
            scene.hpas = vec![hpa(metric.clone())];
            scene.proposal = vec![proposal];
            assert_eq!(asked(&GATE, &scene).is_some(), expected, "{metric:?} {:?}", scene.proposal);
        }
    }
}
