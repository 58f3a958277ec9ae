//! Every edit of a template, or of its namespace, that could make a pod invalid if it got an entry's size.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::{
    bed::Bed,
    shape::{
        Entry, Sizes, amounts, app, container, deployment, entry, limit_range, namespace, of_app, quota, same, sidecar,
        sizes, usual,
    },
};

struct Case {
    name: &'static str,
    entries: Vec<Entry>,
    /// Created in the namespace before the workload; the namespace is filled in.
    around: Vec<Value>,
    spec: Value,
    /// By container. Those not named have the template's values.
    expected: Vec<(&'static str, Value)>,
}

/// `spec` of a pod with the usual entry, which has `expected` afterwards.
fn case(name: &'static str, spec: Value, expected: &[(&'static str, &str)]) -> Case {
    let expected = expected.iter().map(|(container, text)| (*container, amounts(text))).collect();
    Case { name, entries: vec![usual()], around: Vec::new(), spec, expected }
}

/// One container `app` with `has`.
fn edit(name: &'static str, has: &str, expected: &str) -> Case {
    case(name, json!({"containers": [app(&amounts(has))]}), &[("app", expected)])
}

impl Case {
    fn with(mut self, entries: &[Entry]) -> Self {
        self.entries = entries.to_vec();
        self
    }

    fn within(mut self, around: Value) -> Self {
        self.around.push(around);
        self
    }

    /// Everything besides CPU and memory that the container keeps.
    fn keeps(mut self, set: &str, name: &str, amount: Value) -> Self {
        self.spec["containers"][0]["resources"][set][name] = amount.clone();
        self.expected[0].1[set][name] = amount;
        self
    }
}

const HAS: &str = "500m 512Mi / 1 512Mi";
const GETS: &str = "100m 128Mi / 400m 256Mi";

fn of_numbers() -> Vec<Case> {
    vec![
        edit("unchanged", HAS, GETS),
        edit("written differently", "0.5 0.5Gi / 1000m 524288Ki", GETS),
        edit("written with exponents", "5e-1 536870912 / 1e0 536870912000m", GETS),
        edit("cpu request above the entry's limit", "800m 512Mi / 1 512Mi", "800m 512Mi / 1 512Mi"),
        edit("memory request above the entry's limit", "500m 300Mi / 1 512Mi", "500m 300Mi / 1 512Mi"),
        edit("memory limit below the entry's request", "500m 64Mi / 1 64Mi", "500m 64Mi / 1 64Mi"),
        edit("cpu limit below the entry's request", "50m 512Mi / 50m 512Mi", "50m 512Mi / 50m 512Mi"),
        edit("a little more memory", "500m 512Mi / 1 513Mi", "500m 512Mi / 1 513Mi"),
        edit("memory limit taken away", "500m 512Mi / 1 -", "500m 512Mi / 1 -"),
        edit("cpu limit taken away", "500m 512Mi / - 512Mi", "500m 512Mi / - 512Mi"),
        edit("memory request taken away: the limit counts", "500m - / 1 512Mi", GETS),
        edit("cpu request taken away: the limit counts", "- 512Mi / 1 512Mi", "1 512Mi / 1 512Mi"),
        edit("all taken away", "", ""),
        edit("zero", "0 0 / 1 512Mi", "0 0 / 1 512Mi"),
        edit("cpu limit added below the entry's request", "50m 512Mi / 80m 512Mi", "50m 512Mi / 80m 512Mi")
            .with(&[of_app("50m 512Mi / - 512Mi", "100m 128Mi / - 256Mi")]),
        edit("requests only", "500m 512Mi", "100m 128Mi").with(&[of_app("500m 512Mi", "100m 128Mi")]),
        edit("limits only", "/ 1 512Mi", "100m 128Mi / 400m 256Mi").with(&[of_app("1 512Mi / 1 512Mi", GETS)]),
        edit("nothing at all before", "", GETS).with(&[of_app("", GETS)]),
        edit("zeros are nothing", "0 0 / 0 0", GETS).with(&[of_app("", GETS)]),
        edit("limits of zero go", "- - / 0 0m", "100m 128Mi").with(&[of_app("", "100m 128Mi")]),
        edit("nothing is zeros", "", GETS).with(&[of_app("0 0 / 0 0", GETS)]),
        edit("limits are new", "500m 512Mi", GETS).with(&[of_app("500m 512Mi", GETS)]),
        edit("the cpu limit goes", HAS, "100m 128Mi / - 256Mi").with(&[of_app(HAS, "100m 128Mi / - 256Mi")]),
        edit("both limits go", HAS, "100m 128Mi").with(&[of_app(HAS, "100m 128Mi")]),
        edit("everything grows", HAS, "2 2Gi / 4 2Gi").with(&[of_app(HAS, "2 2Gi / 4 2Gi")]),
        edit("request and limit become equal", HAS, "1 1Gi / 1 1Gi").with(&[of_app(HAS, "1 1Gi / 1 1Gi")]),
    ]
}

