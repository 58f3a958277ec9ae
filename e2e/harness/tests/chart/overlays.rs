//! The base and each overlay of kustomize, compared object by object with what the chart renders with the values that the
//! overlay's component stands for. So neither can change without the other.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tokio::process::Command;
use trimtab_e2e::{plane_bin, repository};

use super::helm::{CLUSTER, Helm, documents};

/// The clusters that the overlays of these names are for. Like every `helm template`, this one asks no server.
const OLDER: [(&str, [&str; 2]); 2] =
    [("before-1.34", ["--kube-version", "v1.33.0"]), ("before-1.36", ["--kube-version", "v1.35.0"])];

/// What a key has that is not there.
static ABSENT: Value = Value::Null;

/// The same, with the variables of a container in the order of their names: a patch of kustomize puts its own before the
/// others, and none of them refers to another one.
fn ordered(mut object: Value) -> Value {
    let containers = object.pointer_mut("/spec/template/spec/containers").and_then(Value::as_array_mut);
    for container in containers.into_iter().flatten() {
        if let Some(variables) = container.get_mut("env").and_then(Value::as_array_mut) {
            variables.sort_by_key(|variable| variable["name"].as_str().unwrap_or_default().to_owned());
        }
    }
    object
}

/// The objects in a stream of documents, by kind and name.
fn objects(text: &str) -> Result<BTreeMap<String, Value>> {
    let named = |object: Value| {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let meta = &object["metadata"];
        let parts = [&object["apiVersion"], &object["kind"], &meta["namespace"], &meta["name"]].map(text);
        (parts.join(" "), ordered(object))
    };
    let all = documents(text)?;
    let count = all.len();
    let objects: BTreeMap<String, Value> = all.into_iter().map(named).collect();
    ensure!(objects.len() == count, "an object is there twice");
    Ok(objects)
}

/// The first place in which two objects differ, and what is there.
fn difference(at: &str, built: &Value, rendered: &Value) -> Option<String> {
    match (built, rendered) {
        (Value::Object(one), Value::Object(other)) => {
            let keys: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
            keys.into_iter().find_map(|key| {
                let (one, other) = (one.get(key).unwrap_or(&ABSENT), other.get(key).unwrap_or(&ABSENT));
                difference(&format!("{at}/{key}"), one, other)
            })
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            let mut pairs = one.iter().zip(other).enumerate();
            pairs.find_map(|(i, (one, other))| difference(&format!("{at}/{i}"), one, other))
        }
        _ => (built != rendered).then(|| format!("{at} is {built}, and {rendered} in the chart")),
    }
}

/// What is different in the directory `built` of kustomize.
async fn compare(helm: &Helm, built: &Path, mut values: Value, cluster: &[&str]) -> Result<Vec<String>> {
    values["namespace"] = json!({"create": true});
    let rendered = objects(&helm.template(&values, cluster).await?)?;
    let mut kubectl = Command::new(tokio::task::spawn_blocking(plane_bin).await??);
    let out = kubectl.args(["kubectl", "kustomize"]).arg(built).kill_on_drop(true).output().await?;
    ensure!(out.status.success(), "{}: {}", built.display(), String::from_utf8_lossy(&out.stderr));
    let built = objects(&String::from_utf8(out.stdout)?)?;
    let keys: BTreeSet<&String> = built.keys().chain(rendered.keys()).collect();
    let different = keys.into_iter().filter_map(|key| match (built.get(key), rendered.get(key)) {
        (Some(built), Some(rendered)) => difference(key, built, rendered),
        (None, _) => Some(format!("{key} is missing")),
        (_, None) => Some(format!("{key} is not in the chart")),
    });
    Ok(different.collect())
}

#[tokio::test]
async fn overlays_of_kustomize_are_what_the_chart_renders() -> Result<()> {
    let helm = Helm::find().await?;
    let root = repository().join("deploy/kustomize");
    let mut wrong = compare(&helm, &root.join("base"), json!({}), &CLUSTER).await?;
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(root.join("overlays"))? {
        let name = entry?.file_name().into_string().ok().context("a name that is no text")?;
        let file = root.join("components").join(&name).join("values.yaml");
        let values: Value = if file.exists() { serde_yaml::from_str(&fs::read_to_string(&file)?)? } else { json!({}) };
        let older = OLDER.iter().find(|(before, _)| *before == name);
        let cluster = older.map_or(&CLUSTER[..], |(_, cluster)| &cluster[..]);
        let different = compare(&helm, &root.join("overlays").join(&name), values, cluster).await?;
        wrong.extend(different.into_iter().map(|what| format!("{name}: {what}")));
        names.insert(name);
    }
    println!("compared: base, {}", names.iter().map(String::as_str).collect::<Vec<_>>().join(", "));
    let shipped = ["air-gapped", "before-1.34", "before-1.36", "ha", "recommend-only"];
    ensure!(shipped.iter().all(|name| names.contains(*name)), "{names:?}");
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}
