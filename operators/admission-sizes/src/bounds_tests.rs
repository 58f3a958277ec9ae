#![allow(clippy::unwrap_used)]
use trimtab_core::quantity;
use trimtab_world::row::{LimitRangeItem, LimitRatio, QuotaAmounts, ResourceAmounts};

use super::*;

/// Resources from `cpu memory / cpu memory`; `-` is not set.
pub(crate) fn resources(text: &str) -> Resources {
    let (requests, limits) = text.split_once('/').unwrap_or((text, ""));
    let half = |half: &str| {
        let words: Vec<&str> = half.split_whitespace().collect();
        let word = |i: usize| words.get(i).copied().filter(|w| *w != "-");
        (word(0).map(|w| quantity::cpu_millis(w).unwrap()), word(1).map(|w| quantity::bytes(w).unwrap()))
    };
    let ((cpu_request, memory_request), (cpu_limit, memory_limit)) = (half(requests), half(limits));
    Resources { cpu_request, cpu_limit, memory_request, memory_limit }
}

pub(crate) fn item(scope: LimitRangeScope) -> LimitRangeItem {
    LimitRangeItem {
        scope,
        min: ResourceAmounts::default(),
        max: ResourceAmounts::default(),
        default_limit: ResourceAmounts::default(),
        default_request: ResourceAmounts::default(),
        max_limit_request_ratio: LimitRatio::default(),
    }
}

pub(crate) fn range(change: impl FnOnce(&mut LimitRangeItem)) -> Bounds {
    let mut item = item(LimitRangeScope::Container);
    change(&mut item);
    Bounds::new(
        vec![Arc::new(LimitRangeRow { namespace: "shop".into(), name: "r".into(), items: [item].into() })],
        vec![],
    )
}

fn amounts(text: &str) -> ResourceAmounts {
    let r = resources(text);
    ResourceAmounts { cpu: r.cpu_request, memory: r.memory_request }
}

fn quota(hard: &str, used: &str) -> Bounds {
    let amounts = |text| QuotaAmounts { resources: resources(text), pods: None };
    let (hard, used) = (amounts(hard), amounts(used));
    Bounds::new(
        vec![],
        vec![Arc::new(QuotaRow { namespace: "shop".into(), name: "q".into(), hard, used, scoped: false })],
    )
}

#[test]
fn what_is_missing_is_filled_in_as_the_server_does() {
    let none = Bounds::default();
    assert_eq!(none.defaulted(resources("/ 1 1Gi")), resources("1 1Gi / 1 1Gi"));
    assert_eq!(none.defaulted(resources("1 -")), resources("1 -"));
    let both = range(|i| {
        i.default_limit = amounts("2 2Gi");
        i.default_request = amounts("1 1Gi");
    });
    for (written, has) in [
        ("", "1 1Gi / 2 2Gi"),
        ("3 -", "3 1Gi / 2 2Gi"),
        // The pod's own limit becomes its request before the LimitRange applies.
        ("/ 4 -", "4 1Gi / 4 2Gi"),
        ("1m 1Mi / 5 5Gi", "1m 1Mi / 5 5Gi"),
    ] {
        assert_eq!(both.defaulted(resources(written)), resources(has), "{written}");
    }
}

#[test]
fn limit_ranges_are_kept_as_the_server_keeps_them() {
    let min = || range(|i| i.min = amounts("100m -"));
    let max = || range(|i| i.max = amounts("- 1Gi"));
    let ratio = || range(|i| i.max_limit_request_ratio.cpu_thousandths = Some(1500));
    for (bounds, has, allowed) in [
        (min(), "100m 1Mi", true),
        (min(), "99m 1Mi", false),
        (min(), "- 1Mi", false),
        (min(), "100m - / 100m -", true),
        (max(), "- 1Gi / - 1Gi", true),
        (max(), "- 1Gi / - 1025Mi", false),
        (max(), "- 1Gi", false),
        (max(), "1 - / - 1Gi", true),
        (ratio(), "100m - / 150m -", true),
        (ratio(), "100m - / 151m -", false),
        (ratio(), "100m -", false),
        (ratio(), "0 - / 0 -", false),
        (Bounds::default(), "", true),
    ] {
        let refused = bounds.refuses_container(&resources(has));
        assert_eq!(refused.is_none(), allowed, "{has}: {refused:?}");
    }
}

#[test]
fn quotas_want_what_they_count_and_have_room_or_not() {
    assert_eq!(quota("1 - / - -", "").refuses_container(&resources("100m -")), None);
    assert_eq!(
        quota("- - / 1 -", "").refuses_container(&resources("100m -")).unwrap(),
        "quota q wants every container to have a cpu limit"
    );
    let full = quota("- 1Gi", "- 900Mi");
    assert_eq!(full.refuses_pod(&resources("- 124Mi"), &resources("- 10Mi")), None);
    assert!(full.refuses_pod(&resources("- 125Mi"), &resources("- 10Mi")).unwrap().contains("requests.memory"));
    // If not even the former sums have room, the entry is not the cause.
    assert_eq!(full.refuses_pod(&resources("- 300Mi"), &resources("- 200Mi")), None);
}