fn of_containers() -> Vec<Case> {
    let has = amounts(HAS);
    let side = |sidecar| Entry { name: "side", sidecar, ..usual() };
    vec![
        case("renamed", json!({"containers": [container("main", &has)]}), &[]),
        case("one added", json!({"containers": [container("extra", &has), app(&has)]}), &[("app", GETS)]),
        case("one taken away", json!({"containers": [app(&has)]}), &[("app", GETS)]).with(&[usual(), side(false)]),
        case(
            "two sized",
            json!({"containers": [app(&has), container("side", &has)]}),
            &[("app", GETS), ("side", GETS)],
        )
        .with(&[side(false), usual()]),
        case(
            "one of two edited",
            json!({"containers": [app(&has), container("side", &amounts("1 1Gi"))]}),
            &[("app", GETS)],
        )
        .with(&[usual(), side(false)]),
        case(
            "a sidecar added",
            json!({"initContainers": [sidecar("side", &has)], "containers": [app(&has)]}),
            &[("app", GETS)],
        ),
        case(
            "a sidecar sized",
            json!({"initContainers": [container("setup", &has), sidecar("side", &has)], "containers": [app(&has)]}),
            &[("side", GETS)],
        )
        .with(&[side(true)]),
        case(
            "the sidecar became an init container",
            json!({"initContainers": [container("side", &has)], "containers": [app(&has)]}),
            &[],
        )
        .with(&[side(true)]),
        case("the sidecar became a container", json!({"containers": [container("side", &has)]}), &[])
            .with(&[side(true)]),
        case(
            "the container became a sidecar",
            json!({"initContainers": [sidecar("app", &has)], "containers": [container("main", &has)]}),
            &[],
        ),
        case(
            "an init container of the container's name",
            json!({"initContainers": [container("app", &has)], "containers": [container("main", &has)]}),
            &[],
        ),
        case(
            "resources of the pod as a whole",
            json!({"resources": amounts("1 1Gi / 1 1Gi"), "containers": [app(&has)]}),
            &[],
        )
        .with(&[of_app(HAS, "2 2Gi / 4 4Gi")]),
        case("named twice in the entry", json!({"containers": [app(&has)]}), &[]).with(&[usual(), usual()]),
        edit("ephemeral storage stays", HAS, GETS).keeps("requests", "ephemeral-storage", json!("1Gi")).keeps(
            "limits",
            "ephemeral-storage",
            json!("2Gi"),
        ),
        edit("huge pages stay", HAS, GETS).keeps("requests", "hugepages-2Mi", json!("64Mi")).keeps(
            "limits",
            "hugepages-2Mi",
            json!("64Mi"),
        ),
        edit("devices stay", HAS, GETS).keeps("requests", "example.com/gpu", json!("1")).keeps(
            "limits",
            "example.com/gpu",
            json!("1"),
        ),
        edit("huge pages without limits beside", HAS, "100m 128Mi")
            .with(&[of_app(HAS, "100m 128Mi")])
            .keeps("requests", "hugepages-2Mi", json!("64Mi"))
            .keeps("limits", "hugepages-2Mi", json!("64Mi")),
        claims(),
    ]
}

