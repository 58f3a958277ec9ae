//! AppliedSizes: holders of the verb for a whole namespace may remove all sizes of new pods there at once, in an emergency.
//! The decisions recorded in the same object stay, whoever tries what.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use trimtab_e2e::repository;

use super::{
    act::{
        Act::{self, *},
        Case, refused,
    },
    commands,
    stage::{Stage, WEB},
};

const ONLY: &str = "only Trimtab may write AppliedSizes; to undo a size";
const RECORD: &str =
    "this object also records which sizes people rejected and which changes were undone (spec.history)";
const INSTEAD: &str = "empty it instead: kubectl patch appliedsizes trimtab -n shop --type=json -p '[{\"op\":\"replace\",\"path\":\"/spec/workloads\",\"value\":{}}]'";
const NO_PATCH: &str = "cannot patch resource \"appliedsizes\"";
const NO_DELETE: &str = "cannot delete resource \"appliedsizes\"";

/// Two sizes, and a decision about one of the workloads.
pub fn spec() -> Value {
    let size = |name: &str| {
        json!({"uid": "u-1", "recommendation": name, "proposalDigest": WEB,
            "containers": [{"name": "app", "from": {"requests": {"cpu": "1"}}, "to": {"requests": {"cpu": "200m"}}}]})
    };
    json!({
        "workloads": {"Deployment/web": size("deploy-web"), "Deployment/api": size("deploy-api")},
        "history": {"Deployment/web": {"rejected": [{"by": "ada", "since": "2026-11-21T12:00:00Z",
            "containers": [{"name": "app", "requests": {"cpu": "100m"}}]}]}},
    })
}

/// A JSON patch that removes all sizes, and does this as well.
fn emptied(more: &[Value]) -> Value {
    let empty = json!({"op": "replace", "path": "/spec/workloads", "value": {}});
    [empty].into_iter().chain(more.iter().cloned()).collect()
}

fn add(path: &str, value: Value) -> Value {
    emptied(&[json!({"op": "add", "path": path, "value": value})])
}

pub fn cases() -> Vec<Case> {
    [deleting(), emptying(), more_than_emptying(), by_the_cluster()].concat()
}

fn sizes(what: &'static str, who: &'static str, act: Act, says: &'static str) -> Case {
    refused(what, who, "trimtab", act, says).of("AppliedSizes")
}

fn deleting() -> Vec<Case> {
    vec![
        sizes("deleted with its record by an approver", "ema", Delete, RECORD),
        sizes("the same, which says what to do", "ema", Delete, INSTEAD),
        sizes("the same in a dry run", "ema", Delete, RECORD).dry(),
        sizes("deleted with its record by an administrator", "root", Delete, RECORD),
        sizes("deleted with its record by Trimtab", "trimtab", Delete, RECORD),
        sizes("all deleted with their records by an approver", "ema", DeleteAll, RECORD),
        sizes("all deleted with their records by an administrator", "root", DeleteAll, RECORD),
        sizes(
            "deleted with its record by kubectl",
            "ema",
            Kubectl(&["delete", "appliedsizes", "trimtab", "-n", "shop", "--wait=false"]),
            INSTEAD,
        ),
        sizes("deleted by an editor", "eve", Delete, NO_DELETE),
        sizes("deleted by an admin of the namespace", "adm", Delete, NO_DELETE),
        sizes("deleted by an approver without the permission", "ada", Delete, NO_DELETE),
        sizes("deleted by an approver of one recommendation", "nam", Delete, ONLY),
    ]
}

fn without_history(object: &mut Value) {
    object["spec"] = json!({"workloads": {}});
}

fn emptying() -> Vec<Case> {
    let all = || Json(emptied(&[]));
    vec![
        sizes("emptied by an editor", "eve", all(), NO_PATCH),
        sizes("emptied by an admin of the namespace", "adm", all(), NO_PATCH),
        sizes("emptied by an approver without the permission", "ada", all(), NO_PATCH),
        sizes("emptied by an approver of one recommendation", "nam", all(), ONLY),
        sizes("the same in a dry run", "nam", all(), ONLY).dry(),
        sizes("emptied by everybody who may write it", "sam", all(), ONLY),
    ]
}

fn more_than_emptying() -> Vec<Case> {
    let one = || Json(json!([{"op": "remove", "path": "/spec/workloads/Deployment~1web"}]));
    let changed =
        json!({"spec": {"workloads": {"Deployment/web": {"recommendation": "mine"}, "Deployment/api": null}}});
    let by = json!({"op": "replace", "path": "/spec/history/Deployment~1web/rejected/0/by", "value": "ben"});
    let owners = json!([{"apiVersion": "v1", "kind": "ConfigMap", "name": "gone", "uid": "0"}]);
    vec![
        sizes("one size removed by an approver", "ema", one(), ONLY),
        sizes("one size removed by an administrator", "root", one(), ONLY),
        sizes("one size changed", "ema", Merge(changed), ONLY),
        sizes("its record removed", "ema", Merge(json!({"spec": {"history": null}})), ONLY),
        sizes("emptied with its record", "ema", Merge(json!({"spec": {"workloads": null, "history": null}})), ONLY),
        sizes("emptied with its record by an administrator", "root", Put(without_history), ONLY),
        sizes("emptied with its record by kubectl replace", "ema", KubectlReplace(without_history), ONLY),
        sizes("emptied with a decision changed", "ema", Json(emptied(&[by])), ONLY),
        sizes("emptied with a decision removed", "ema", Json(add("/spec/history", json!({}))), ONLY),
        sizes("emptied and labelled", "ema", Json(add("/metadata/labels", json!({"a": "b"}))), ONLY),
        sizes("emptied and annotated", "ema", Json(add("/metadata/annotations", json!({"a": "b"}))), ONLY),
        sizes(
            "emptied and kept from being deleted",
            "ema",
            Json(add("/metadata/finalizers", json!(["a.dev/b"]))),
            ONLY,
        ),
        sizes("emptied and given an owner", "ema", Json(add("/metadata/ownerReferences", owners)), ONLY),
    ]
}

