#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use crate::{outcome::Skip, testkit::*};

/// Two containers that each fit the node, and together do not.
fn pair(node_millicores: i64, node_mib: i64, memory: &str, used: (f64, f64)) -> Scene {
    let mut scene = a_deployment().requesting("500m", memory).using(steady(used.0, used.1), 14);
    scene = scene.container("side").requesting("500m", memory).using(steady(used.0, used.1), 14);
    scene.node = NodeRoom { cpu: Some(node_millicores), memory: Some(node_mib << 20) };
    scene
}

#[test]
fn no_pod_is_raised_above_its_node() {
    let roomy = pair(8000, 14_724, "300Mi", (2.4, 180.0));
    let cpu = amount_of(&roomy, |c| c.to.cpu_request);
    assert!(cpu > 4000 && cpu <= 8000, "{cpu}");
    // Neither has CPU that would fit beside that of the other; memory is independent.
    let small = pair(3920, 14_724, "1Gi", (2.4, 180.0));
    assert_eq!(amount_of(&small, |c| c.to.cpu_request), 1000);
    assert!(amount_of(&small, |c| c.to.memory_request) < 1 << 30);
    let draft = small.draft();
    assert!(draft.explanation.contains("more than the largest node has that it can run on"), "{}", draft.explanation);
    assert_eq!(draft.evidence.containers[0].cpu_reason, "AboveNode");
    let memory = pair(3920, 14_724, "2Gi", (0.45, 9000.0));
    assert_eq!(amount_of(&memory, |c| c.to.memory_request), 4 << 30);
}

#[test]
fn where_nothing_else_changes_it_is_the_reason_for_which_it_is_skipped() {
    let (_, mib) = asked(2.4, 180.0);
    assert_eq!(pair(3920, 14_724, &format!("{mib}Mi"), (2.4, 180.0)).skip(), Skip::AboveNode);
}

#[test]
fn what_stays_does_not_count_towards_the_confidence() {
    // Memory that nobody could foresee, and that cannot be raised: confidence in the CPU change is the same as without
    // it.
    let doubling =
        || -> Usage { Box::new(|t| (0.12, 500.0 * MIB * 1.35f64.powi(((t - NOW_S).div_euclid(DAY) + 14) as i32))) };
    let mut scene = a_deployment().requesting("1", "2Gi").using(doubling(), 14);
    scene = scene.container("side").requesting("1", "2Gi").using(doubling(), 14);
    scene.node = NodeRoom { cpu: Some(8000), memory: Some(14_724 << 20) };
    let draft = scene.draft();
    assert!(draft.confidence_percent >= 90, "{} {}", draft.confidence_percent, draft.explanation);
}

/// The sum of the decided amounts over the containers.
fn amount_of(scene: &Scene, of: impl Fn(&SizedContainer) -> Option<i64>) -> i64 {
    let decided = crate::decide::containers(&scene.policy, &scene.observed(), None, now()).unwrap();
    decided.iter().filter_map(|d| of(&d.sized)).sum()
}
