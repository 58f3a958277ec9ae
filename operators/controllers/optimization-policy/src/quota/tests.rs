#![allow(clippy::unwrap_used, clippy::expect_used)]

use trimtab_sizing::Sizes;
use trimtab_world::row::{ContainerKind, QuotaAmounts, Resources};

use super::*;

fn container(kind: ContainerKind, from: i64, to: i64) -> SizedContainer {
    let sizes =
        |v: i64| Sizes { cpu_request: Some(v), cpu_limit: Some(v), memory_request: Some(v), memory_limit: Some(v) };
    SizedContainer { name: "app".into(), kind, from: sizes(from), to: sizes(to) }
}

fn quota(hard: Resources, used: Resources, scoped: bool) -> Arc<QuotaRow> {
    let of = |resources| QuotaAmounts { resources, pods: None };
    Arc::new(QuotaRow { namespace: "shop".into(), name: "q".into(), hard: of(hard), used: of(used), scoped })
}

#[test]
fn what_is_added_over_all_pods_must_fit_each_part() {
    let part = |n: usize, v: u64| {
        let v = |m: usize| (n == m).then_some(v);
        Resources { cpu_request: v(0), memory_request: v(1), cpu_limit: v(2), memory_limit: v(3) }
    };
    for n in 0..4 {
        for (from, to, pods, used, expected) in [
            (100, 150, 2, 900, true),
            (100, 151, 2, 900, false),
            (100, 150, 3, 900, false),
            (150, 100, 9, 1000, true),
            (150, 100, 9, 2000, true),
            (100, 100, 9, 2000, true),
            (100, i64::MAX >> 10, 1_000_000, 0, false),
            (100, 200, 0, 1000, true),
        ] {
            let quotas = [quota(part(n, 1000), part(n, used), false)];
            let fits = fits(&[container(ContainerKind::App, from, to)], pods, &quotas);
            assert_eq!(fits, expected, "part {n}: {from} to {to} for {pods} pods with {used} used");
        }
    }
}

#[test]
fn only_quotas_that_say_something_of_these_pods_count() {
    let full = Resources { cpu_request: Some(1000), ..Resources::default() };
    let grows = [container(ContainerKind::App, 100, 500)];
    assert!(!fits(&grows, 1, &[quota(full, full, false)]));
    assert!(fits(&grows, 1, &[quota(full, full, true)]), "one that counts only some pods is passed over");
    assert!(fits(&grows, 1, &[quota(Resources::default(), full, false)]));
    assert!(fits(&grows, 1, &[]));
    // A large init container already determines the pod's sum.
    let hidden = [container(ContainerKind::Init, 800, 800), container(ContainerKind::App, 100, 500)];
    assert!(fits(&hidden, 1, &[quota(full, full, false)]));
}
