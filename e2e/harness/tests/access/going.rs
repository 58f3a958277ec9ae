//! Deletion: deleting what is under way or in force undoes it, which takes the verb; Trimtab's finalizer is Trimtab's;
//! an object being deleted can no longer be decided on; and policies' names are reserved for them.

use serde_json::{Value, json};

use super::{
    act::{Act::*, Case, approval, approve, proposal, proposal_with, refused, rejected},
    stage::{API, WEB},
};

const UNDER_WAY: &str = "it is being rolled out (Resizing), and deleting it undoes that, which requires the verb approve on recommendations.trimtab.dev";
const IN_FORCE: &str = "its size is in force, and deleting it undoes that, which requires the verb approve";
const FINALIZER: &str = "only Trimtab may set or remove finalizer trimtab.dev/settle";
const UNNOTED: &str = "this recommendation was rejected, and Trimtab has not recorded that yet";
const GOING: &str = "the recommendation is being deleted, so a decision has no effect";
const NAMES: &str = "are reserved for proposals of policies; use another name";
const SETTLE: &str = "trimtab.dev/settle";

pub fn cases() -> Vec<Case> {
    [deleting(), finalizers(), decided_too_late(), names(), remembered()].concat()
}

fn deleting() -> Vec<Case> {
    let roll = |what, who| refused(what, who, "deploy-roll", Delete, UNDER_WAY);
    let owner = json!({"metadata": {"ownerReferences": [{"apiVersion": "v1", "kind": "ConfigMap", "name": "gone", "uid": "0"}]}});
    let moved = json!({"spec": {"targetRef": {"apiVersion": "example.dev/v1"}}});
    vec![
        roll("deleted while it is rolled out", "eve"),
        roll("deleted while it is rolled out, in a dry run", "eve").dry(),
        roll("deleted while it is rolled out, by who may approve another", "nam"),
        refused(
            "kubectl delete",
            "eve",
            "deploy-roll",
            Kubectl(&["delete", "rec", "deploy-roll", "-n", "shop", "--wait=false"]),
            UNDER_WAY,
        ),
        refused(
            "kubectl delete, now and with force",
            "eve",
            "deploy-roll",
            Kubectl(&["delete", "rec", "deploy-roll", "-n", "shop", "--force", "--grace-period=0", "--wait=false"]),
            UNDER_WAY,
        ),
        refused(
            "kubectl delete, what it owns left alone",
            "eve",
            "deploy-roll",
            Kubectl(&["delete", "rec", "deploy-roll", "-n", "shop", "--cascade=orphan", "--wait=false"]),
            UNDER_WAY,
        ),
        refused("all deleted in a dry run", "eve", "deploy-roll", DeleteAll, "may not delete this").dry(),
        refused("deleted while it is in force", "eve", "deploy-moved", Delete, IN_FORCE),
        refused("deleted while it is in force, in a dry run", "eve", "deploy-moved", Delete, IN_FORCE).dry(),
        refused("deleted while an earlier change is in force", "eve", "deploy-twice", Delete, IN_FORCE),
        refused("deleted before the no about it is noted", "eve", "sts-denied", Delete, UNNOTED),
        refused("the same in a dry run", "eve", "sts-denied", Delete, UNNOTED).dry(),
        refused("given an owner while it is in force", "eve", "mine", Merge(owner), "or in force, cannot be changed"),
        refused(
            "moved to another group",
            "eve",
            "by-eve",
            Merge(moved),
            "the group of targetRef.apiVersion are immutable",
        )
        .invalid(),
        refused("deleted once more while it goes", "eve", "deploy-leaving", Delete, IN_FORCE),
        refused("deleted by somebody who only looks", "vic", "deploy-moved", Delete, "cannot delete resource"),
        refused(
            "deleted while it is rolled out, by somebody who only looks",
            "vic",
            "deploy-roll",
            Delete,
            "cannot delete resource",
        ),
        refused("all deleted by somebody who only looks", "vic", "deploy-moved", DeleteAll, "cannot deletecollection"),
    ]
}

