//! The cases of `rules_test.yaml` once more, among the metrics of others. In: that file. Out: what `promtool` says about
//! the same cases beside other operators, which change nothing, and in each of two clusters, which are neither added up
//! nor taken for each other.

use std::fs;

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use trimtab_e2e::WorkDir;

use super::files;

/// The case that has other operators.
const OTHERS: &str = "beside other operators";
const CLUSTERS: [&str; 2] = ["north", "south"];

fn cases() -> Vec<Value> {
    let file: Value = serde_yaml::from_str(&files::read("rules_test.yaml")).unwrap();
    file["tests"].as_array().unwrap().clone()
}

fn series(case: &Value) -> Vec<&str> {
    case["input_series"].as_array().unwrap().iter().map(|s| s["series"].as_str().unwrap()).collect()
}

fn label<'a>(series: &'a str, name: &str) -> Option<&'a str> {
    series.split_once(&format!("{name}=\""))?.1.split_once('"').map(|(value, _)| value)
}

/// The series of other operators, and how many operators there are.
fn others(cases: &[Value]) -> (Vec<Value>, usize) {
    let case = cases.iter().find(|case| case["name"].as_str().unwrap().starts_with(OTHERS)).unwrap();
    let own = series(case).into_iter().find(|s| s.starts_with("trimtab_build_info{")).unwrap();
    let own = label(own, "instance").unwrap();
    let instance = |s: &Value| label(s["series"].as_str().unwrap(), "instance").unwrap().to_owned();
    let others: Vec<Value> =
        case["input_series"].as_array().unwrap().iter().filter(|s| instance(s) != own).cloned().collect();
    let mut instances: Vec<String> = others.iter().map(instance).collect();
    instances.sort_unstable();
    instances.dedup();
    (others, instances.len())
}

fn beside(case: &Value, others: &[Value]) -> Value {
    let mut case = case.clone();
    case["input_series"].as_array_mut().unwrap().extend_from_slice(others);
    case
}

/// The case in both clusters: each alert is expected twice, and what is too little in one of them is too little.
fn in_two_clusters(case: &Value) -> Value {
    let mut case = case.clone();
    let doubled = |s: &Value| {
        CLUSTERS.map(|cluster| {
            let name = s["series"].as_str().unwrap().replacen('{', &format!("{{cluster=\"{cluster}\","), 1);
            json!({"series": name, "values": s["values"]})
        })
    };
    let all: Vec<Value> = case["input_series"].as_array().unwrap().iter().flat_map(doubled).collect();
    case["input_series"] = Value::Array(all);
    let doubled = |alert: &Value| {
        CLUSTERS.map(|cluster| {
            let mut alert = alert.clone();
            alert["exp_labels"]["cluster"] = json!(cluster);
            alert
        })
    };
    for test in case["alert_rule_test"].as_array_mut().unwrap() {
        let all: Vec<Value> = test["exp_alerts"].as_array().unwrap().iter().flat_map(doubled).collect();
        test["exp_alerts"] = Value::Array(all);
    }
    case
}

fn promtool_passes(tests: &[Value]) -> Result<()> {
    let dir = WorkDir::new("beside")?;
    let file = dir.path().join("rules_test.yaml");
    // JSON is YAML.
    let text = json!({"rule_files": [files::path("rules.yaml")], "evaluation_interval": "1m", "tests": tests});
    fs::write(&file, text.to_string())?;
    let said = files::promtool(&["test", "rules", &file.to_string_lossy()])?;
    ensure!(said.contains("SUCCESS"), "{said}");
    Ok(())
}

/// Cases about one Trimtab, whose series have no cluster yet.
fn about_one(cases: &[Value]) -> Vec<&Value> {
    let one = |case: &&Value| {
        let others = case["name"].as_str().unwrap().starts_with(OTHERS);
        !others && series(case).iter().all(|s| label(s, "cluster").is_none())
    };
    cases.iter().filter(one).collect()
}

#[test]
fn other_operators_raise_no_alert_and_hide_none() -> Result<()> {
    let cases = cases();
    let (others, operators) = others(&cases);
    ensure!(operators >= 10, "{operators} other operators");
    let tests: Vec<Value> = about_one(&cases).into_iter().map(|case| beside(case, &others)).collect();
    ensure!(tests.len() > 50, "{} cases", tests.len());
    promtool_passes(&tests)
}

#[test]
fn two_clusters_are_judged_each_by_itself() -> Result<()> {
    let cases = cases();
    // Where no series exists, there is no cluster to tell.
    let some = |case: &&Value| !series(case).is_empty();
    let tests: Vec<Value> = about_one(&cases).into_iter().filter(some).map(in_two_clusters).collect();
    promtool_passes(&tests)
}
