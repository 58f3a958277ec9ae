//! Only Trimtab writes what Trimtab made, whatever permissions others hold; and what is under way cannot be deleted.

use serde_json::{Map, Value, json};

use super::act::{Act::*, Case, proposal_with, refused};

const PROPOSES: &str =
    "only Trimtab may change proposals of policy services: change the policy or the annotations of the workload";
const POLICY: &str = "only Trimtab may change spec.policyRef";
const LABELS: &str = "only Trimtab may write labels that begin with trimtab.dev/";
const OWNERS: &str = "metadata.ownerReferences of a recommendation that a policy created, or that is being rolled out or in force, cannot be changed";
const SIZES: &str = "only Trimtab may write AppliedSizes; to undo a size";
const PROFILE: &str = "only Trimtab may write a UsageProfile";

pub fn cases() -> Vec<Case> {
    [proposals(), marks(), bulk(), other_kinds()].concat()
}

fn bigger() -> Value {
    json!({"spec": {"proposal": {"containers": [{"name": "app", "requests": {"cpu": "9"}}]}}})
}

fn grown(object: &mut Value) {
    object["spec"]["proposal"]["containers"][0]["requests"]["cpu"] = json!("9");
}

fn proposals() -> Vec<Case> {
    let add = json!([{"op": "add", "path": "/spec/proposal/containers/0/limits/memory", "value": "1Gi"}]);
    vec![
        refused("a policy's proposal edited", "eve", "deploy-web", Merge(bigger()), PROPOSES),
        refused("a policy's proposal edited by JSON patch", "eve", "deploy-web", Json(add), PROPOSES),
        refused("a policy's proposal edited by server-side apply", "eve", "deploy-web", Force(bigger()), PROPOSES),
        refused("a policy's proposal edited by kubectl replace", "eve", "deploy-web", KubectlReplace(grown), PROPOSES),
        refused("a policy's proposal edited in a dry run", "eve", "deploy-web", Merge(bigger()), PROPOSES).dry(),
        refused("edited after the approval", "eve", "deploy-api", Merge(bigger()), PROPOSES),
        refused("edited after the approval by the approver", "ada", "deploy-api", Merge(bigger()), PROPOSES),
        refused("edited after the approval by an administrator", "root", "deploy-api", Merge(bigger()), PROPOSES),
        refused("edited while it is rolled out", "sam", "deploy-roll", Merge(bigger()), PROPOSES),
        refused(
            "a policy's target edited",
            "eve",
            "deploy-web",
            Merge(json!({"spec": {"targetRef": {"uid": "u-2"}}})),
            PROPOSES,
        ),
        refused(
            "a policy's target moved",
            "eve",
            "deploy-web",
            Merge(json!({"spec": {"targetRef": {"name": "db"}}})),
            "the group of targetRef.apiVersion are immutable",
        )
        .invalid(),
        refused(
            "its type changed",
            "sam",
            "deploy-web",
            Merge(json!({"spec": {"type": "Idle"}})),
            "the group of targetRef.apiVersion are immutable",
        )
        .invalid(),
        refused(
            "somebody else's proposal edited",
            "eve",
            "by-ada",
            Merge(bigger()),
            "only ada, who proposed this, may change it",
        ),
        refused(
            "somebody else's proposal edited by its approver",
            "ben",
            "by-eve",
            Merge(bigger()),
            "only eve, who proposed this, may change it",
        ),
    ]
}

fn marks() -> Vec<Case> {
    let policy = |name: Value| json!({"spec": {"policyRef": name}});
    let labelled = |name: Value| json!({"metadata": {"labels": {"trimtab.dev/policy": name}}});
    let owner = json!({"metadata": {"ownerReferences": [{"apiVersion": "v1", "kind": "ConfigMap", "name": "gone", "uid": "0"}]}});
    vec![
        refused("the policy taken away", "eve", "deploy-web", Merge(policy(Value::Null)), POLICY),
        refused("another policy", "eve", "deploy-web", Merge(policy(json!({"name": "other"}))), POLICY),
        refused(
            "another policy by an administrator",
            "root",
            "deploy-web",
            Merge(policy(json!({"name": "other"}))),
            POLICY,
        ),
        refused("a policy for one's own", "eve", "by-eve", Merge(policy(json!({"name": "services"}))), POLICY),
        refused(
            "created for a policy",
            "eve",
            "new",
            Create(proposal_with(policy(json!({"name": "services"})))),
            "only Trimtab may set spec.policyRef",
        ),
        refused(
            "created for a policy by an administrator",
            "root",
            "new",
            Create(proposal_with(policy(json!({"name": "services"})))),
            "only Trimtab may set spec.policyRef",
        ),
        refused(
            "created with a policy's label",
            "eve",
            "new",
            Create(proposal_with(labelled(json!("services")))),
            LABELS,
        ),
        refused("a policy's label taken away", "eve", "deploy-web", Merge(labelled(Value::Null)), LABELS),
        refused("a policy's label changed", "eve", "deploy-web", Merge(labelled(json!("other"))), LABELS),
        refused("a policy's label for one's own", "eve", "by-eve", Merge(labelled(json!("services"))), LABELS),
        refused("given an owner that does not exist", "eve", "deploy-web", Merge(owner.clone()), OWNERS),
        refused("given an owner while it is rolled out", "root", "deploy-roll", Merge(owner), OWNERS),
    ]
}

