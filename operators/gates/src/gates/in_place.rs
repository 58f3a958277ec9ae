//! Whether a running pod can be resized to these sizes, and back to its former ones: the API server changes amounts of
//! a running pod, but removes none.

use trimtab_rollout::gate::{Blocked, Gate, Reason, blocked};

use crate::{
    input::{Input, Surroundings},
    sizes,
};

pub(super) const GATE: Gate<Surroundings> = Gate {
    name: "InPlace",
    reasons: &[
        Reason {
            word: "CannotBeRemoved",
            when: "a request or limit of a running pod would be taken away, which the API server refuses",
            opens: "a proposal that keeps it, or applying `status.patch` by hand, which creates new pods",
        },
        Reason {
            word: "CannotBeUndone",
            when: "a running pod would be given a request or limit that it does not have: it could not be taken away again",
            opens: "applying `status.patch` by hand, which creates new pods; once they have it, changes of it can be undone",
        },
    ],
    check,
};

fn check(input: &Input<'_>) -> Option<Blocked> {
    if !input.resizes_in_place() {
        return None;
    }
    let wanted = sizes::wanted(input.proposal).ok()?;
    let by_hand = "apply status.patch by hand, which creates new pods";
    input.live().find_map(|pod| {
        sizes::of_pod(pod, &wanted).iter().find_map(|c| {
            sizes::AMOUNTS.iter().find_map(|(what, amount)| {
                let of = format!("{what} of container {} in pod {}", c.name, pod.name);
                match (amount(&c.from), amount(&c.to)) {
                    (Some(_), None) => blocked(
                        "CannotBeRemoved",
                        format!("{of} would be taken away, which the API server refuses while it runs: keep it, or {by_hand}"),
                    ),
                    (None, Some(_)) => blocked(
                        "CannotBeUndone",
                        format!("{of} is not set now and could not be taken away again while it runs: {by_hand}"),
                    ),
                    _ => None,
                }
            })
        })
    })
}

#[cfg(test)]
mod tests {
    use trimtab_core::WorkloadKind::{CronJob, Deployment};

    use super::*;
    use crate::testkit::{Scene, asked, size};

    #[test]
    fn closed_where_an_amount_comes_or_goes_in_a_running_pod() {
        for (kind, in_place, from, to, expected) in [
            (Deployment, true, ("500m/1", "512Mi/1Gi"), ("1m/2", "1Mi/2Gi"), None),
            (Deployment, true, ("500m/", "512Mi/"), ("250m/", "256Mi/"), None),
            (Deployment, true, ("500m/1", "512Mi/1Gi"), ("250m/", "512Mi/1Gi"), Some("CannotBeRemoved")),
            (Deployment, true, ("500m/1", "512Mi/1Gi"), ("250m/1", "512Mi/"), Some("CannotBeRemoved")),
            (Deployment, true, ("500m/", "512Mi/1Gi"), ("/", "512Mi/1Gi"), Some("CannotBeRemoved")),
            (Deployment, true, ("500m/", "512Mi/1Gi"), ("500m/1", "512Mi/1Gi"), Some("CannotBeUndone")),
            (Deployment, true, ("500m/", "/"), ("500m/", "64Mi/"), Some("CannotBeUndone")),
            // An omitted request defaults to the limit, so it is set.
            (Deployment, true, ("500m/1", "512Mi/1Gi"), ("/1", "/1Gi"), None),
            // New pods may have anything.
            (Deployment, false, ("500m/1", "512Mi/1Gi"), ("250m/", "256Mi/"), None),
            (CronJob, true, ("500m/", "512Mi/"), ("250m/1", "256Mi/"), None),
        ] {
            let mut scene = Scene::new().of_kind(kind);
            scene.in_place = in_place;
            scene.resize("app", from.0, from.1);
            scene.proposal = vec![size("app", to.0, to.1)];
            let found = asked(&GATE, &scene).map(|(reason, _)| reason);
            assert_eq!(found.as_deref(), expected, "{kind} {from:?} {to:?}");
        }
    }
}
