#![allow(clippy::unwrap_used)]
use trimtab_api::resources::ContainerResources;
use trimtab_core::{WorkloadId, WorkloadKind};
use trimtab_world::row::{Labels, ResourceAmounts, Uid};

use super::*;
use crate::bounds::tests::{range, resources};

fn container(name: &str, kind: ContainerKind, has: &str) -> TemplateContainer {
    TemplateContainer {
        name: name.into(),
        kind,
        resources: Arc::new(resources(has)),
        cpu_resize_restarts: false,
        memory_resize_restarts: false,
        runtime: None,
        memory_volumes: 0,
    }
}

fn row(containers: &[TemplateContainer]) -> WorkloadRow {
    WorkloadRow {
        id: WorkloadId::new(WorkloadKind::Deployment, "shop", "web"),
        uid: Uid::from("u-1"),
        generation: 1,
        observed_generation: 1,
        created: None,
        terminating: false,
        desired: 1,
        ready: 1,
        updated: 1,
        active: 0,
        suspended: false,
        schedule: None,
        completions: None,
        finished: false,
        labels: Labels::default(),
        annotations: Labels::default(),
        owners: [].into(),
        resource_managers: [].into(),
        template_from: None,
        template_for: None,
        template: Arc::new(Template { containers: containers.into(), ..Template::default() }),
    }
}

fn written(name: &str, text: &str) -> ContainerResources {
    amounts::write_container(name, &resources(text))
}

const HAS: &str = "500m 512Mi / 1 512Mi";
const GETS: &str = "100m 128Mi / 400m 256Mi";

fn entry(from: &str, to: &str) -> WorkloadSizes {
    crate::entry("deploy-web", "sha256:0123", "u-1", &[written("app", from)], &[written("app", to)], &[]).unwrap()
}

fn app(has: &str) -> WorkloadRow {
    row(&[container("app", ContainerKind::App, has)])
}

#[test]
fn an_entry_stands_as_long_as_nothing_it_rests_on_changes() {
    let free = Bounds::default();
    let edited = |change: fn(&mut WorkloadRow)| {
        let mut row = app(HAS);
        change(&mut row);
        row
    };
    let cases: Vec<(&str, Option<WorkloadRow>, Result<(), &str>)> = vec![
        ("unchanged", Some(app(HAS)), Ok(())),
        ("gone", None, Err("is gone")),
        ("going", Some(edited(|r| r.terminating = true)), Err("is gone")),
        ("made anew", Some(edited(|r| r.uid = Uid::from("u-2"))), Err("it was u-1 and is u-2")),
        (
            "pod resources",
            Some(edited(|r| Arc::make_mut(&mut r.template).pod_resources = Some(Arc::default()))),
            Err("as a whole"),
        ),
        ("renamed", Some(row(&[container("main", ContainerKind::App, HAS)])), Err("container app is gone")),
        ("a sidecar now", Some(row(&[container("app", ContainerKind::Sidecar, HAS)])), Err("another kind of")),
        ("edited", Some(app("500m 512Mi / 1 513Mi")), Err("container app in the template were changed")),
        ("a limit that was not there", Some(app("500m 512Mi / 2 512Mi")), Err("were changed")),
        ("nothing where a LimitRange may have given a limit", Some(app("500m 512Mi / - 512Mi")), Ok(())),
        (
            "another container",
            Some(row(&[container("app", ContainerKind::App, HAS), container("b", ContainerKind::App, "")])),
            Ok(()),
        ),
    ];
    for (what, row, expected) in cases {
        match (still_valid(&entry(HAS, GETS), row.as_ref(), &free).map_err(|why| why.to_string()), expected) {
            (Ok(()), Ok(())) => {}
            (Err(why), Err(says)) if why.contains(says) => {}
            (got, _) => panic!("{what}: {got:?}"),
        }
    }
}