/// Metadata that leaves no room for Trimtab's status, by an editor or by the one who undoes it.
fn bulk() -> Vec<Case> {
    const MORE: &str = "more than 64 KiB of metadata.";
    let metadata = |field: &str, value: Value| Merge(json!({"metadata": {field: value}}));
    let label = |n: usize| (format!("{n:0>63}"), json!("x".repeat(63)));
    let labels = json!((0..600).map(label).collect::<Map<String, Value>>());
    let finalizers = json!((0..400).map(|n| format!("{n:0>60}.{n:0>60}.example/{n:0>60}")).collect::<Vec<_>>());
    let owner = json!([{"apiVersion": "v1", "kind": "ConfigMap", "name": "x".repeat(66_000), "uid": "0"}]);
    let created = proposal_with(json!({"metadata": {"labels": labels}}));
    vec![
        refused("bulky labels on what is in force", "eve", "deploy-api", metadata("labels", labels.clone()), MORE),
        refused("bulky labels by an approver", "ada", "deploy-api", metadata("labels", labels.clone()), MORE),
        refused("bulky labels while it is rolled out", "root", "deploy-roll", metadata("labels", labels), MORE),
        refused("created with bulky labels", "eve", "new", Create(created), MORE),
        refused("bulky finalizers", "eve", "by-eve", metadata("finalizers", finalizers), MORE),
        refused("a bulky owner", "eve", "by-eve", metadata("ownerReferences", owner), MORE),
    ]
}

fn other_kinds() -> Vec<Case> {
    let sizes = json!({"spec": {"workloads": {"Deployment/web": {"uid": "u-1", "recommendation": "deploy-web",
        "proposalDigest": "sha256:0001", "containers": [{"name": "app", "from": {}, "to": {"requests": {"cpu": "9"}}}]}}}});
    let status = json!({"status": {"days": 14}});
    let target = json!({"spec": {"targetRef": {"uid": "u-2"}}});
    let label = json!({"metadata": {"labels": {"a": "b"}}});
    let owner = json!({"metadata": {"ownerReferences": [{"apiVersion": "v1", "kind": "ConfigMap", "name": "gone", "uid": "0"}]}});
    let profile = json!({"spec": {"targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}}});
    vec![
        refused("sizes written", "sam", "trimtab", Merge(sizes.clone()), SIZES).of("AppliedSizes"),
        refused("sizes written by server-side apply", "sam", "trimtab", Force(sizes.clone()), SIZES).of("AppliedSizes"),
        refused("sizes written by an administrator", "root", "trimtab", Merge(sizes.clone()), SIZES).of("AppliedSizes"),
        refused(
            "sizes written by an approver",
            "ada",
            "trimtab",
            Merge(sizes.clone()),
            "cannot patch resource \"appliedsizes\"",
        )
        .of("AppliedSizes"),
        refused("sizes created", "sam", "more", Create(sizes), SIZES).of("AppliedSizes"),
        refused("sizes given an owner that does not exist", "sam", "trimtab", Merge(owner), SIZES).of("AppliedSizes"),
        refused("sizes deleted", "sam", "trimtab", Delete, SIZES).of("AppliedSizes"),
        refused("all sizes deleted", "sam", "trimtab", DeleteAll, SIZES).of("AppliedSizes"),
        refused(
            "a usage status written",
            "sam",
            "deploy-web",
            MergeStatus(status.clone()),
            "only Trimtab may write this status",
        )
        .of("UsageProfile"),
        refused(
            "a usage status written by an administrator",
            "root",
            "deploy-web",
            MergeStatus(status),
            "only Trimtab may write this status",
        )
        .of("UsageProfile"),
        refused("a usage profile written", "sam", "deploy-web", Merge(target), PROFILE).of("UsageProfile"),
        refused("a usage profile labelled", "root", "deploy-web", Merge(label), PROFILE).of("UsageProfile"),
        refused("a usage profile created", "sam", "deploy-db", Create(profile), PROFILE).of("UsageProfile"),
    ]
}