const COLLECTOR: &str = "--as=system:serviceaccount:kube-system:generic-garbage-collector";

/// Administrators can impersonate the accounts of the cluster, which may delete sizes but change none.
fn by_the_cluster() -> Vec<Case> {
    const FORGET: &str = r#"[{"op":"remove","path":"/spec/history/Deployment~1web/rejected"}]"#;
    const NONE: &str = r#"{"spec":{"history":null}}"#;
    const SHRINK: &str = r#"[{"op":"remove","path":"/spec/workloads/Deployment~1web"}]"#;
    const EMPTY: &str = r#"[{"op":"replace","path":"/spec/workloads","value":{}}]"#;
    let collector = |what, args: &'static [&'static str]| sizes(what, "root", Kubectl(args), ONLY);
    vec![
        collector(
            "a rejection removed as the garbage collector",
            &["patch", "appliedsizes", "trimtab", "-n", "shop", COLLECTOR, "--type=json", "-p", FORGET],
        ),
        collector(
            "its record removed as the garbage collector",
            &["patch", "appliedsizes", "trimtab", "-n", "shop", COLLECTOR, "--type=merge", "-p", NONE],
        ),
        collector(
            "one size removed as the garbage collector",
            &["patch", "appliedsizes", "trimtab", "-n", "shop", COLLECTOR, "--type=json", "-p", SHRINK],
        ),
        collector(
            "emptied as the garbage collector",
            &["patch", "appliedsizes", "trimtab", "-n", "shop", COLLECTOR, "--type=json", "-p", EMPTY],
        ),
        collector(
            "its record removed as the controller manager",
            &[
                "patch",
                "appliedsizes",
                "trimtab",
                "-n",
                "shop",
                "--as=system:kube-controller-manager",
                "--as-group=system:masters",
                "--type=merge",
                "-p",
                NONE,
            ],
        ),
    ]
}

/// The accounts of the cluster release what has finalizers and owners, and delete everything.
pub async fn the_cluster_does_its_work(stage: &Stage) -> Result<()> {
    let seen = async || -> Result<Value> { stage.seen("AppliedSizes", "trimtab").await?.context("it is gone") };
    let before = seen().await?;
    for note in ["a=b", "a-"] {
        stage.kubectl("root", &["annotate", "appliedsizes", "trimtab", "-n", "shop", COLLECTOR, note]).await?;
    }
    let delete = ["delete", "appliedsizes", "trimtab", "-n", "shop", COLLECTOR, "--dry-run=server"];
    stage.kubectl("root", &delete).await?;
    let after = seen().await?;
    ensure!(after["spec"] == before["spec"], "{}", after["spec"]);
    Ok(())
}

/// The documented command, verbatim, by an approver of the whole namespace who may write the object.
pub async fn the_emergency_way(stage: &Stage) -> Result<()> {
    let page = std::fs::read_to_string(repository().join("docs/delivery.md"))?;
    let mut commands = commands::fenced(&page)
        .into_iter()
        .filter(|c| c.words.get(1..3).is_some_and(|words| words == ["patch", "appliedsizes"]));
    let command = commands.next().context("no command in docs/delivery.md")?;
    let words: Vec<&str> = command.words[1..].iter().map(String::as_str).collect();
    let seen = async || -> Result<Value> { stage.seen("AppliedSizes", "trimtab").await?.context("it is gone") };
    let before = seen().await?;
    ensure!(before["spec"]["workloads"].as_object().is_some_and(|all| all.len() == 2), "{}", before["spec"]);
    for who in ["eve", "ada", "nam", "sam"] {
        ensure!(stage.kubectl(who, &words).await.is_err(), "{who} may not: {words:?}");
    }
    stage.kubectl("ema", &words).await.with_context(|| format!("{words:?}"))?;
    let after = seen().await?;
    ensure!(after["spec"]["workloads"] == json!({}), "{}", after["spec"]);
    ensure!(after["spec"]["history"] == before["spec"]["history"], "{}", after["spec"]);
    // Twice is the same as once, and an administrator may.
    stage.kubectl("root", &words).await?;
    let again = seen().await?;
    ensure!(again["spec"] == after["spec"], "{}", again["spec"]);
    Ok(())
}
