use trimtab_core::selector::{Requirement, Selector};

use super::*;
use crate::testkit::pod;

fn budget(name: &str, allowed: u32, healthy: u32, desired: u32, expected: u32) -> Budget {
    let app: Selector = [Requirement::exactly("app", "web")].into_iter().collect();
    Budget {
        namespace: "shop".to_owned(),
        name: name.to_owned(),
        selector: Some(app),
        allowed,
        healthy,
        desired,
        expected,
        ..Budget::default()
    }
}

fn web(n: usize) -> Vec<Pod> {
    (0..n).map(|i| pod(&format!("web-{i}"), "n1")).collect()
}

fn found(pods: &[Pod], budgets: &[Budget]) -> Vec<(Verdict, Why, usize)> {
    let pods: Vec<&Pod> = pods.iter().collect();
    blockers(&pods, budgets, &[]).into_iter().map(|b| (b.verdict, b.why, b.pods.len())).collect()
}

#[test]
fn what_the_budget_has_room_for_waits_for_nothing_and_the_sum_counts() {
    assert_eq!(found(&web(2), &[budget("b", 2, 4, 2, 4)]), []);
    assert_eq!(found(&web(3), &[budget("b", 2, 4, 2, 4)]), [(Verdict::Slow, Why::OneByOne, 3)]);
    assert_eq!(found(&web(3), &[]), []);
}

#[test]
fn a_budget_that_lets_none_go_is_never() {
    assert_eq!(found(&web(1), &[budget("b", 0, 3, 3, 3)]), [(Verdict::Never, Why::NoDisruptions, 1)]);
    // Others are unhealthy now: room comes when they are ready again.
    assert_eq!(found(&web(1), &[budget("b", 0, 2, 2, 3)]), [(Verdict::Slow, Why::OneByOne, 1)]);
}

#[test]
fn two_budgets_on_a_pod_are_never_and_both_are_named() {
    let budgets = [budget("a", 9, 9, 1, 9), budget("b", 9, 9, 1, 9)];
    let pods = web(2);
    let all: Vec<&Pod> = pods.iter().collect();
    let blockers = blockers(&all, &budgets, &[]);
    assert_eq!(blockers.len(), 1);
    assert_eq!(
        blockers[0].to_string(),
        "Never: PodDisruptionBudget shop/a and shop/b: 2 pods (shop/web-0, shop/web-1): two budgets select the same pod, \
         which the API server never evicts then"
    );
}

#[test]
fn unhealthy_pods_go_while_enough_are_healthy_or_where_the_budget_says_so() {
    let mut pods = web(1);
    pods[0].is_ready = false;
    assert_eq!(found(&pods, &[budget("b", 0, 2, 2, 3)]), [], "enough are healthy: it costs nothing");
    assert_eq!(found(&pods, &[budget("b", 0, 1, 2, 3)]), [(Verdict::Never, Why::Unhealthy, 1)]);
    let always = Budget { always_allow_unhealthy: true, ..budget("b", 0, 1, 2, 3) };
    assert_eq!(found(&pods, &[always]), []);
}

#[test]
fn pods_that_have_ended_wait_or_leave_are_not_asked_for() {
    let mut pods = web(4);
    (pods[0].phase, pods[1].phase, pods[2].phase) = (PodPhase::Succeeded, PodPhase::Failed, PodPhase::Pending);
    pods[3].is_terminating = true;
    assert_eq!(found(&pods, &[budget("a", 0, 3, 3, 3), budget("b", 0, 3, 3, 3)]), []);
}

#[test]
fn an_outdated_status_and_a_lack_of_room_are_told() {
    let outdated = Budget { is_outdated: true, ..budget("b", 5, 5, 1, 5) };
    assert_eq!(found(&web(1), &[outdated]), [(Verdict::Slow, Why::Outdated, 1)]);
    let pods = web(3);
    let all: Vec<&Pod> = pods.iter().collect();
    let none = blockers(&all, &[budget("b", 1, 4, 3, 4)], &all);
    assert_eq!((none[0].verdict, none[0].why), (Verdict::Never, Why::NoRoom));
    let some = blockers(&all, &[budget("b", 1, 4, 3, 4)], &all[..2]);
    assert_eq!((some[0].verdict, some[0].why), (Verdict::Slow, Why::OneByOne));
}

#[test]
fn an_empty_selector_counts_for_all_pods_of_its_namespace_and_none_for_no_pod() {
    let all = Budget { selector: Some(Selector::default()), ..budget("b", 0, 3, 3, 3) };
    let none = Budget { selector: None, ..budget("b", 0, 3, 3, 3) };
    let elsewhere = Budget { namespace: "other".to_owned(), ..all.clone() };
    assert_eq!(found(&web(1), &[all]).len(), 1);
    assert_eq!(found(&web(1), &[none, elsewhere]), []);
}
