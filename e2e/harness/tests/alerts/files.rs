//! `deploy/monitoring`: the content of its files, and what `promtool` says about them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
    process::Command,
};

use anyhow::{Result, ensure};
use serde::Deserialize;
use serde_json::Value;
use trimtab_api::runbooks::RUNBOOKS;
use trimtab_e2e::{prometheus_dir, repository};

use super::names;

/// How a query is limited to what Trimtab itself exported, where it names a metric that others export too.
const OF_TRIMTAB: &str = "and on (cluster, job, instance) trimtab_build_info";

#[derive(Debug, Deserialize)]
pub struct Rules {
    pub groups: Vec<Group>,
}

#[derive(Debug, Deserialize)]
pub struct Group {
    pub rules: Vec<Rule>,
}

#[derive(Debug, Deserialize)]
pub struct Rule {
    pub alert: String,
    pub expr: String,
    pub labels: BTreeMap<String, String>,
    pub annotations: BTreeMap<String, String>,
}

pub fn path(name: &str) -> PathBuf {
    repository().join("deploy/monitoring").join(name)
}

pub fn read(name: &str) -> String {
    fs::read_to_string(path(name)).unwrap()
}

/// All alerts.
pub fn rules() -> Vec<Rule> {
    let rules: Rules = serde_yaml::from_str(&read("rules.yaml")).unwrap();
    rules.groups.into_iter().flat_map(|g| g.rules).collect()
}

/// Every query of the dashboard, with variables filled in as Grafana does, and the title of its panel.
pub fn queries() -> Vec<(String, String)> {
    let dashboard: Value = serde_json::from_str(&read("dashboard.json")).unwrap();
    let filled = |expr: &str| {
        expr.replace("$namespace", ".*")
            .replace("$__rate_interval", "1m")
            .replace("$__range", "1h")
            .replace("$__interval", "1m")
    };
    let panels = dashboard["panels"].as_array().unwrap();
    let of = |panel: &Value| {
        let title = panel["title"].as_str().unwrap().to_owned();
        let targets = panel["targets"].as_array().cloned().unwrap_or_default();
        targets.into_iter().map(move |t| (title.clone(), filled(t["expr"].as_str().unwrap()))).collect::<Vec<_>>()
    };
    let annotations = dashboard["annotations"]["list"].as_array().unwrap().iter();
    let annotations =
        annotations.map(|a| (a["name"].as_str().unwrap().to_owned(), a["expr"].as_str().unwrap().to_owned()));
    panels.iter().flat_map(of).chain(annotations).collect()
}

/// The output of `promtool`; an error unless it passes.
pub fn promtool(args: &[&str]) -> Result<String> {
    let out = Command::new(prometheus_dir()?.join("promtool")).args(args).current_dir(path("")).output()?;
    let said = format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    ensure!(out.status.success(), "promtool {args:?}: {said}");
    Ok(said)
}

#[test]
fn promtool_is_content_with_the_rules_and_their_thresholds() -> Result<()> {
    let said = promtool(&["check", "rules", "rules.yaml"])?;
    ensure!(said.contains(&format!("SUCCESS: {} rules found", rules().len())), "{said}");
    let said = promtool(&["test", "rules", "rules_test.yaml"])?;
    ensure!(said.contains("SUCCESS"), "{said}");
    Ok(())
}

#[test]
fn every_alert_is_tested_where_it_fires_and_just_short_of_that() {
    let tests: Value = serde_yaml::from_str(&read("rules_test.yaml")).unwrap();
    let mut seen: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for case in tests["tests"].as_array().unwrap().iter().flat_map(|t| t["alert_rule_test"].as_array().unwrap()) {
        let (fires, quiet) = seen.entry(case["alertname"].as_str().unwrap()).or_default();
        *(if case["exp_alerts"].as_array().is_some_and(|a| !a.is_empty()) { fires } else { quiet }) += 1;
    }
    for rule in rules() {
        let (fires, quiet) = seen.get(rule.alert.as_str()).copied().unwrap_or_default();
        assert!(fires > 0 && quiet > 0, "{} is tested {fires} times firing and {quiet} times quiet", rule.alert);
    }
}

#[test]
fn every_alert_says_how_bad_it_is_and_has_its_page() {
    let pages = repository().join("docs/runbooks");
    for rule in rules() {
        let name = &rule.alert;
        assert!(name.starts_with("Trimtab"), "{name}");
        assert!(["critical", "warning", "info"].contains(&rule.labels["severity"].as_str()), "{name}");
        for (key, least) in [("summary", 10), ("description", 30)] {
            assert!(rule.annotations[key].len() > least && rule.annotations[key].ends_with('.'), "{name}: {key}");
        }
        let page = rule.annotations["runbook_url"].strip_prefix(RUNBOOKS).unwrap().strip_prefix('/').unwrap();
        let text = fs::read_to_string(pages.join(page)).unwrap_or_else(|e| panic!("{name}: {page}: {e}"));
        assert!(text.contains(&format!("`{name}`")), "{page} does not say that {name} leads to it");
    }
}