#[test]
fn limit_ranges_of_today_decide() {
    let max = |memory: u64| range(move |i| i.max = ResourceAmounts { cpu: None, memory: Some(memory << 20) });
    assert_eq!(still_valid(&entry(HAS, GETS), Some(&app(HAS)), &max(256)), Ok(()));
    assert!(matches!(still_valid(&entry(HAS, GETS), Some(&app(HAS)), &max(255)), Err(Why::NotAllowed(_))));
    // A limit is removed, and a LimitRange adds one again.
    let given = range(|i| i.default_limit = ResourceAmounts { cpu: Some(50), memory: None });
    let without = entry(HAS, "100m 128Mi / - 256Mi");
    assert_eq!(still_valid(&without, Some(&app(HAS)), &Bounds::default()), Ok(()));
    let by = Why::Defaulted { container: "app".into(), by: "LimitRange r".into() };
    assert_eq!(still_valid(&without, Some(&app(HAS)), &given), Err(by));
    // Pods have the template's resources with the defaults of the LimitRange.
    assert_eq!(still_valid(&entry("50m 512Mi / 50m 512Mi", GETS), Some(&app("50m 512Mi / - 512Mi")), &given), Ok(()));
}

#[test]
fn new_pods_get_the_size_where_the_template_is_that_of_the_entry() {
    let show = |entry: Option<&WorkloadSizes>, row: &WorkloadRow| {
        current(entry, &row.template, &Bounds::default())
            .into_iter()
            .map(|c| (c.name.clone(), amounts::read(&c.requests, &c.limits).unwrap()))
            .collect::<Vec<_>>()
    };
    let two = row(&[
        container("setup", ContainerKind::Init, HAS),
        container("proxy", ContainerKind::Sidecar, HAS),
        container("app", ContainerKind::App, HAS),
    ]);
    let sized = entry(HAS, GETS);
    let of = |proxy: &str, app: &str| vec![("proxy".to_owned(), resources(proxy)), ("app".to_owned(), resources(app))];
    assert_eq!(show(None, &two), of(HAS, HAS));
    assert_eq!(show(Some(&sized), &two), of(HAS, GETS));
    assert_eq!(show(Some(&entry("1 1Gi", GETS)), &two), of(HAS, HAS));
    let mut twice = sized.clone();
    twice.containers.push(sized.containers[0].clone());
    assert_eq!(show(Some(&twice), &two), of(HAS, HAS));
}

#[test]
fn only_what_may_not_stand_is_stale() {
    let workloads = [("Deployment/web", entry(HAS, GETS)), ("Deployment/gone", entry(HAS, GETS))];
    let workloads = workloads.into_iter().map(|(key, entry)| (key.to_owned(), entry)).collect();
    let row = |key: &str| (key == "Deployment/web").then(|| Arc::new(app(HAS)));
    assert_eq!(stale(&workloads, row, &Bounds::default()), [("Deployment/gone".to_owned(), Why::Gone)]);
}

#[test]
fn an_amount_of_zero_is_none() {
    let sized = entry("", GETS);
    assert_eq!(sized.containers[0].from, trimtab_api::applied_sizes::Requirements::default());
    for zeros in ["0 0", "- - / 0 0", "0 0 / 0 0", "0m 0Mi / 0 0k"] {
        assert_eq!(still_valid(&sized, Some(&app(zeros)), &Bounds::default()), Ok(()), "{zeros}");
        let shown = current(Some(&sized), &app(zeros).template, &Bounds::default());
        assert_eq!(shown, [written("app", GETS)], "{zeros}");
    }
    // The server applies no defaults to written values, so this pod requests nothing of what it may use.
    let asks_nothing = "0 0 / 1 512Mi";
    assert_eq!(still_valid(&entry(asks_nothing, GETS), Some(&app(asks_nothing)), &Bounds::default()), Ok(()));
    assert!(still_valid(&sized, Some(&app(asks_nothing)), &Bounds::default()).is_err());
    // A written 0 prevents a LimitRange's default.
    let given = range(|i| i.default_limit = ResourceAmounts { cpu: Some(50), memory: Some(50 << 20) });
    assert_eq!(still_valid(&sized, Some(&app("0 0 / 0 0")), &given), Ok(()));
    assert_eq!(current(Some(&sized), &app("0 0 / 0 0").template, &given), [written("app", GETS)]);
    // Nothing written gets it. Then the pod is left alone, and the entry waits.
    assert_eq!(still_valid(&sized, Some(&app("")), &given), Ok(()));
    assert_eq!(current(Some(&sized), &app("").template, &given), [written("app", "- - / 50m 50Mi")]);
}

