//! Whether Trimtab is installed, and runs as the chart says. Pure.

use k8s_openapi::api::apps::v1::Deployment;
use serde_json::Value;

use crate::{
    drive::{Launch, Said},
    manifests::Target,
};

/// What `doctor` checks, in its order.
const CHECKS: [&str; 18] = [
    "API server",
    "CRDs",
    "Approval guard",
    "Requester policy",
    "Sizes policy",
    "Rights: recommend",
    "Rights: resize",
    "Rights: evict",
    "Rights: template",
    "Rights: admission",
    "Workload kinds",
    "Approvers",
    "Usage source",
    "Conditions",
    "Metrics",
    "Leader",
    "Only Trimtab",
    "Version",
];
/// What an existing cluster need not have: before Kubernetes 1.36 there are no such policies.
const MAY_BE_MISSING: [&str; 2] = ["Requester policy", "Sizes policy"];
/// Prefixes of variables that configure Trimtab.
const OURS: [&str; 2] = ["TRIMTAB_", "OTEL_"];

/// What was found.
pub(super) struct Found<'a> {
    /// The output of `helm list -o json`.
    pub releases: &'a str,
    /// The release's Deployment.
    pub deployment: &'a Deployment,
    /// The address of Prometheus, which the values of the chart name.
    pub prometheus: &'a str,
    /// How the program runs.
    pub running: &'a Launch,
    /// The output of `doctor`.
    pub doctor: &'a Said,
    /// Where all of that is.
    pub target: Target,
}

/// The differences.
pub(super) fn differences(found: &Found) -> Vec<String> {
    let mut all: Vec<String> = of_release(found.releases).into_iter().collect();
    all.extend(of_process(found));
    all.extend(of_doctor(found.doctor, found.target));
    all
}

fn of_release(releases: &str) -> Option<String> {
    let all: Value = serde_json::from_str(releases).unwrap_or_default();
    let ours = all.as_array().into_iter().flatten().find(|release| release["name"] == "trimtab");
    match ours.map(|release| &release["status"]) {
        Some(status) if status == "deployed" => None,
        Some(status) => Some(format!("the release trimtab is {status}, not deployed")),
        None => Some(format!("there is no release trimtab in {releases:?}")),
    }
}

fn of_process(found: &Found) -> Vec<String> {
    let wanted = match Launch::of(found.deployment) {
        Ok(wanted) => wanted,
        Err(error) => return vec![format!("the Deployment cannot be compared: {error:#}")],
    };
    let Launch { args, env } = found.running;
    let mut all = Vec::new();
    if *args != wanted.args {
        all.push(format!("the program runs with the arguments {args:?}, its Deployment says {:?}", wanted.args));
    }
    for (name, value) in &wanted.env {
        if env.get(name) != Some(value) {
            all.push(format!("the program runs with {name}={:?}, its Deployment says {value:?}", env.get(name)));
        }
    }
    let is_ours = |name: &str| OURS.iter().any(|prefix| name.starts_with(prefix));
    let more = env.keys().filter(|name| is_ours(name) && !wanted.env.contains_key(*name));
    all.extend(more.map(|name| format!("the program has the variable {name}, its Deployment has not")));
    let url = wanted.env.get("TRIMTAB_PROMETHEUS_URL").map(String::as_str);
    if url != Some(found.prometheus) {
        all.push(format!("the Deployment reads usage from {url:?}, not from {}", found.prometheus));
    }
    all
}

fn of_doctor(said: &Said, target: Target) -> Vec<String> {
    let mut all = Vec::new();
    if said.code != 0 {
        all.push(format!("doctor ended with {}", said.code));
    }
    let rows: Vec<(&str, &str)> = said.text.lines().filter_map(row).collect();
    for check in CHECKS {
        let may = target == Target::ExistingCluster && MAY_BE_MISSING.contains(&check);
        match rows.iter().find(|(name, _)| *name == check) {
            Some((_, "ok")) => {}
            Some((_, "not checked")) if may => {}
            Some((_, status)) => all.push(format!("doctor: {check}: {status}")),
            None => all.push(format!("doctor does not tell of {check}")),
        }
    }
    all
}