/// Device claims are next to requests and limits.
fn claims() -> Case {
    let mut case = edit("claims stay", HAS, GETS);
    case.spec["resourceClaims"] = json!([{"name": "card", "resourceClaimName": "card"}]);
    case.spec["containers"][0]["resources"]["claims"] = json!([{"name": "card"}]);
    case.expected[0].1["claims"] = json!([{"name": "card"}]);
    case
}

fn of_namespaces() -> Vec<Case> {
    let range = |limit: Value| limit_range("", limit);
    let container = "Container";
    vec![
        edit("a LimitRange gives what the entry knows", "", "100m 128Mi / 400m 256Mi")
            .with(&[of_app("200m 256Mi / 1 512Mi", GETS)])
            .within(range(json!({"type": container, "default": {"cpu": "1", "memory": "512Mi"}, "defaultRequest": {"cpu": "200m", "memory": "256Mi"}}))),
        edit("a LimitRange gives what the entry does not know", "", "50m 32Mi / 50m 64Mi")
            .with(&[of_app("", GETS)])
            .within(range(json!({"type": container, "default": {"cpu": "50m", "memory": "64Mi"}, "defaultRequest": {"memory": "32Mi"}}))),
        edit("a LimitRange gives a limit below the entry's request", "500m 512Mi / 1 -", "500m 512Mi / 1 600Mi")
            .with(&[of_app("500m 512Mi / 1 -", "500m 1Gi / 1 -")])
            .within(range(json!({"type": container, "default": {"memory": "600Mi"}}))),
        edit("a LimitRange that lets it in", HAS, GETS)
            .within(range(json!({"type": container, "min": {"cpu": "50m"}, "max": {"cpu": "2", "memory": "1Gi"}, "maxLimitRequestRatio": {"cpu": "4", "memory": "2"}}))),
        edit("a LimitRange of pods that lets it in", HAS, GETS).within(range(json!({"type": "Pod", "max": {"cpu": "1", "memory": "512Mi"}}))),
        edit("a quota of limits", HAS, GETS).within(quota("", json!({"limits.cpu": "1", "limits.memory": "512Mi", "requests.cpu": "500m"}))),
        edit("a quota that only the smaller size keeps", HAS, GETS).within(quota("", json!({"limits.cpu": "500m", "requests.memory": "128Mi"}))),
    ]
}

pub async fn hold(bed: &Bed) -> Result<usize> {
    let cases: Vec<Case> = of_numbers().into_iter().chain(of_containers()).chain(of_namespaces()).collect();
    let named: Vec<(String, &Case)> = cases.iter().enumerate().map(|(i, case)| (format!("edit-{i}"), case)).collect();
    bed.each(&named, async |(name, case)| {
        bed.make(&[namespace(name)]).await?;
        for object in &case.around {
            let mut object = object.clone();
            object["metadata"]["namespace"] = json!(name);
            bed.put(&object).await?;
        }
        bed.put(&entry(name, "Deployment/web", &case.entries)).await.map(drop)
    })
    .await?;
    bed.make(&[namespace("edits-end"), entry("edits-end", "Deployment/web", &[usual()])]).await?;
    bed.sees("edits-end").await?;
    bed.each(&named, async |(name, case)| look(bed, name, case).await.with_context(|| case.name)).await?;
    Ok(cases.len())
}

async fn look(bed: &Bed, name: &str, case: &Case) -> Result<()> {
    bed.put(&deployment(name, &case.spec)).await?;
    let pod = bed.pod(name).await?;
    let has = sizes(&pod);
    let mut expected = Sizes::new();
    let all = ["containers", "initContainers"].into_iter().filter_map(|list| case.spec[list].as_array()).flatten();
    for container in all {
        let name = container["name"].as_str().unwrap();
        let set = case.expected.iter().find(|(named, _)| *named == name);
        expected.insert(
            name.to_owned(),
            set.map_or_else(|| container["resources"].clone(), |(_, resources)| resources.clone()),
        );
    }
    ensure!(same(&has, &expected), "{} became {}", json!(expected), json!(has));
    Ok(())
}