/// Whoever hosts the runbooks replaces one text, and a chart does it with a value.
#[test]
fn the_rules_name_one_address_in_one_form() {
    let text = read("rules.yaml");
    assert!(!RUNBOOKS.ends_with('/'), "{RUNBOOKS}");
    assert_eq!(text.matches("://").count(), text.matches(RUNBOOKS).count(), "an address that is not {RUNBOOKS}");
}

/// A metric that every operator exports counts only where Trimtab itself was scraped, and clusters are not added up.
#[test]
fn every_query_is_about_trimtab_and_one_cluster() {
    let alerts = rules().into_iter().map(|rule| (rule.alert, rule.expr));
    let (mut generic, mut checked) = (BTreeSet::new(), 0);
    for (title, query) in alerts.chain(queries()) {
        checked += 1;
        let foreign = names::metrics(&query).into_iter().filter(|m| !m.starts_with("trimtab_") && m != "ALERTS");
        let foreign: Vec<String> = foreign.collect();
        assert!(foreign.is_empty() || query.contains(OF_TRIMTAB), "{title}: {foreign:?} of every operator: {query}");
        generic.extend(foreign);
        for aggregation in ["sum(", "min(", "max(", "avg(", "count(", "group(", "without ("] {
            assert!(!query.contains(aggregation), "{title}: {aggregation} drops the cluster: {query}");
        }
        let kept = query.matches(" by (cluster").count();
        assert_eq!(query.matches(" by (").count(), kept, "{title}: an aggregation drops the cluster: {query}");
    }
    assert!(checked > 50 && generic.len() >= 10, "{checked} queries, {generic:?}");
}

#[test]
fn the_prometheus_rule_is_made_from_the_rules() {
    let made = read("prometheusrule.yaml");
    let (head, _) = made.split_once("\nspec:\n").unwrap();
    let body = read("rules.yaml");
    let lines = body.lines().filter(|l| !l.starts_with('#'));
    let lines = lines.map(|l| if l.is_empty() { String::new() } else { format!("  {l}") }).collect::<Vec<_>>();
    let expected = format!("{head}\nspec:\n{}\n", lines.join("\n"));
    assert!(made == expected, "deploy/monitoring/prometheusrule.yaml is not rules.yaml: run make manifests");
}

/// What stands under the key `datasource`, anywhere in `value`.
fn sources(value: &Value) -> Vec<&Value> {
    match value {
        Value::Object(map) => {
            let own = map.get("datasource");
            own.into_iter().chain(map.values().flat_map(sources)).collect()
        }
        Value::Array(list) => list.iter().flat_map(sources).collect(),
        _ => Vec::new(),
    }
}

/// Every Grafana has its own data sources: the dashboard asks for one, and names none.
#[test]
fn the_dashboard_names_no_data_source() {
    let dashboard: Value = serde_json::from_str(&read("dashboard.json")).unwrap();
    let variable = &dashboard["templating"]["list"][0];
    assert_eq!(variable["name"], "datasource");
    assert_eq!(variable["type"], "datasource");
    assert_eq!(variable["current"], serde_json::json!({}), "nobody's choice is in it");
    let sources = sources(&dashboard);
    assert!(sources.len() > 70, "{}", sources.len());
    for source in sources {
        assert_eq!(*source, serde_json::json!({"type": "prometheus", "uid": "${datasource}"}));
    }
}

#[test]
fn the_dashboard_is_one_that_grafana_takes() {
    let dashboard: Value = serde_json::from_str(&read("dashboard.json")).unwrap();
    assert_eq!(dashboard["schemaVersion"], 42);
    assert!(dashboard.get("id").is_none(), "an id belongs to one Grafana");
    let panels = dashboard["panels"].as_array().unwrap();
    let titles: Vec<&str> =
        panels.iter().filter(|p| p["type"] == "row").map(|p| p["title"].as_str().unwrap()).collect();
    let rows =
        ["Savings", "Recommendations", "Rollouts", "Verification and undo", "Usage source", "API server", "Process"];
    assert_eq!(titles, rows);
    let mut ids: Vec<i64> = panels.iter().map(|p| p["id"].as_i64().unwrap()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), panels.len(), "ids are unique");
    for panel in panels.iter().filter(|p| p["type"] != "row") {
        let at = &panel["gridPos"];
        assert!(at["x"].as_i64().unwrap() + at["w"].as_i64().unwrap() <= 24, "{} is too wide", panel["title"]);
        assert!(panel["datasource"].is_object(), "{}", panel["title"]);
        for target in panel["targets"].as_array().unwrap() {
            assert!(target["datasource"].is_object(), "{}", panel["title"]);
        }
    }
}