/// The first two columns of a line.
fn row(line: &str) -> Option<(&str, &str)> {
    let mut columns = line.split("  ").map(str::trim).filter(|column| !column.is_empty());
    Some((columns.next()?, columns.next()?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use serde_json::json;

    use super::*;

    const URL: &str = "http://127.0.0.1:9090";

    fn deployment() -> Deployment {
        serde_json::from_value(json!({
            "metadata": {"name": "trimtab", "namespace": "trimtab-system"},
            "spec": {"selector": {}, "template": {"spec": {"containers": [{"name": "trimtab", "args": ["controller"], "env": [
                {"name": "TRIMTAB_NAMESPACE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}},
                {"name": "TRIMTAB_PROMETHEUS_URL", "value": URL},
            ]}]}}},
        }))
        .unwrap()
    }

    /// What `doctor` prints where all is well.
    fn doctor() -> String {
        let rows: String = CHECKS.iter().map(|check| format!("{check:17}   ok       as it should be\n")).collect();
        format!("CHECK               STATUS   FOUND\n{rows}18 checks: 18 ok\n")
    }

    fn found(releases: &str, running: &Launch, code: i32, text: String, target: Target) -> Vec<String> {
        let doctor = Said { code, text };
        let deployment = deployment();
        differences(&Found { releases, deployment: &deployment, prometheus: URL, running, doctor: &doctor, target })
    }

    const DEPLOYED: &str = r#"[{"name":"trimtab","namespace":"trimtab-system","revision":"1","status":"deployed"}]"#;

    fn running() -> Launch {
        let mut launch = Launch::of(&deployment()).unwrap();
        launch.env.insert("KUBECONFIG".to_owned(), "/a/file".to_owned());
        launch
    }

    #[test]
    fn a_good_installation_is_accepted() {
        for target in [Target::OwnNodes, Target::ExistingCluster] {
            assert_eq!(found(DEPLOYED, &running(), 0, doctor(), target), Vec::<String>::new());
        }
    }

    #[test]
    fn each_thing_that_differs_is_found() {
        let own = Target::OwnNodes;
        let one = |all: Vec<String>, expected: &str| assert_eq!(all, [expected]);
        let failed = DEPLOYED.replace("deployed", "failed");
        one(found(&failed, &running(), 0, doctor(), own), "the release trimtab is \"failed\", not deployed");
        one(found("[]", &running(), 0, doctor(), own), "there is no release trimtab in \"[]\"");
        let mut other = running();
        other.args.push("--log=debug".to_owned());
        other.env.insert("TRIMTAB_INTERVAL".to_owned(), "5s".to_owned());
        other.env.remove("TRIMTAB_NAMESPACE");
        let all = found(DEPLOYED, &other, 0, doctor(), own);
        for part in
            ["the arguments [\"controller\", \"--log=debug\"]", "TRIMTAB_NAMESPACE=None", "variable TRIMTAB_INTERVAL"]
        {
            assert!(all.iter().any(|line| line.contains(part)), "{part}: {all:?}");
        }
        let warned = doctor().replace("Leader              ok     ", "Leader              warning");
        let all = found(DEPLOYED, &running(), 1, warned, own);
        assert_eq!(all, ["doctor ended with 1", "doctor: Leader: warning"]);
        let old = doctor().replace("Sizes policy        ok", "Sizes policy        not checked  ");
        one(found(DEPLOYED, &running(), 0, old.clone(), own), "doctor: Sizes policy: not checked");
        assert_eq!(found(DEPLOYED, &running(), 0, old, Target::ExistingCluster), Vec::<String>::new());
        let short = doctor().replace("Version", "Verse");
        one(found(DEPLOYED, &running(), 0, short, own), "doctor does not tell of Version");
    }
}