fn finalizers() -> Vec<Case> {
    let none = json!({"metadata": {"finalizers": null}});
    let other = json!({"metadata": {"finalizers": ["example.com/mine"]}});
    let own = json!({"metadata": {"finalizers": [SETTLE]}});
    let drop_first = json!([{"op": "remove", "path": "/metadata/finalizers/0"}]);
    let without = |object: &mut Value| object["metadata"]["finalizers"] = json!([]);
    let created = proposal_with(own.clone());
    vec![
        refused("the finalizer taken off", "eve", "deploy-moved", Merge(none.clone()), FINALIZER),
        refused("the finalizer taken off by an approver", "ada", "deploy-moved", Merge(none.clone()), FINALIZER),
        refused("the finalizer taken off by an administrator", "root", "deploy-moved", Merge(none.clone()), FINALIZER),
        refused("the finalizer taken off by JSON patch", "eve", "deploy-moved", Json(drop_first), FINALIZER),
        refused("the finalizer taken off by a replace", "eve", "deploy-moved", Put(without), FINALIZER),
        refused("another finalizer in its place", "eve", "deploy-moved", Merge(other), FINALIZER),
        refused("the finalizer taken off in a dry run", "eve", "deploy-moved", Merge(none.clone()), FINALIZER).dry(),
        refused("the finalizer taken off what goes", "eve", "deploy-leaving", Merge(none), FINALIZER),
        refused("the finalizer set by somebody", "eve", "by-eve", Merge(own.clone()), FINALIZER),
        refused("the finalizer set by server-side apply", "eve", "by-eve", Force(own), FINALIZER),
        refused("created with the finalizer", "eve", "held-up", Create(created.clone()), FINALIZER),
        refused("created with the finalizer by server-side apply", "eve", "held-up", Force(created), FINALIZER),
        refused(
            "the finalizer taken off by kubectl replace",
            "eve",
            "deploy-moved",
            KubectlReplace(without),
            FINALIZER,
        ),
        refused(
            "the finalizer taken off by kubectl patch",
            "ben",
            "deploy-moved",
            Kubectl(&[
                "patch",
                "rec",
                "deploy-moved",
                "-n",
                "shop",
                "--type=merge",
                "-p",
                "{\"metadata\":{\"finalizers\":[]}}",
            ]),
            FINALIZER,
        ),
        refused("the finalizer taken off what is rolled out", "ada", "deploy-roll", Put(without), FINALIZER),
        refused(
            "the finalizer taken off what is rolled out, by an administrator",
            "root",
            "deploy-roll",
            Put(without),
            FINALIZER,
        ),
        refused("the finalizer taken off what an earlier change left", "cat", "deploy-twice", Put(without), FINALIZER),
        refused(
            "the finalizer taken off what goes, by kubectl",
            "eve",
            "deploy-leaving",
            KubectlReplace(without),
            FINALIZER,
        ),
    ]
}

fn as_cat(object: &mut Value) {
    object["spec"]["approval"] = approval("cat", WEB);
}

fn decided_too_late() -> Vec<Case> {
    vec![
        refused("approved while it goes", "ada", "deploy-leaving", Merge(approve("ada", WEB)), GOING),
        refused(
            "approved while it goes, by an administrator",
            "root",
            "deploy-leaving",
            Merge(approve("admin", WEB)),
            GOING,
        ),
        refused("rejected while it goes", "ada", "deploy-leaving", Merge(rejected("ada", API)), GOING),
        refused("approved while it goes, in a dry run", "ada", "deploy-leaving", Merge(approve("ada", WEB)), GOING)
            .dry(),
        refused(
            "approved while it goes, by server-side apply",
            "ben",
            "deploy-leaving",
            Force(approve("ben", WEB)),
            GOING,
        ),
        refused("approved while it goes, by a replace", "cat", "deploy-leaving", Put(as_cat), GOING),
        refused("approved while it goes, by kubectl replace", "cat", "deploy-leaving", KubectlReplace(as_cat), GOING),
    ]
}

fn names() -> Vec<Case> {
    let as_named = |what, who, name| refused(what, who, name, Create(proposal()), NAMES);
    let cloned =
        proposal_with(json!({"spec": {"targetRef": {"apiVersion": "apps.kruise.io/v1alpha1", "kind": "CloneSet"}}}));
    vec![
        as_named("under the name of a policy's", "eve", "deploy-new"),
        as_named("under the name of a policy's, by an administrator", "root", "deploy-new"),
        as_named("under the name of another kind's", "eve", "sts-web"),
        as_named("under a CronJob's", "eve", "cronjob-web"),
        as_named("under a Rollout's", "eve", "rollout-web"),
        as_named("under the kind of its own workload", "eve", "deployment-web"),
        refused("under the kind of a custom resource", "eve", "cloneset-web", Create(cloned), NAMES),
        as_named("under a name that only begins so", "eve", "deploy-web-for-the-sale"),
        as_named("under a policy's name by who may approve", "ada", "deploy-new"),
        as_named("under a DaemonSet's", "eve", "ds-log"),
        as_named("under a Job's", "eve", "job-once"),
        as_named("under the name of a policy's, in a dry run", "eve", "deploy-new").dry(),
        refused("under the name of a policy's by server-side apply", "eve", "deploy-new", Force(proposal()), NAMES),
    ]
}

/// Decisions about workloads are stored where only Trimtab writes.
fn remembered() -> Vec<Case> {
    let forgotten = json!({"spec": {"history": null}});
    let forged = json!({"spec": {"history": {"Deployment/web": {"undone": [{"proposalDigest": WEB,
        "ended": "2026-11-21T12:00:00Z", "rollbacks": 1000, "message": "so there"}]}}}});
    let sizes =
        |what, who, act| refused(what, who, "trimtab", act, "only Trimtab may write AppliedSizes").of("AppliedSizes");
    vec![
        sizes("history forgotten", "sam", Merge(forgotten.clone())),
        sizes("history forgotten by an administrator", "root", Merge(forgotten)),
        sizes("history forged", "sam", Merge(forged.clone())),
        sizes("history forged by server-side apply", "sam", Force(forged.clone())),
        sizes("history forged by an administrator", "root", Merge(forged)),
    ]
}