/// The LimitRange that the API server makes of one that says only `max`.
fn at_most(cpu: u64) -> Bounds {
    let cpu = ResourceAmounts { cpu: Some(cpu), memory: None };
    range(move |i| (i.max, i.default_limit, i.default_request) = (cpu, cpu, cpu))
}

#[test]
fn a_limit_range_that_comes_and_goes_ends_no_entry_of_a_template_that_did_not_change() {
    let has = "500m 512Mi / - 512Mi";
    let sized = entry(has, "100m 128Mi / - 256Mi");
    let gets = |bounds: &Bounds| current(Some(&sized), &app(has).template, bounds);
    assert_eq!(gets(&Bounds::default()), [written("app", "100m 128Mi / - 256Mi")]);
    // The limit is filled in before the policy compares, so the pod stays as its template and the LimitRange make it.
    assert_eq!(still_valid(&sized, Some(&app(has)), &at_most(4000)), Ok(()));
    assert_eq!(gets(&at_most(4000)), [written("app", "500m 512Mi / 4 512Mi")]);
    // Even where the size itself would be refused: no pod gets it.
    assert_eq!(still_valid(&sized, Some(&app(has)), &at_most(50)), Ok(()));
    // The reverse: made while there was one.
    let sized = entry("500m 512Mi / 4 512Mi", "100m 128Mi / 400m 256Mi");
    for bounds in [at_most(4000), Bounds::default(), at_most(2000)] {
        assert_eq!(still_valid(&sized, Some(&app(has)), &bounds), Ok(()));
    }
}

#[test]
fn only_the_template_itself_changes_the_template() {
    let texts = ["", "500m 512Mi", "500m 512Mi / - 512Mi", "- 512Mi / 1 512Mi", "- - / 1 512Mi", "0 0", "0 - / 0 -"];
    let default = |limit: Option<u64>, request: Option<u64>| {
        range(move |i| {
            i.default_limit = ResourceAmounts { cpu: limit, memory: limit.map(|l| l << 20) };
            i.default_request = ResourceAmounts { cpu: request, memory: request.map(|r| r << 20) };
        })
    };
    // The API server completes a LimitRange: one with a default limit has a default request.
    let all = || {
        [(None, None), (None, Some(20)), (Some(50), Some(20)), (Some(2000), Some(2000))]
            .map(|(limit, request)| default(limit, request))
    };
    for text in texts {
        for made in &all() {
            let template = app(text).template;
            let from = amounts::write_container("app", &made.defaulted(resources(text)));
            let sized =
                crate::entry("deploy-web", "sha256:0123", "u-1", &[from], &[written("app", GETS)], &[]).unwrap();
            assert_eq!(current(Some(&sized), &template, made), [written("app", GETS)], "{text}");
            for now in &all() {
                let valid = still_valid(&sized, Some(&app(text)), now);
                assert!(!matches!(valid, Err(Why::TemplateChanged(_))), "{text}, {made:?}, {now:?}: {valid:?}");
                let edited = still_valid(&sized, Some(&app("700m 700Mi / 3 700Mi")), now);
                assert_eq!(edited, Err(Why::TemplateChanged("app".into())), "{text}");
            }
        }
    }
}
