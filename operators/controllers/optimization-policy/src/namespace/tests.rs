#![allow(clippy::unwrap_used, clippy::expect_used)]

use trimtab_world::row::{LimitRatio, ResourceAmounts};

use super::*;
use crate::testkit::{a_deployment, an_item, some};

fn rows(items: Vec<LimitRangeItem>) -> Vec<Arc<LimitRangeRow>> {
    a_deployment()
        .limit_ranges
        .into_iter()
        .chain(items.into_iter().map(|item| {
            Arc::new(LimitRangeRow { namespace: "shop".into(), name: "r".into(), items: Box::new([item]) })
        }))
        .collect()
}

#[test]
fn the_tightest_of_all_limit_ranges_counts_for_containers() {
    let item = |min: ResourceAmounts, max: ResourceAmounts, ratio| LimitRangeItem {
        min,
        max,
        max_limit_request_ratio: LimitRatio { cpu_thousandths: ratio, memory_thousandths: None },
        ..an_item(LimitRangeScope::Container)
    };
    let pod = LimitRangeItem { max: some("1m", "1"), ..an_item(LimitRangeScope::Pod) };
    let bounds = NamespaceBounds::new(
        &rows(vec![
            item(some("10m", ""), some("2", "1Gi"), Some(4000)),
            item(some("20m", ""), some("1", "2Gi"), Some(1500)),
            pod,
        ]),
        &[],
    );
    let range = bounds.limit_range;
    assert_eq!(
        (range.cpu_min, range.cpu_max, range.memory_min, range.memory_max),
        (Some(20), Some(1000), None, Some(1 << 30))
    );
    assert_eq!((range.cpu_max_ratio, range.memory_max_ratio), (Some(1.5), None));
    assert!(bounds.cpu_limit_required && bounds.memory_limit_required, "a maximum demands a limit");
    let none = NamespaceBounds::new(&[], &[]);
    assert!(!none.cpu_limit_required && !none.memory_limit_required);
}

#[test]
fn a_limit_that_is_demanded_is_kept() {
    let mut rules = SizingRules::default();
    rules.cpu.limit = LimitMode::Remove;
    rules.memory.limit = LimitMode::Remove;
    let default = LimitRangeItem { default_limit: some("1", ""), ..an_item(LimitRangeScope::Container) };
    let bound = NamespaceBounds::new(&rows(vec![default]), &[]).bound(rules).unwrap();
    assert_eq!((bound.cpu.limit, bound.memory.limit), (LimitMode::Keep, LimitMode::Remove));
}

#[test]
fn a_pod_keeps_within_the_limits_for_pods() {
    let sized = |request: i64, limit: Option<i64>| {
        let scene = a_deployment();
        let mut c = SizedContainer::unchanged(&scene.row.template.containers[0], &Resources::default());
        (c.to.cpu_request, c.to.cpu_limit) = (Some(request), limit);
        c
    };
    let pod = |min: &str, max: &str, ratio: Option<u64>| LimitRangeItem {
        min: some(min, ""),
        max: some(max, ""),
        max_limit_request_ratio: LimitRatio { cpu_thousandths: ratio, memory_thousandths: None },
        ..an_item(LimitRangeScope::Pod)
    };
    for (item, request, limit, expected) in [
        (pod("", "", None), 500, None, true),
        (pod("200m", "", None), 200, None, true),
        (pod("201m", "", None), 200, None, false),
        (pod("", "300m", None), 200, Some(300), true),
        (pod("", "299m", None), 200, Some(300), false),
        (pod("", "199m", None), 200, None, false),
        // The API server requires a limit if there is a maximum.
        (pod("", "300m", None), 200, None, false),
        (pod("", "", Some(1500)), 200, Some(300), true),
        (pod("", "", Some(1499)), 200, Some(300), false),
    ] {
        assert_eq!(pod_allows(&rows(vec![item]), &[sized(request, limit)]), expected, "{item:?} {request} {limit:?}");
    }
}
